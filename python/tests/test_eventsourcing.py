# SPDX-License-Identifier: Apache-2.0
"""The persistence module for the library `eventsourcing`: with the checkout
that QUIPU_TEST_EVENTSOURCING names, or with a stand-in for its version 9.5."""

import os
import pathlib
import sys
import threading
from uuid import uuid4

import pytest
from stores import new_uri

sys.path.insert(
    0,
    os.environ.get("QUIPU_TEST_EVENTSOURCING")
    or str(pathlib.Path(__file__).parent / "standin"),
)

from eventsourcing import persistence  # noqa: E402
from eventsourcing.persistence import (  # noqa: E402
    InfrastructureFactory,
    IntegrityError,
    StoredEvent,
    Tracking,
)
from eventsourcing.utils import Environment  # noqa: E402

import quipu  # noqa: E402
import quipu.eventsourcing as module  # noqa: E402

HAS_SUBSCRIPTIONS = hasattr(persistence, "Subscription")
needs_subscriptions = pytest.mark.skipif(
    not HAS_SUBSCRIPTIONS,
    reason="eventsourcing before 9.4 has no subscriptions",
)


@pytest.fixture
def construct():
    made = []

    def construct(name="", **variables):
        variables.setdefault("QUIPU_URI", new_uri())
        variables["PERSISTENCE_MODULE"] = "quipu.eventsourcing"
        factory = InfrastructureFactory.construct(Environment(name, variables))
        made.append(factory)
        return factory

    yield construct
    for factory in made:
        factory.close()


def events(originator, first, count, topic="topic"):
    return [
        StoredEvent(originator, version, topic, b"state")
        for version in range(first, first + count)
    ]


def test_the_environment_chooses_the_store(construct):
    uri, other = new_uri(), new_uri()
    bank = construct("Bank", BANK_QUIPU_URI=uri, QUIPU_URI=other)
    shop = construct("Shop", BANK_QUIPU_URI=other, QUIPU_URI=uri)
    assert bank.application_recorder().schema.table == "bank_events"
    assert shop.application_recorder().schema.table == "shop_events"
    assert (
        bank.aggregate_recorder("snapshots").schema.table == "bank_snapshots"
    )
    bank.application_recorder().insert_events(events(uuid4(), 1, 3))
    # Both are in one store, and each has its own log.
    assert not shop.application_recorder().max_notification_id()
    with pytest.raises(OSError) as caught:
        InfrastructureFactory.construct(
            Environment("Bank", {"PERSISTENCE_MODULE": "quipu.eventsourcing"})
        )
    assert "BANK_QUIPU_URI" in str(caught.value)
    with pytest.raises(persistence.InterfaceError):
        construct(QUIPU_URI="nothing:x")


def test_tables_that_are_not_made(construct):
    uri = new_uri()
    recorder = construct(
        QUIPU_URI=uri, CREATE_TABLE="no"
    ).application_recorder()
    with pytest.raises(persistence.ProgrammingError):
        recorder.max_notification_id()
    construct(QUIPU_URI=uri).application_recorder()
    assert not recorder.max_notification_id()


def test_notifications(construct):
    recorder = construct().application_recorder()
    assert recorder.max_notification_id() == (None if HAS_SUBSCRIPTIONS else 0)
    assert recorder.insert_events([]) == []
    account = uuid4()
    assert recorder.insert_events(events(account, 1, 2, "a")) == [1, 2]
    assert recorder.insert_events(events(uuid4(), 1, 3, "b")) == [3, 4, 5]

    def ids(*arguments, **named):
        notifications = recorder.select_notifications(*arguments, **named)
        return [each.id for each in notifications]

    assert ids(2, 10) == [2, 3, 4, 5]
    assert ids(2, 2) == [2, 3]
    assert ids(2, 10, 3) == [2, 3]
    assert ids(2, 10, inclusive_of_start=False) == [3, 4, 5]
    assert ids(None, 10, topics=["a"]) == [1, 2]
    assert ids(1, 1, topics=["b", "c"]) == [3]
    assert recorder.max_notification_id() == 5


def test_versions_and_conflicts(construct):
    recorder = construct().aggregate_recorder()
    account = uuid4()
    assert recorder.insert_events(events(account, 5, 3)) is None
    with pytest.raises(IntegrityError) as caught:
        recorder.insert_events(events(account, 7, 2))
    assert str(account) in str(caught.value)
    assert isinstance(caught.value.__cause__, quipu.ConflictError)
    assert recorder.select_events(account, gt=5) == events(account, 6, 2)
    assert recorder.select_events(
        account, lte=6, desc=True, limit=1
    ) == events(account, 6, 1)
    with pytest.raises(persistence.DataError):
        recorder.insert_events([StoredEvent(account, 9, "", b"")])
    with pytest.raises(persistence.DataError):
        recorder.insert_events([StoredEvent(account, 2**64, "topic", b"")])
    with pytest.raises(persistence.ProgrammingError):
        recorder.insert_events(events("text", 1, 1))


def test_every_error_is_translated():
    raised = set(quipu.Error.__subclasses__())
    assert set(module._ERRORS) == raised
    for error in raised:
        with pytest.raises(persistence.PersistenceError):
            with module._translated:
                raise error("message")


def test_text_ids(construct):
    recorder = construct(ORIGINATOR_ID_TYPE="text").application_recorder()
    recorder.insert_events(events("account/1", 1, 2))
    assert recorder.select_events("account/1") == events("account/1", 1, 2)
    with pytest.raises(OSError):
        construct(ORIGINATOR_ID_TYPE="number")


def test_events_and_tracking_are_one_append(construct):
    factory = construct("Shop")
    recorder = factory.process_recorder()
    assert not recorder.max_tracking_id("Bank")
    assert not recorder.has_tracking_id("Bank", 1)
    account = uuid4()
    recorder.insert_events(events(account, 1, 1), tracking=Tracking("Bank", 3))
    for again in (2, 3):
        with pytest.raises(IntegrityError):
            recorder.insert_events(
                events(account, 2, 1), tracking=Tracking("Bank", again)
            )
    with pytest.raises(IntegrityError):
        recorder.insert_events(
            events(account, 1, 1), tracking=Tracking("Bank", 4)
        )
    assert recorder.select_events(account) == events(account, 1, 1)
    assert recorder.max_tracking_id("Bank") == 3
    assert recorder.has_tracking_id("Bank", 3)
    assert not recorder.has_tracking_id("Bank", 4)
    assert factory.datastore.tracking("shop", "Bank").notification_id == 3


def test_tracking_alone_and_a_view_in_entries(construct):
    recorder = construct().tracking_recorder()
    recorder.insert_tracking(Tracking("Bank", 21))
    with pytest.raises(IntegrityError):
        recorder.insert_tracking(Tracking("Bank", 21))
    assert recorder.has_tracking_id("Bank", None)
    assert recorder.has_tracking_id("Bank", 20)
    write = quipu.EntryWrite("total", b"7", 0)
    recorder.commit(Tracking("Bank", 22), [write])
    with pytest.raises(IntegrityError):
        recorder.commit(Tracking("Bank", 23), [write])
    assert recorder.max_tracking_id("Bank") == 22
    assert recorder.datastore.entry("total").value == b"7"


class OwnRecorder(module.QuipuApplicationRecorder):
    pass


def test_recorders_of_the_application(construct):
    topic = f"{OwnRecorder.__module__}:OwnRecorder"
    factory = construct(APPLICATION_RECORDER_TOPIC=topic)
    assert type(factory.application_recorder()) is OwnRecorder


@needs_subscriptions
def test_subscription(construct):
    recorder = construct().application_recorder()
    account = uuid4()
    recorder.insert_events(events(account, 1, 2, "a"))
    with recorder.subscribe() as subscription:
        assert [next(subscription).id, next(subscription).id] == [1, 2]
        threading.Timer(
            0.1, recorder.insert_events, [events(account, 3, 1, "b")]
        ).start()
        last = next(subscription)
        assert (last.id, last.topic, last.originator_version) == (3, "b", 3)
    with recorder.subscribe(gt=1, topics=["b"]) as subscription:
        assert next(subscription).id == 3


@needs_subscriptions
def test_a_stopped_subscription_ends(construct):
    recorder = construct().application_recorder()
    recorder.insert_events(events(uuid4(), 1, 3))
    with recorder.subscribe() as subscription:
        count = 0
        for _ in subscription:
            count += 1
            subscription.stop()
    assert count == 1
    assert list(subscription) == []
    subscription.stop()
    early = recorder.subscribe()
    early.stop()
    with early:
        assert list(early) == []
    with recorder.subscribe(gt=3) as subscription:
        threading.Timer(0.1, subscription.stop).start()
        assert list(subscription) == []
