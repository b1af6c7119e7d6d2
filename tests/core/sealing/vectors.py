#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes the test vectors of docs/sealing.md without OpenSSL's ciphers.

AES and GCM are written out here, from FIPS 197 and SP 800-38D; HMAC and
SHA-256 are those of Python. The script checks its own parts by the published
vectors first, and then prints vectors.h, or compares it: vectors.py [FILE].
"""

import hashlib
import hmac
import sys

# ----------------------------------------------------------------- AES-256


def make_sbox():
    box, p, q = [0] * 256, 1, 1
    while True:
        p ^= (p << 1) ^ (0x11B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        q ^= 0x09 if q & 0x80 else 0
        x = q
        for shift in range(1, 5):
            x ^= (q << shift | q >> (8 - shift)) & 0xFF
        box[p] = x ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = make_sbox()


def xtime(byte):
    return (byte << 1) ^ (0x11B if byte & 0x80 else 0)


def expand(key):
    words = [key[i:i + 4] for i in range(0, 32, 4)]
    factor = 1
    for i in range(8, 60):
        word = list(words[-1])
        if i % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= factor
            factor = xtime(factor)
        elif i % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append(bytes(a ^ b for a, b in zip(words[i - 8], word)))
    return [b"".join(words[i:i + 4]) for i in range(0, 60, 4)]


def encrypt_block(round_keys, block):
    state = [a ^ b for a, b in zip(block, round_keys[0])]
    for number, key in enumerate(round_keys[1:], 1):
        state = [SBOX[b] for b in state]
        state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if number < 14:
            mixed = []
            for i in range(0, 16, 4):
                column = state[i:i + 4]
                total = column[0] ^ column[1] ^ column[2] ^ column[3]
                for j in range(4):
                    pair = column[j] ^ column[(j + 1) % 4]
                    mixed.append(column[j] ^ total ^ xtime(pair))
            state = mixed
        state = [a ^ b for a, b in zip(state, key)]
    return bytes(state)


# --------------------------------------------------------------------- GCM


def multiply(x, y):
    product = 0
    for i in range(127, -1, -1):
        if x >> i & 1:
            product ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def ghash(h, data):
    y = 0
    for i in range(0, len(data), 16):
        y = multiply(y ^ int.from_bytes(data[i:i + 16], "big"), h)
    return y.to_bytes(16, "big")


def pad(data):
    return data + bytes(-len(data) % 16)


def gcm(key, nonce, bound, plain):
    round_keys = expand(key)
    h = int.from_bytes(encrypt_block(round_keys, bytes(16)), "big")
    stream = b"".join(
        encrypt_block(round_keys, nonce + (2 + i).to_bytes(4, "big"))
        for i in range((len(plain) + 15) // 16))
    sealed = bytes(a ^ b for a, b in zip(plain, stream))
    lengths = (8 * len(bound)).to_bytes(8, "big")
    lengths += (8 * len(sealed)).to_bytes(8, "big")
    mask = encrypt_block(round_keys, nonce + (1).to_bytes(4, "big"))
    tag = ghash(h, pad(bound) + pad(sealed) + lengths)
    return sealed + bytes(a ^ b for a, b in zip(tag, mask))


# ------------------------------------------------------------ construction


def hkdf(secret, salt, info, size):
    key = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    output = block = b""
    for counter in range(1, -(-size // 32) + 1):
        block = hmac.new(key, block + info + bytes([counter]),
                         hashlib.sha256).digest()
        output += block
    return output[:size]


def encode(parts):
    encoded = len(parts).to_bytes(8, "big")
    for part in parts:
        if part is None:
            encoded += b"\xff" * 8
        else:
            encoded += len(part).to_bytes(8, "big") + part
    return encoded


def seal(key_id, secret, parts, plain):
    derived = hkdf(secret, b"", b"quipu sealing, suite 1" + key_id, 64)
    bound = encode(parts)
    nonce = hmac.new(derived[32:], bound + plain, hashlib.sha256).digest()[:12]
    return nonce, gcm(derived[:32], nonce, bound, plain)


# ----------------------------------------------------- vectors of others


def check_parts():
    # RFC 5869, A.1 and A.3
    okm = hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert okm.hex() == ("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db0"
                         "2d56ecc4c5bf34007208d5b887185865")
    okm = hkdf(b"\x0b" * 22, b"", b"", 42)
    assert okm.hex() == ("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec345"
                         "4e5f3c738d2d9d201395faa4b61a96c8")
    # FIPS 197, C.3
    block = encrypt_block(expand(bytes(range(32))),
                          bytes.fromhex("00112233445566778899aabbccddeeff"))
    assert block.hex() == "8ea2b7ca516745bfeafc49904b496089"
    # The GCM specification of McGrew and Viega, test cases 13, 14 and 16
    assert gcm(bytes(32), bytes(12), b"", b"").hex() == (
        "530f8afbc74536b9a963b4f1c4cb738b")
    assert gcm(bytes(32), bytes(12), b"", bytes(16)).hex() == (
        "cea7403d4d606b6e074ec5d3baf39d18"
        "d0d1c8a799996bf0265b98b5d48ab919")
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    nonce = bytes.fromhex("cafebabefacedbaddecaf888")
    plain = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    assert gcm(key, nonce, bound, plain).hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b")


# -------------------------------------------------------------- our vectors

KEY_ID = bytes(range(16))
SECRET = bytes(range(0x80, 0xA0))
CASES = [
    ([b"quipu state"], b""),
    ([b"quipu state", None, b""], b"x"),
    ([b"quipu state", b"", None], b"x"),
    ([b"quipu state", b"sequence", b"Topic", bytes(range(16))], b"0123456789"),
    ([b"quipu state", b"a" * 1100], bytes(range(256)) * 5),
]


def state(position):
    """The state of an event Example.Changed with foo = "bar" at a position, or
    at the next one (None); docs/state-format.md."""
    flags = bytes([0 if position is None else 1])
    head = bytes.fromhex("c101810694 01") + flags + b"\xc4\x10" + KEY_ID
    head += b"\xc4\x0c"
    parts = [
        b"quipu state", b"\x11" * 16, b"Example.Changed", b"\x22" * 16,
        None if position is None else position.to_bytes(8, "big"),
        head + bytes(12)
    ]
    nonce, sealed = seal(KEY_ID, SECRET, parts, b"\x81\xa3foo\xa3bar")
    return head + nonce + sealed


def array(name, data):
    if not data:
        return ""
    lines = [f"static const uint8_t {name}[] = {{"]
    for i in range(0, len(data), 12):
        lines.append("    " + " ".join(f"0x{b:02X}," for b in data[i:i + 12]))
    return "\n".join(lines + ["};", ""])


def print_vectors():
    text = """/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of the construction in docs/sealing.md, computed by vectors.py, which
 * uses nothing of OpenSSL's ciphers.  Do not change them: stores contain such
 * ciphertexts.  The inputs stand in test_cipher.c.
 */
#ifndef QUIPU_TESTS_SEALING_VECTORS_H
#define QUIPU_TESTS_SEALING_VECTORS_H

#include <stdint.h>

/* clang-format off */
/* The nonce, then the ciphertext and its tag; of the last, the nonce and the
 * SHA-256 of the others. */
"""
    for number, (parts, plain) in enumerate(CASES):
        nonce, sealed = seal(KEY_ID, SECRET, parts, plain)
        if number == len(CASES) - 1:
            sealed = hashlib.sha256(sealed).digest()
        text += array(f"vector_{number}", nonce + sealed)
    text += "/* Whole states: at position 7, and at the next position. */\n"
    text += array("vector_state", state(7))
    text += array("vector_state_next", state(None))
    return text + "/* clang-format on */\n\n#endif\n"


if __name__ == "__main__":
    check_parts()
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as file:
            assert file.read() == print_vectors(), "the vectors differ"
        print("the vectors are those of the independent computation")
    else:
        sys.stdout.write(print_vectors())
