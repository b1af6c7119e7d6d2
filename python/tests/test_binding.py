# SPDX-License-Identifier: Apache-2.0
"""Items, the log, tracking records, entries and subscriptions."""

import itertools
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
import stores

import quipu
import quipu.records
from quipu import Entry, EntryWrite, Guard, Item, Schema, Tracking


def items(sequence_id, count, topic="Counted"):
    return [Item(sequence_id, topic, b"%d" % i) for i in range(count)]


def test_append_and_read(records):
    account = uuid4()
    result = records.append(items(account, 200))
    assert result.positions == list(range(200))
    assert result.notification_ids == list(range(1, 201))
    assert not result.is_repeated
    read = list(records.read(account))
    assert [each.state for each in read] == [b"%d" % i for i in range(200)]
    assert [each.position for each in read] == result.positions
    assert [each.notification_id for each in read] == result.notification_ids
    assert {each.sequence_id for each in read} == {account}
    assert len({each.event_id for each in read}) == 200
    assert records.last(account) == 199
    assert list(records.read(uuid4())) == []
    assert records.last(uuid4()) is None


def test_bounds(records):
    account = uuid4()
    records.append(items(account, 10))

    def positions(**bounds):
        return [each.position for each in records.read(account, **bounds)]

    assert positions(gt=2, lte=5) == [3, 4, 5]
    assert positions(gte=2, lt=5) == [2, 3, 4]
    assert positions(descending=True, limit=2) == [9, 8]
    assert positions(limit=0) == []


def test_log(records):
    first, second = uuid4(), uuid4()
    records.append(items(first, 2, "A") + items(second, 3, "B"))
    log = list(records.read_log(gt=1))
    assert [each.notification_id for each in log] == [2, 3, 4, 5]
    assert [
        each.topic for each in records.read_log(topics=["B"], limit=2)
    ] == [
        "B",
        "B",
    ]
    head = records.head()
    assert head.notification_id == 5
    assert head.event_id == log[-1].event_id
    assert records.position(5) == head
    assert records.find_event(log[0].event_id) == log[0]
    assert records.find_event(uuid4()) is None
    assert {
        each.sequence_id: each.last_position for each in records.sequences()
    } == {
        first: 1,
        second: 2,
    }


def test_a_cursor_yields_what_was_there_when_it_was_opened(records):
    account = uuid4()
    records.append(items(account, 3))
    iterator = records.read(account)
    records.append(items(account, 3))
    assert len(list(iterator)) == 3


def test_text_ids_and_further_columns(store):
    schema = Schema(
        "letters",
        metadata="metadata",
        time="written",
        text_ids=True,
        columns=[
            quipu.Column("urgent", bool),
            quipu.Column("pages", int),
            quipu.Column("weight", float),
            quipu.Column("subject", str),
            quipu.Column("seal", bytes),
            quipu.Column("author", UUID),
            quipu.Column("sent", datetime),
        ],
    )
    store.setup(schema)
    letters = store.records(schema)
    time_ = datetime(1999, 12, 31, 23, 59, 59, 999999, timezone.utc)
    values = (True, -3, 2.5, "Grüße", b"\0\xff", uuid4(), time_)
    item = Item(
        "box/ü", "Written", b"", None, None, b"", time_ + timedelta(1), values
    )
    letters.append([item, Item("empty", "Written", columns=(None,) * 7)])
    read, empty = letters.read_log()
    assert read == item._replace(
        position=0, event_id=read.event_id, notification_id=1
    )
    assert isinstance(read.columns[0], bool)
    assert empty.columns == (None,) * 7
    assert empty.metadata is None and empty.time is None
    assert [
        each.sequence_id for each in letters.read_log(prefixes=["box/"])
    ] == ["box/ü"]
    for wrong in (uuid4(), b"box"):
        with pytest.raises(quipu.InvalidError):
            letters.append([Item(wrong, "Written")])
    with pytest.raises(quipu.InvalidError):
        letters.append([item._replace(columns=(1,) + values[1:])])
    with pytest.raises(quipu.InvalidError):
        letters.append([item._replace(time=datetime(2000, 1, 1))])


def test_sparse_positions(store):
    schema = Schema("sparse", sparse=True)
    store.setup(schema)
    sparse = store.records(schema)
    account = uuid4()
    sparse.append([Item(account, "A", position=p) for p in (-5, 7)])
    assert [each.position for each in sparse.read(account)] == [-5, 7]
    with pytest.raises(quipu.ConflictError):
        sparse.append([Item(account, "A", position=7)])


def test_conflicts_say_what_was_found(records):
    account = uuid4()
    records.append(items(account, 3))
    with pytest.raises(quipu.ConflictError) as caught:
        records.append(
            [Item(account, "A", position=3), Item(account, "A", position=1)]
        )
    assert caught.value.cause == quipu.Cause.POSITION
    assert caught.value.name == "CONFLICT"
    assert not caught.value.is_transient
    assert str(account) in str(caught.value)
    with pytest.raises(quipu.ConflictError) as caught:
        records.append(items(uuid4(), 1), guards=[Guard(account, 1)])
    assert caught.value.cause == quipu.Cause.GUARD
    assert caught.value.last_position == 2
    with pytest.raises(quipu.ConflictError) as caught:
        records.append(items(uuid4(), 1), guards=[Guard(uuid4(), ...)])
    assert caught.value.last_position is None
    records.append(
        items(uuid4(), 1), guards=[Guard(account, 2), Guard(uuid4(), None)]
    )
    assert records.head().notification_id == 4


def test_each_status_has_its_error(uri, store, records):
    assert isinstance(quipu.NotFoundError("x"), LookupError)
    with pytest.raises(quipu.InvalidError) as caught:
        quipu.open(uri + ("&" if "?" in uri else "?") + "colour=red")
    assert "colour" in str(caught.value)
    with pytest.raises(quipu.NotFoundError):
        quipu.open("nothing:x")
    with pytest.raises(quipu.NotFoundError):
        store.records(Schema("other"))
    with pytest.raises(quipu.InvalidError) as caught:
        records.append([Item(uuid4(), "")])
    assert caught.value.cause == quipu.Cause.ITEM
    with pytest.raises(quipu.InvalidError):
        records.append()
    with quipu.open(
        uri + ("&" if "?" in uri else "?") + "readonly=yes"
    ) as other:
        with pytest.raises(quipu.DeniedError):
            other.records(Schema()).append(items(uuid4(), 1))
    with pytest.raises(TimeoutError):
        records.wait(1000, timeout=0.05)
    with pytest.raises(TypeError):
        records.append([Item(uuid4(), "A", "text")])
    assert records.head().notification_id == 0


def test_teardown(store, records):
    store.teardown(records.schema)
    with pytest.raises(quipu.NotFoundError):
        store.records(records.schema)


def test_tracking_and_entries(store, records):
    assert store.tracking("consumer", "log") is None
    records.append(items(uuid4(), 1), tracking=Tracking("consumer", "log", 7))
    with pytest.raises(quipu.AlreadyError):
        records.append(
            items(uuid4(), 1), tracking=Tracking("consumer", "log", 7)
        )
    assert records.head().notification_id == 1
    assert store.tracking("consumer", "log").notification_id == 7
    store.commit(
        tracking=Tracking("consumer", "log", 8),
        entries=[EntryWrite("balance", b"1", 0)],
    )
    assert store.entry("balance") == Entry("balance", b"1", 1)
    with pytest.raises(quipu.ConflictError) as caught:
        store.commit(
            tracking=Tracking("consumer", "log", 9),
            entries=[EntryWrite("balance", b"2", 0)],
        )
    assert caught.value.cause == quipu.Cause.ENTRY
    assert store.tracking("consumer", "log").notification_id == 8
    store.commit(entries=[EntryWrite("balance", None, 1)])
    assert store.entry("balance") is None
    store.wait_for_tracking("consumer", "log", 8)
    with pytest.raises(quipu.TimeoutError):
        store.wait_for_tracking("consumer", "log", 9, timeout=0.01)


class LosingAnswers:
    """The library, of which the first appends tell no outcome."""

    def __init__(self, count, is_stored):
        self.count = count
        self.is_stored = is_stored

    def __getattr__(self, name):
        return getattr(quipu._api.lib, name)

    def quipu_records_append(self, *arguments):
        self.count -= 1
        if self.count < 0 or self.is_stored:
            status = quipu._api.lib.quipu_records_append(*arguments)
        if self.count < 0:
            return status
        return quipu._api.lib.QUIPU_UNKNOWN_OUTCOME


@pytest.mark.parametrize("is_stored", [False, True])
def test_unknown_outcomes_are_repeated(records, monkeypatch, is_stored):
    monkeypatch.setattr(quipu.records, "lib", LosingAnswers(2, is_stored))
    result = records.append(items(uuid4(), 2), attempts=3)
    assert result.is_repeated == is_stored
    assert result.notification_ids == [1, 2]
    assert records.head().notification_id == 2
    monkeypatch.setattr(quipu.records, "lib", LosingAnswers(1, is_stored))
    with pytest.raises(quipu.UnknownOutcomeError) as caught:
        records.append(items(uuid4(), 1))
    assert caught.value.is_transient


def test_subscription(store, records):
    account = uuid4()
    records.append(items(account, 3))
    with records.subscribe(
        consumer="printer", topics=["Counted"]
    ) as subscription:
        got = [next(subscription), next(subscription)]
        subscription.acknowledge()
        assert subscription.position().notification_id == 2
    assert [each.state for each in got] == [b"0", b"1"]
    assert store.tracking("printer", "stored_events").notification_id == 2
    with records.subscribe(consumer="printer") as subscription:
        assert next(subscription).state == b"2"
        with pytest.raises(quipu.TimeoutError):
            subscription.next(timeout=0.05)
        records.append(items(account, 1, "Later"))
        assert next(subscription).topic == "Later"
    ended = records.subscribe(after=records.position(1), to_now=True)
    assert len(list(ended)) == 3
    ended.close()
    ended.close()
    with pytest.raises(quipu.ConflictError):
        records.subscribe(after=quipu.Position(2, uuid4()))


def test_subscribers_miss_nothing_beside_writers(records):
    count = 4 * 25

    def write():
        for _ in range(25):
            records.append(items(uuid4(), 1))

    writers = [threading.Thread(target=write) for _ in range(4)]
    with records.subscribe() as subscription:
        for writer in writers:
            writer.start()
        got = list(itertools.islice(subscription, count))
    for writer in writers:
        writer.join()
    assert [each.notification_id for each in got] == list(range(1, count + 1))


def test_stop_from_another_thread(records):
    subscription = records.subscribe()
    threading.Timer(0.1, subscription.stop).start()
    assert list(subscription) == []


def count_then(function):
    """Starts a thread that counts for a while, and then calls a function. It
    gets nowhere while a call of the library holds the interpreter's lock."""

    def run():
        for _ in range(2_000_000):
            pass
        function()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_waiting_holds_no_interpreter_lock(records, monkeypatch):
    # One call of the library, not slices of it.
    monkeypatch.setattr(quipu.records, "_SLICE", 60.0)
    thread = count_then(lambda: records.append(items(uuid4(), 1)))
    assert records.wait(0, timeout=60) == 1
    thread.join()


@pytest.mark.skipif(stores.DRIVER != "sqlite", reason="holds a lock of SQLite")
def test_appending_to_a_busy_store_holds_no_interpreter_lock(uri):
    def open_records(timeout):
        store = quipu.open(f"{uri}?timeout={timeout}")
        store.setup(Schema())
        return store.records(Schema())

    patient, hasty = open_records(60_000), open_records(100)
    other = sqlite3.connect(uri[len("sqlite:///") :], check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(quipu.BusyError) as caught:
        hasty.append(items(uuid4(), 1))
    assert caught.value.is_transient
    thread = count_then(other.close)
    patient.append(items(uuid4(), 1))
    thread.join()


def test_keyboard_interrupt_ends_a_wait(uri):
    code = f"""
import os, signal, threading, quipu
with quipu.open({uri!r}) as store:
    store.setup(quipu.Schema())
    records = store.records(quipu.Schema())
    kill = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    kill.start()
    try:
        records.wait(10)
    except KeyboardInterrupt:
        kill = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        kill.start()
        try:
            next(records.subscribe())
        except KeyboardInterrupt:
            print("interrupted")
"""
    begin = time.monotonic()
    out = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert out.stdout == "interrupted\n"
    assert out.returncode == 0
    assert time.monotonic() - begin < 30


def test_describe(uri, store):
    info = store.describe()
    assert info.driver == uri.split(":")[0].replace("postgresql", "postgres")
    assert info.identity is not None
    assert not info.is_readonly


def test_event_ids_are_ordered():
    made = [quipu.event_id() for _ in range(100)]
    assert sorted(made) == made and len(set(made)) == 100
    assert made[0].version == 7
