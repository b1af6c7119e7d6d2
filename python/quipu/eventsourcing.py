# SPDX-License-Identifier: Apache-2.0
"""A persistence module for the library `eventsourcing`, versions 9.2 and later.

    PERSISTENCE_MODULE=quipu.eventsourcing
    QUIPU_URI=sqlite:///bank.db

docs/python.md of quipu explains the settings. An aggregate is a sequence whose
positions are the versions that the library gives; so the schema is sparse. The
notification ids are those of the log, 1, 2, 3 ... without a gap and visible in
this order. A tracking record is one of the datastore: its consumer is the
application that processes, its log the application that is processed.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, List, Optional, Sequence, Type, Union
from uuid import UUID

from eventsourcing import persistence
from eventsourcing.utils import resolve_topic, strtobool

import quipu

# Versions before 9.4 have no recorders for tracking alone and no subscriptions,
# and say 0 where there is no notification or tracking record yet.
_HAS_SUBSCRIPTIONS = hasattr(persistence, "Subscription")
_TrackingRecorder: Any = getattr(persistence, "TrackingRecorder", object)
_Subscription: Any = getattr(persistence, "Subscription", object)
_NOTHING = None if _HAS_SUBSCRIPTIONS else 0

# Calls of one append, if the store fails while it commits.
_ATTEMPTS = 3

_ERRORS = {
    quipu.ConflictError: persistence.IntegrityError,
    quipu.AlreadyError: persistence.IntegrityError,
    quipu.NotFoundError: persistence.ProgrammingError,
    quipu.BusyError: persistence.OperationalError,
    quipu.TimeoutError: persistence.OperationalError,
    quipu.UnsupportedError: persistence.NotSupportedError,
    quipu.InvalidError: persistence.ProgrammingError,
    quipu.NoMemoryError: persistence.OperationalError,
    quipu.StoreIOError: persistence.OperationalError,
    quipu.UnknownOutcomeError: persistence.OperationalError,
    quipu.CorruptError: persistence.DatabaseError,
    quipu.DeniedError: persistence.OperationalError,
    quipu.InternalError: persistence.InternalError,
}


class _Translation:
    """Raises the library's error for an error of quipu."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        raised: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if isinstance(raised, quipu.Error):
            translated = _ERRORS[type(raised)]
            if raised.cause == quipu.Cause.ITEM:
                translated = persistence.DataError
            raise translated(raised) from raised
        if isinstance(raised, OverflowError):
            raise persistence.DataError(raised) from raised


_translated = _Translation()


class QuipuRecorder:
    """What all recorders of this module have: a datastore, and the name under
    which they keep tracking records."""

    def __init__(
        self, datastore: quipu.Datastore, consumer: str = "stored"
    ) -> None:
        self.datastore = datastore
        self.consumer = consumer

    def create_table(self) -> None:
        """Creates the tables that do not exist."""

    def _record(self, tracking: persistence.Tracking) -> quipu.Tracking:
        return quipu.Tracking(
            self.consumer, tracking.application_name, tracking.notification_id
        )


class QuipuAggregateRecorder(QuipuRecorder, persistence.AggregateRecorder):
    def __init__(
        self,
        datastore: quipu.Datastore,
        events_table_name: str = "stored_events",
        consumer: str = "stored",
        text_ids: bool = False,
    ) -> None:
        super().__init__(datastore, consumer)
        self.schema = quipu.Schema(
            table=events_table_name,
            notification_id="notification_id",
            sequence_id="originator_id",
            position="originator_version",
            topic="topic",
            state="state",
            event_id="event_id",
            text_ids=text_ids,
            sparse=True,
        )
        self._lock = threading.Lock()
        self._records: Optional[quipu.Records] = None

    def create_table(self) -> None:
        super().create_table()
        with _translated:
            self.datastore.setup(self.schema)

    @property
    def records(self) -> quipu.Records:
        """The events, opened when they are used first: with CREATE_TABLE=no the
        tables may be made later."""
        with self._lock:
            if self._records is None:
                self._records = self.datastore.records(self.schema)
            return self._records

    def insert_events(
        self, stored_events: Sequence[persistence.StoredEvent], **kwargs: Any
    ) -> Optional[Sequence[int]]:
        self._insert_events(stored_events, kwargs.get("tracking"))
        return None

    def _insert_events(
        self,
        stored_events: Sequence[persistence.StoredEvent],
        tracking: Optional[persistence.Tracking],
    ) -> Sequence[int]:
        """Stores events and a tracking record in one append."""
        if not stored_events and tracking is None:
            return []
        items = [
            quipu.Item(
                event.originator_id,
                event.topic,
                event.state,
                event.originator_version,
            )
            for event in stored_events
        ]
        record = None if tracking is None else self._record(tracking)
        with _translated:
            result = self.records.append(
                items, tracking=record, attempts=_ATTEMPTS
            )
        return result.notification_ids

    def select_events(
        self,
        originator_id: Union[UUID, str],
        *,
        gt: Optional[int] = None,
        lte: Optional[int] = None,
        desc: bool = False,
        limit: Optional[int] = None,
    ) -> List[persistence.StoredEvent]:
        with _translated:
            return [
                persistence.StoredEvent(
                    originator_id=item.sequence_id,
                    originator_version=item.position,
                    topic=item.topic,
                    state=item.state,
                )
                for item in self.records.read(
                    originator_id, gt=gt, lte=lte, descending=desc, limit=limit
                )
            ]


class QuipuApplicationRecorder(
    QuipuAggregateRecorder, persistence.ApplicationRecorder
):
    def insert_events(
        self, stored_events: Sequence[persistence.StoredEvent], **kwargs: Any
    ) -> Optional[Sequence[int]]:
        return self._insert_events(stored_events, kwargs.get("tracking"))

    def select_notifications(
        self,
        start: Optional[int],
        limit: int,
        stop: Optional[int] = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> List[persistence.Notification]:
        with _translated:
            return [
                _notification(item)
                for item in self.records.read_log(
                    gte=start if inclusive_of_start else None,
                    gt=None if inclusive_of_start else start,
                    lte=stop,
                    limit=limit,
                    topics=topics,
                )
            ]

    def max_notification_id(self) -> Optional[int]:
        with _translated:
            return self.records.head().notification_id or _NOTHING

    def subscribe(
        self, gt: Optional[int] = None, topics: Sequence[str] = ()
    ) -> QuipuSubscription:
        """Iterates over the notifications above `gt`, and waits for more. Needs
        version 9.4 of the library."""
        if not _HAS_SUBSCRIPTIONS:
            raise NotImplementedError(
                "this version of eventsourcing has no subscriptions"
            )
        return QuipuSubscription(recorder=self, gt=gt, topics=topics)


class QuipuSubscription(_Subscription):
    """A subscription without a thread of its own: the store wakes the thread
    that iterates (L4)."""

    def __init__(
        self,
        recorder: QuipuApplicationRecorder,
        gt: Optional[int] = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        with _translated:
            self._subscription = recorder.records.subscribe(
                after=quipu.Position(gt) if gt else None, topics=topics
            )

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        try:
            super().__exit__(*args, **kwargs)
        finally:
            with _translated:
                self._subscription.close()

    def stop(self) -> None:
        super().stop()
        try:
            self._subscription.stop()
        except quipu.InvalidError:
            pass  # It is closed, as after the context.

    def __next__(self) -> persistence.Notification:
        if self._has_been_stopped:
            raise StopIteration
        with _translated:
            return _notification(next(self._subscription))


class QuipuTrackingRecorder(QuipuRecorder, _TrackingRecorder):
    """Keeps tracking records alone. A subclass keeps a read model in entries,
    written in one commit with the tracking record (`commit`)."""

    def commit(
        self,
        tracking: persistence.Tracking,
        entries: Sequence[quipu.EntryWrite] = (),
    ) -> None:
        """Writes a tracking record and key-value entries, or nothing.
        IntegrityError: the record is not above the stored one, or an entry is
        not at its revision."""
        with _translated:
            self.datastore.commit(
                tracking=self._record(tracking),
                entries=entries,
                attempts=_ATTEMPTS,
            )

    def insert_tracking(self, tracking: persistence.Tracking) -> None:
        self.commit(tracking)

    def max_tracking_id(self, application_name: str) -> Optional[int]:
        with _translated:
            record = self.datastore.tracking(self.consumer, application_name)
        return _NOTHING if record is None else record.notification_id

    def has_tracking_id(
        self, application_name: str, notification_id: Optional[int]
    ) -> bool:
        if notification_id is None:
            return True
        return (self.max_tracking_id(application_name) or 0) >= notification_id


class QuipuProcessRecorder(
    QuipuTrackingRecorder,
    QuipuApplicationRecorder,
    persistence.ProcessRecorder,
):
    pass


class QuipuFactory(persistence.InfrastructureFactory):
    """Makes the recorders of an application, over the store that the variable
    QUIPU_URI, or <APPLICATION>_QUIPU_URI, names."""

    QUIPU_URI = "QUIPU_URI"
    CREATE_TABLE = "CREATE_TABLE"
    ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"

    aggregate_recorder_class = QuipuAggregateRecorder
    application_recorder_class = QuipuApplicationRecorder
    tracking_recorder_class = QuipuTrackingRecorder
    process_recorder_class = QuipuProcessRecorder

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        uri = self.env.get(self.QUIPU_URI)
        if not uri:
            keys = ", ".join(self.env.create_keys(self.QUIPU_URI))
            raise OSError(f"no URI of a store in the environment: {keys}")
        id_type = self.env.get(self.ORIGINATOR_ID_TYPE, "uuid").lower()
        if id_type not in ("uuid", "text"):
            raise OSError(
                f"{self.ORIGINATOR_ID_TYPE} is 'uuid' or 'text', "
                f"not '{id_type}'"
            )
        self._text_ids = id_type == "text"
        self._name = self.env.name.lower() or "stored"
        try:
            with _translated:
                self.datastore = quipu.Datastore(uri)
        except (
            persistence.ProgrammingError,
            persistence.NotSupportedError,
        ) as e:
            raise persistence.InterfaceError(e) from e

    def aggregate_recorder(self, purpose: str = "events") -> Any:
        return self._events(self.aggregate_recorder_class, purpose)

    def application_recorder(self) -> Any:
        chosen = self._chosen("APPLICATION_RECORDER_TOPIC")
        return self._events(chosen or self.application_recorder_class)

    def process_recorder(self) -> Any:
        chosen = self._chosen("PROCESS_RECORDER_TOPIC")
        return self._events(chosen or self.process_recorder_class)

    def tracking_recorder(
        self, tracking_recorder_class: Optional[Type[Any]] = None
    ) -> Any:
        chosen = tracking_recorder_class or self._chosen(
            "TRACKING_RECORDER_TOPIC"
        )
        return self._created(
            (chosen or self.tracking_recorder_class)(
                self.datastore, self._name
            )
        )

    def close(self) -> None:
        self.datastore.close()

    def _chosen(self, variable: str) -> Optional[Type[Any]]:
        topic = self.env.get(variable)
        return resolve_topic(topic) if topic else None

    def _events(
        self, recorder_class: Type[Any], purpose: str = "events"
    ) -> Any:
        return self._created(
            recorder_class(
                self.datastore,
                events_table_name=f"{self._name}_{purpose}",
                consumer=self._name,
                text_ids=self._text_ids,
            )
        )

    def _created(self, recorder: Any) -> Any:
        if strtobool(self.env.get(self.CREATE_TABLE, "yes") or "yes"):
            recorder.create_table()
        return recorder


def _notification(item: quipu.Item) -> persistence.Notification:
    return persistence.Notification(
        originator_id=item.sequence_id,
        originator_version=item.position,
        topic=item.topic,
        state=item.state,
        id=item.notification_id,
    )
