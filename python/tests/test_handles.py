# SPDX-License-Identifier: Apache-2.0
"""Closing: in any order, by any thread, by garbage collection, at exit, after a
fork. The library refuses to close an object before its children, and would
crash if a closed one were used."""

import gc
import os
import subprocess
import sys
import threading
import time
from uuid import uuid4

import pytest
from stores import new_uri

import quipu
import quipu._handle
from quipu import Item, Schema


@pytest.fixture
def freed(monkeypatch):
    """The names of the handles that are freed, in order."""
    names = []
    initialize = quipu._handle.Handle.__init__

    def noting(handle, name, pointer, free, *others):
        def note(freed):
            names.append(name)
            free(freed)

        initialize(handle, name, pointer, note, *others)

    monkeypatch.setattr(quipu._handle.Handle, "__init__", noting)
    return names


def open_all(uri):
    store = quipu.open(uri)
    store.setup(Schema())
    records = store.records(Schema())
    records.append([Item(uuid4(), "A"), Item(uuid4(), "A")])
    return store, records, records.subscribe(), records.read_log()


CHILDREN_FIRST = [{"subscription", "cursor"}, {"records"}, {"datastore"}]


def levels(freed):
    return [set(freed[:2]), set(freed[2:3]), set(freed[3:])]


def test_closing_a_datastore_closes_all(uri, freed):
    store, records, subscription, cursor = open_all(uri)
    next(cursor)
    store.close()
    assert sorted(freed) == ["cursor", "datastore", "records", "subscription"]
    store.close()
    for use in (
        store.describe,
        records.head,
        lambda: records.append([Item(uuid4(), "A")]),
        subscription.next,
        subscription.stop,
        lambda: records.read_log(),
    ):
        with pytest.raises(quipu.InvalidError) as caught:
            use()
        assert "is closed" in str(caught.value)
    assert freed[-1] == "datastore"


def test_collection_closes_children_first(uri, freed):
    store, records, subscription, cursor = open_all(uri)
    del store
    del records
    assert freed == []
    assert len(list(cursor)) == 2
    assert freed == ["cursor"]
    del cursor, subscription
    gc.collect()
    assert levels(freed) == [
        {"cursor", "subscription"},
        {"records"},
        {"datastore"},
    ]


def test_collection_of_a_cycle(uri, freed):
    class Holder:
        pass

    holder = Holder()
    holder.objects = open_all(uri)
    holder.itself = holder
    del holder
    gc.collect()
    assert levels(freed) == CHILDREN_FIRST


def test_a_cursor_that_is_not_read_to_its_end(uri, freed):
    store, records, _, cursor = open_all(uri)
    next(cursor)
    del cursor
    gc.collect()
    assert freed == ["cursor"]


def test_exit_closes_what_is_open(uri):
    code = f"""
import atexit, threading, quipu, quipu._api
class Lib:
    def __getattr__(self, name):
        function = getattr(quipu._api.lib, name)
        if not name.endswith("_close"):
            return function
        def close(*arguments):
            status = function(*arguments)
            print(name, status or 0)
            return status
        return close
import quipu.records, quipu.subscription, quipu.datastore
for module in quipu.records, quipu.subscription, quipu.datastore:
    module.lib = Lib()
store = quipu.open({uri!r})
store.setup(quipu.Schema())
records = store.records(quipu.Schema())
subscription = records.subscribe()
def wait():
    for each in subscription:
        pass
waiting = threading.Thread(target=wait, daemon=True)
waiting.start()
import time
while subscription._handle._users == 0:
    time.sleep(0.001)
"""
    out = subprocess.run(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert out.stdout.splitlines() == [
        "quipu_subscription_close 0",
        "quipu_records_close 0",
        "quipu_datastore_close 0",
    ]
    assert (out.returncode, out.stderr) == (0, "")


@pytest.mark.parametrize("chosen", ["store", "records", "subscription"])
def test_close_while_other_threads_use_it(uri, chosen):
    store, records, subscription, _ = open_all(uri)
    begun, ends = [], []

    def run(function):
        begun.append(function)
        try:
            while True:
                function()
        except (quipu.InvalidError, StopIteration) as end:
            ends.append(end)

    uses = {
        "store": [
            lambda: store.describe(),
            lambda: records.append([Item(uuid4(), "A")]),
            lambda: records.wait(10**9),
            lambda: list(records.read_log()),
            lambda: next(subscription),
        ],
        "records": [lambda: records.wait(10**9), lambda: records.head()],
        "subscription": [lambda: next(subscription), subscription.position],
    }[chosen]
    threads = [threading.Thread(target=run, args=(use,)) for use in uses]
    for thread in threads:
        thread.start()
    used = subscription if chosen == "subscription" else records
    while len(begun) < len(uses) or used._handle._users == 0:
        time.sleep(0.001)
    {"store": store, "records": records, "subscription": subscription}[
        chosen
    ].close()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert len(ends) == len(uses)


def test_a_forked_process_is_refused(uri):
    store, records, subscription, cursor = open_all(uri)
    reading, writing = os.pipe()
    other = new_uri()
    # Another thread holds the lock of all handles while the process forks.
    taken, release = threading.Event(), threading.Event()

    def hold():
        with quipu._handle._lock:
            taken.set()
            release.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    child = os.fork()
    if child == 0:
        os.close(reading)
        refused = 0
        try:
            for use in (store.describe, records.head, lambda: next(cursor)):
                try:
                    use()
                except quipu.InvalidError as error:
                    refused += "forked" in str(error)
            store.close()
            # Another store: the drivers of files refuse to open one that the
            # process held when it was forked.
            with quipu.open(other) as own:
                own.setup(Schema())
                own.records(Schema()).append([Item(uuid4(), "A")])
                refused += 2
            os.write(writing, b"%d" % refused)
        except BaseException as error:
            os.write(writing, repr(error).encode())
        os._exit(0)
    release.set()
    holder.join()
    os.close(writing)
    assert os.read(reading, 1000) == b"5"
    os.close(reading)
    assert os.waitpid(child, 0)[1] == 0
    assert records.head().notification_id == 2
    assert len(list(cursor)) == 2
    assert next(subscription).notification_id == 1
    store.close()
