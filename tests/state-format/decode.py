#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the test vectors of docs/state-format.md without quipu.

decode.py FOLDER: decodes the state of each vector by the page alone, with
msgpack of Python, and compares the meaning with that of the vector, as
test_vectors.c does with quipu. Exits with 77 if msgpack is not installed.
"""

import json
import math
import pathlib
import struct
import sys

try:
    import msgpack
except ImportError:
    print("python3-msgpack is not installed")
    sys.exit(77)

MICROSECOND_MIN = -62135596800 * 10**6  # year 1
MICROSECOND_MAX = 253402300800 * 10**6 - 1  # year 9999
CRITICAL = {2}


class Corrupt(Exception):
    """The state is CORRUPT."""


class Unsupported(Exception):
    """The state is UNSUPPORTED."""


class Pairs(list):
    """A map as a list of its pairs, since keys may be of any kind."""


def unpack(data):
    """Decodes one value; returns it and the bytes behind it."""
    unpacker = msgpack.Unpacker(
        raw=False, strict_map_key=False, timestamp=0, object_pairs_hook=Pairs,
        max_buffer_size=0)
    unpacker.feed(data)
    try:
        value = unpacker.unpack()
    except (msgpack.exceptions.UnpackException, ValueError) as error:
        raise Corrupt(str(error)) from error
    return value, data[unpacker.tell():]


# ------------------------------------------------------------------ values


def microseconds(stamp):
    if stamp.nanoseconds % 1000:
        raise Corrupt("not a whole number of microseconds")
    time = stamp.seconds * 10**6 + stamp.nanoseconds // 1000
    if not MICROSECOND_MIN <= time <= MICROSECOND_MAX:
        raise Corrupt("outside the years 1 to 9999")
    return time


def meaning_of(value):
    """A value as the vectors write it."""
    if isinstance(value, Pairs):
        return "{%s}" % ",".join(
            "%s:%s" % (meaning_of(k), meaning_of(v)) for k, v in value)
    if isinstance(value, list):
        return "[%s]" % ",".join(map(meaning_of, value))
    if isinstance(value, bytes):
        return '{"bytes":"%s"}' % value.hex()
    if isinstance(value, msgpack.Timestamp):
        return '{"time":%d}' % microseconds(value)
    if isinstance(value, msgpack.ExtType):
        return '{"extension":%d,"bytes":"%s"}' % (value.code, value.data.hex())
    if isinstance(value, float):
        bits = "nan" if math.isnan(value) else struct.pack(">d", value).hex()
        return '{"real":"%s"}' % bits
    return json.dumps(value, ensure_ascii=False)


def kind_of(value):
    """The kind by which the elements of an array must agree."""
    if isinstance(value, bool):
        return bool
    return float if isinstance(value, int) else type(value)


def check_value(value, depth):
    if isinstance(value, Pairs):
        check_map(value, depth + 1)
    elif isinstance(value, list):
        check_array(value, depth)
    elif isinstance(value, msgpack.Timestamp):
        microseconds(value)
    elif isinstance(value, msgpack.ExtType):
        raise Corrupt("an extension that is not a timestamp")
    elif isinstance(value, str) and "\0" in value:
        raise Corrupt("text with a NUL")


def check_array(values, depth):
    for value in values:
        if value is None or kind_of(value) is list:
            raise Corrupt("an element that is nil or an array")
        if kind_of(value) is not kind_of(values[0]):
            raise Corrupt("elements of two kinds")
        check_value(value, depth)


def check_map(pairs, depth):
    names = [name for name, _ in pairs]
    if depth > 32 or len(names) > 256:
        raise Corrupt("nested too deep, or too many members")
    if any(not isinstance(n, str) or not 1 <= len(n.encode()) <= 255
           or "\0" in n for n in names):
        raise Corrupt("a key that is no name")
    if len(set(names)) != len(names):
        raise Corrupt("a key that occurs twice")
    for _, value in pairs:
        check_value(value, depth)


# ---------------------------------------------------------------- envelope


def is_integer(value, low, high):
    return (isinstance(value, int) and not isinstance(value, bool)
            and low <= value <= high)


def check_attribute(key, value):
    fits = {
        1: lambda: isinstance(value, bytes) and len(value) == 16,
        2: lambda: is_integer(value, 2, 2**32 - 1),
        3: lambda: isinstance(value, msgpack.Timestamp),
        5: lambda: isinstance(value, bytes),
        7: lambda: isinstance(value, bytes) and len(value) <= 255,
        9: lambda: is_integer(value, -2**63, 2**63 - 1),
    }
    if key in fits and not fits[key]():
        raise Corrupt("key %d has a value of another kind" % key)
    if key == 3:
        microseconds(value)


def read_envelope(data):
    """Returns the pairs of the head, and the payload."""
    if len(data) < 2:
        raise Corrupt("truncated")
    if data[1] != 1:
        raise Unsupported("a newer envelope")
    head, payload = unpack(data[2:])
    if not isinstance(head, Pairs):
        raise Corrupt("a head that is not a map")
    last = -1
    for key, value in head:
        if not is_integer(key, last + 1, 2**32 - 1):
            raise Corrupt("keys that are not ascending numbers")
        if key % 2 == 0 and key not in CRITICAL:
            raise Unsupported("critical key %d" % key)
        check_attribute(key, value)
        last = key
    return head, payload


def meaning_of_state(data):
    head = None
    if data[:1] == b"\xc1":
        head, data = read_envelope(data)
    members, rest = unpack(data)
    if not isinstance(members, Pairs) or rest:
        raise Corrupt("not one map")
    check_map(members, 0)
    lines = ["verdict OK", "version %d" % dict(head or []).get(2, 1)]
    lines += ["key %d %s" % (k, meaning_of(v)) for k, v in head or []]
    return lines + ["members " + meaning_of(members)]


# ----------------------------------------------------------------- vectors


def check_file(path):
    _, _, rest = path.read_text(encoding="utf-8").partition("state\n")
    state, _, meaning = rest.partition("meaning\n")
    try:
        lines = meaning_of_state(bytes.fromhex(state))
    except Corrupt:
        lines = ["verdict CORRUPT"]
    except Unsupported:
        lines = ["verdict UNSUPPORTED"]
    if meaning.splitlines() == lines:
        return True
    print("%s: the meaning is\n%s\ninstead of\n%s" % (
        path.name, "\n".join(lines), meaning))
    return False


def main(folder):
    paths = sorted(pathlib.Path(folder).iterdir())
    good = [check_file(path) for path in paths]
    print("%d vectors, %d wrong" % (len(good), good.count(False)))
    return 0 if len(good) >= 20 and all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
