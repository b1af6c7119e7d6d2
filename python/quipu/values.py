# SPDX-License-Identifier: Apache-2.0
"""Values that are passed to a store and read from it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple, Optional, Sequence, Union
from uuid import UUID

from ._api import ffi, lib
from .errors import InvalidError

Id = Union[UUID, str]
Value = Union[None, bool, int, float, str, bytes, UUID, datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_KINDS = {
    bool: lib.QUIPU_VALUE_BOOL,
    int: lib.QUIPU_VALUE_INT,
    float: lib.QUIPU_VALUE_DOUBLE,
    str: lib.QUIPU_VALUE_TEXT,
    bytes: lib.QUIPU_VALUE_BYTES,
    UUID: lib.QUIPU_VALUE_UUID,
    datetime: lib.QUIPU_VALUE_TIME,
}


class Column(NamedTuple):
    """A further column of a schema; `type` is bool, int, float, str, bytes,
    UUID or datetime."""

    name: str
    type: type


class Schema(NamedTuple):
    """A table of items: its name, the names of its columns, and the kind of ids
    and positions (docs/driver-abi.md).

    Positions are 0, 1, 2 ... in each sequence. With `sparse` they are any
    numbers, each taken at most once. Sequence ids are UUIDs, or with `text_ids`
    texts. A column whose name is None is left out.
    """

    table: str = "stored_events"
    notification_id: str = "id"
    sequence_id: str = "aggregate_id"
    position: str = "aggregate_version"
    topic: str = "event_type"
    state: str = "state"
    event_id: Optional[str] = "event_id"
    metadata: Optional[str] = None
    time: Optional[str] = None
    columns: Sequence[Column] = ()
    text_ids: bool = False
    sparse: bool = False


class Item(NamedTuple):
    """An item: the stored form of one event.

    To append one, give the sequence id, topic and state; the store chooses the
    next position if it is None, and an event id is made unless one is given. A
    time has a time zone; times that are read are in UTC.
    """

    sequence_id: Id
    topic: str
    state: bytes = b""
    position: Optional[int] = None
    event_id: Optional[UUID] = None
    metadata: Optional[bytes] = None
    time: Optional[datetime] = None
    columns: Sequence[Value] = ()
    notification_id: int = 0
    is_erased: bool = False


class Guard(NamedTuple):
    """An expectation on a sequence: that its last position is `last`, that it
    has items (`last` is ...), or that it has none (None)."""

    sequence_id: Id
    last: Any = None


class Position(NamedTuple):
    """A position in a log that can be kept outside the store. An id of None is
    unknown."""

    notification_id: int
    store: Optional[UUID] = None
    event_id: Optional[UUID] = None


class Tracking(NamedTuple):
    """What a consumer has processed of the log of a name."""

    consumer: str
    log: str
    notification_id: int


class Entry(NamedTuple):
    """A key-value entry."""

    key: str
    value: bytes
    revision: int


class EntryWrite(NamedTuple):
    """A write of an entry; a value of None deletes it. With `revision`, the
    entry must be at that one, and 0 means that there must be none."""

    key: str
    value: Optional[bytes]
    revision: Optional[int] = None


class Result(NamedTuple):
    """What an append has stored: the positions of its items and their
    notification ids; `is_repeated` if an earlier call has stored it."""

    positions: Sequence[int]
    notification_ids: Sequence[int]
    is_repeated: bool


class SequenceInfo(NamedTuple):
    """A sequence and the position of its last item."""

    sequence_id: Id
    last_position: int


class Writer:
    """Builds the structs of one call, and keeps the memory that they borrow."""

    def __init__(self, text_ids: bool = False) -> None:
        self._text_ids = text_ids
        self._kept: list[Any] = []

    def new(self, type_: str, *arguments: Any) -> Any:
        memory = ffi.new(type_, *arguments)
        self._kept.append(memory)
        return memory

    def struct(self, type_: str) -> Any:
        """A struct that begins with its size."""
        struct = self.new(f"{type_} *")
        struct.struct_size = ffi.sizeof(type_)
        return struct

    def bytes(self, value: Any) -> Any:
        """The value of a quipu_bytes; None is absent."""
        if value is None:
            return (ffi.NULL, 0)
        memory = ffi.from_buffer(value)
        self._kept.append(memory)
        return (memory, len(memory))

    def text(self, value: str) -> Any:
        return self.bytes(value.encode())

    def name(self, value: Optional[str]) -> Any:
        """A text that ends with NUL; NULL for None."""
        if value is None:
            return ffi.NULL
        if "\0" in value:
            raise InvalidError(f"{value!r} contains NUL")
        return self.new("char[]", value.encode())

    def id(self, value: Id) -> Any:
        if self._text_ids:
            if not isinstance(value, str):
                raise InvalidError(f"{value!r} is not a text")
            return self.text(value)
        if not isinstance(value, UUID):
            raise InvalidError(f"{value!r} is not a UUID")
        return self.bytes(value.bytes)

    def texts(self, values: Sequence[str]) -> Any:
        return self.new("quipu_bytes[]", [self.text(each) for each in values])

    def value(self, target: Any, value: Value, column: Column) -> None:
        if value is None:
            target.kind = lib.QUIPU_VALUE_NULL
            return
        is_wrong = not isinstance(value, column.type)
        if is_wrong or (column.type is int and isinstance(value, bool)):
            raise InvalidError(
                f"the column {column.name} takes {column.type.__name__}, "
                f"not {value!r}"
            )
        target.kind = _KINDS[column.type]
        content = getattr(target, "as")  # a keyword of Python
        if isinstance(value, (bool, int)):
            content.integer = value
        elif isinstance(value, float):
            content.real = value
        elif isinstance(value, datetime):
            content.integer = to_microseconds(value)
        elif isinstance(value, str):
            content.bytes = self.text(value)
        else:
            raw = value.bytes if isinstance(value, UUID) else value
            content.bytes = self.bytes(raw)

    def schema(self, schema: Schema) -> Any:
        struct = self.struct("quipu_schema")
        struct.flags = (
            lib.QUIPU_SCHEMA_TEXT_IDS if schema.text_ids else 0
        ) | (lib.QUIPU_SCHEMA_SPARSE if schema.sparse else 0)
        for name in _NAMES:
            setattr(struct, name, self.name(getattr(schema, name)))
        columns = self.new("quipu_column[]", len(schema.columns))
        for target, column in zip(columns, schema.columns):
            if column.type not in _KINDS:
                raise InvalidError(f"no column can be of {column.type!r}")
            target.name = self.name(column.name)
            target.kind = _KINDS[column.type]
        struct.columns = columns
        struct.column_count = len(schema.columns)
        return struct

    def item(self, target: Any, item: Item, schema: Schema) -> None:
        target.sequence_id = self.id(item.sequence_id)
        target.topic = self.text(item.topic)
        target.state = self.bytes(item.state)
        target.metadata = self.bytes(item.metadata)
        if item.position is None:
            target.flags = lib.QUIPU_ITEM_NEXT
        else:
            target.position = item.position
        if item.event_id is not None:
            target.event_id = self.bytes(item.event_id.bytes)
        elif schema.event_id is not None:
            made = self.new("quipu_uuid *")
            lib.quipu_uuid_ordered(made)
            target.event_id = (made, 16)
        if item.time is not None:
            target.time.microseconds = to_microseconds(item.time)
            target.flags |= lib.QUIPU_ITEM_TIME
        if item.is_erased:
            target.flags |= lib.QUIPU_ITEM_ERASED
        if item.columns:
            self._columns(target, item, schema)

    def _columns(self, target: Any, item: Item, schema: Schema) -> None:
        if len(item.columns) != len(schema.columns):
            raise InvalidError(
                f"an item has {len(item.columns)} further columns; "
                f"{schema.table} has {len(schema.columns)}"
            )
        values = self.new("quipu_value[]", len(item.columns))
        for each, value, column in zip(values, item.columns, schema.columns):
            self.value(each, value, column)
        target.columns = values
        target.column_count = len(item.columns)

    def guard(self, target: Any, guard: Guard) -> None:
        target.sequence_id = self.id(guard.sequence_id)
        if guard.last is None:
            target.demand = lib.QUIPU_DEMAND_EMPTY
        elif guard.last is ...:
            target.demand = lib.QUIPU_DEMAND_NOT_EMPTY
        else:
            target.demand = lib.QUIPU_DEMAND_LAST
            target.position = guard.last

    def entry(self, target: Any, write: EntryWrite) -> None:
        target.key = self.text(write.key)
        target.value = self.bytes(write.value)
        if write.value is None:
            target.flags = lib.QUIPU_ENTRY_DELETE
        if write.revision is not None:
            target.flags |= lib.QUIPU_ENTRY_EXPECT
            target.revision = write.revision

    def append(
        self,
        schema: Optional[Schema],
        items: Sequence[Item],
        guards: Sequence[Guard],
        tracking: Optional[Tracking],
        entries: Sequence[EntryWrite],
    ) -> Any:
        append = self.struct("quipu_append")
        if schema is not None and items:
            array = self.new("quipu_item[]", len(items))
            for index, item in enumerate(items):
                self.item(array[index], item, schema)
            append.items = array
            append.item_count = len(items)
        if guards:
            array = self.new("quipu_guard[]", len(guards))
            for index, guard in enumerate(guards):
                self.guard(array[index], guard)
            append.guards = array
            append.guard_count = len(guards)
        if tracking is not None:
            record = self.new("quipu_tracking *")
            record.consumer = self.text(tracking.consumer)
            record.log = self.text(tracking.log)
            record.position.notification_id = tracking.notification_id
            append.tracking = record
        if entries:
            conditions = self.struct("quipu_conditions")
            array = self.new("quipu_entry_write[]", len(entries))
            for index, write in enumerate(entries):
                self.entry(array[index], write)
            conditions.entries = array
            conditions.entry_count = len(entries)
            append.conditions = conditions
        return append

    def filter(self, topics: Sequence[str], prefixes: Sequence[str]) -> Any:
        """A filter on items; NULL if it would pass all."""
        if not topics and not prefixes:
            return ffi.NULL
        struct = self.struct("quipu_filter")
        if topics:
            match = self.new("quipu_match *")
            match.topics = self.texts(topics)
            match.topic_count = len(topics)
            struct.matches = match
            struct.match_count = 1
        if prefixes:
            struct.prefixes = self.texts(prefixes)
            struct.prefix_count = len(prefixes)
        return struct


_NAMES = Schema._fields[: Schema._fields.index("columns")]


class Reader:
    """Makes values of the structs that the library lends."""

    def __init__(self, schema: Schema) -> None:
        self._text_ids = schema.text_ids
        # Neighbours are often of one sequence. Threads replace it as a whole.
        self._last: tuple[bytes, Any] = (b"", None)

    def id(self, data: Any) -> Id:
        raw = to_bytes(data)
        last_raw, last_id = self._last
        if raw == last_raw:
            return last_id
        id_: Id = raw.decode() if self._text_ids else UUID(bytes=raw)
        self._last = (raw, id_)
        return id_

    def item(self, item: Any) -> Item:
        event_id = item.event_id
        metadata = item.metadata
        flags = item.flags
        return Item(
            self.id(item.sequence_id),
            to_bytes(item.topic).decode(),
            to_bytes(item.state),
            item.position,
            UUID(bytes=to_bytes(event_id)) if event_id.size else None,
            to_bytes(metadata) if metadata.data != ffi.NULL else None,
            (
                to_datetime(item.time.microseconds)
                if flags & lib.QUIPU_ITEM_TIME
                else None
            ),
            (
                tuple(map(to_value, item.columns[0 : item.column_count]))
                if item.column_count
                else ()
            ),
            item.notification_id,
            bool(flags & lib.QUIPU_ITEM_ERASED),
        )


def to_bytes(data: Any) -> bytes:
    size = data.size
    return ffi.buffer(data.data, size)[:] if size else b""


def to_value(value: Any) -> Value:
    kind = value.kind
    content = getattr(value, "as")
    if kind == lib.QUIPU_VALUE_NULL:
        return None
    if kind == lib.QUIPU_VALUE_BOOL:
        return bool(content.integer)
    if kind == lib.QUIPU_VALUE_INT:
        return content.integer
    if kind == lib.QUIPU_VALUE_DOUBLE:
        return content.real
    if kind == lib.QUIPU_VALUE_TIME:
        return to_datetime(content.integer)
    raw = to_bytes(content.bytes)
    if kind == lib.QUIPU_VALUE_TEXT:
        return raw.decode()
    return UUID(bytes=raw) if kind == lib.QUIPU_VALUE_UUID else raw


def to_uuid(uuid: Any) -> Optional[UUID]:
    raw = ffi.buffer(uuid.bytes)[:]
    return UUID(bytes=raw) if any(raw) else None


def to_position(position: Any) -> Position:
    return Position(
        position.notification_id,
        to_uuid(position.store),
        to_uuid(position.event_id),
    )


def set_position(target: Any, position: Position) -> None:
    target.notification_id = position.notification_id
    if position.store is not None:
        target.store.bytes = position.store.bytes
    if position.event_id is not None:
        target.event_id.bytes = position.event_id.bytes


def to_datetime(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def to_microseconds(time: datetime) -> int:
    if time.tzinfo is None:
        raise InvalidError(f"{time!r} has no time zone")
    return (time - _EPOCH) // _MICROSECOND


def to_milliseconds(seconds: Optional[float]) -> int:
    """A time to wait; None is without limit."""
    return -1 if seconds is None else max(0, round(seconds * 1000))
