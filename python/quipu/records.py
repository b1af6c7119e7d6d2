# SPDX-License-Identifier: Apache-2.0
"""Records: a schema of a datastore, whose items are appended and read."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Callable, Iterator, Optional, Sequence
from uuid import UUID

from ._api import ffi, lib
from ._handle import Handle
from .errors import check, new_error
from .subscription import Subscription
from .values import (
    EntryWrite,
    Guard,
    Id,
    Item,
    Position,
    Reader,
    Result,
    Schema,
    SequenceInfo,
    Tracking,
    Writer,
    to_milliseconds,
    to_position,
)

# Items that a cursor reads at once, to share the cost of borrowing its handle.
_CHUNK = 64

# Seconds that a call waits at most, before the interpreter looks for signals.
_SLICE = 0.2


class Records:
    """One schema of a datastore, from Datastore.records."""

    def __init__(self, datastore: Handle, schema: Schema) -> None:
        self.schema = schema
        self._reader = Reader(schema)
        self._datastore = datastore
        pointer = ffi.new("quipu_records **")
        writer = Writer()
        error = new_error()
        with datastore as store:
            status = lib.quipu_records_open(
                store, writer.schema(schema), pointer, error
            )
            check(status, error)
            self._handle = Handle(
                "records",
                pointer[0],
                lambda opened: lib.quipu_records_close(opened, ffi.NULL),
                datastore,
            )
        self._handle.close_with(self)

    def __enter__(self) -> Records:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        raised: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes it, and what was opened from it. May be called again, and
        while other threads use it."""
        self._handle.close()

    # ---------------------------------------------------------- appending

    def append(
        self,
        items: Sequence[Item] = (),
        *,
        guards: Sequence[Guard] = (),
        tracking: Optional[Tracking] = None,
        entries: Sequence[EntryWrite] = (),
        attempts: int = 1,
    ) -> Result:
        """Stores items, a tracking record and entries: all or nothing.

        If a commit was under way when the store failed (UnknownOutcomeError),
        the same append is made again, `attempts` times in all; it stores
        nothing twice. After the last attempt the error is raised, and items
        with event ids of the caller can still be appended again.

        ConflictError: a position is taken or not the next one, a guard fails,
        or an entry is not at its revision; `cause` and `index` say which.
        AlreadyError: the tracking record is not above the stored one.
        """
        return append(
            self._handle,
            lib.quipu_records_append,
            self.schema,
            items,
            guards,
            tracking,
            entries,
            attempts,
        )

    # ------------------------------------------------------------ reading

    def read(
        self,
        sequence_id: Id,
        *,
        gt: Optional[int] = None,
        gte: Optional[int] = None,
        lt: Optional[int] = None,
        lte: Optional[int] = None,
        limit: Optional[int] = None,
        descending: bool = False,
    ) -> Iterator[Item]:
        """Iterates over the items of a sequence, in order of position, as they
        were when it was called; the bounds are of positions."""
        writer = self._writer()
        query = _query(writer, gt, gte, lt, lte, limit, descending)
        return self._items(
            lambda records, cursor, error: lib.quipu_records_read(
                records, writer.id(sequence_id), query, cursor, error
            )
        )

    def read_log(
        self,
        *,
        gt: Optional[int] = None,
        gte: Optional[int] = None,
        lt: Optional[int] = None,
        lte: Optional[int] = None,
        limit: Optional[int] = None,
        descending: bool = False,
        topics: Sequence[str] = (),
        prefixes: Sequence[str] = (),
    ) -> Iterator[Item]:
        """Iterates over the log, in order of notification id. With `topics`,
        only items of these; with `prefixes`, only those whose sequence id (a
        text) begins with one of them. The limit counts the items that pass."""
        writer = self._writer()
        query = _query(writer, gt, gte, lt, lte, limit, descending)
        chosen = writer.filter(topics, prefixes)
        return self._items(
            lambda records, cursor, error: lib.quipu_records_read_filtered(
                records, query, chosen, cursor, error
            )
        )

    def find_event(self, event_id: UUID) -> Optional[Item]:
        """Reads the item that has an event id; None if there is none."""
        writer = self._writer()
        uuid = writer.new("quipu_uuid *")
        uuid.bytes = event_id.bytes
        found = self._items(
            lambda records, cursor, error: lib.quipu_records_find_event(
                records, uuid, cursor, error
            )
        )
        return next(found, None)

    def last(self, sequence_id: Id) -> Optional[int]:
        """Reads the position of a sequence's last item; None if it is empty."""
        writer = self._writer()
        position = ffi.new("int64_t *")
        error = new_error()
        with self._handle as pointer:
            status = lib.quipu_records_last(
                pointer, writer.id(sequence_id), position, error
            )
        if status == lib.QUIPU_NOT_FOUND:
            return None
        check(status, error)
        return position[0]

    def sequences(self, after: Optional[Id] = None) -> Iterator[SequenceInfo]:
        """Iterates over the sequences, by id, from behind `after`."""
        writer = self._writer()
        begin = writer.bytes(None) if after is None else writer.id(after)
        return self._iterate(
            "listing",
            lambda records, listing, error: lib.quipu_sequences_open(
                records, begin, listing, error
            ),
            lib.quipu_sequences_next,
            lib.quipu_sequences_close,
            "quipu_sequences **",
            "const quipu_sequence **",
            lambda each: SequenceInfo(
                self._reader.id(each.id), each.last_position
            ),
        )

    # ------------------------------------------------------------ the log

    def head(self) -> Position:
        """Reads the position of the log's last item; its notification id is 0
        if the log is empty."""
        position = ffi.new("quipu_position *")
        error = new_error()
        with self._handle as pointer:
            check(lib.quipu_records_head(pointer, position, error), error)
        return to_position(position)

    def position(self, notification_id: int) -> Position:
        """Reads the position of an item, to be kept outside the store.
        NotFoundError: there is no such item."""
        position = ffi.new("quipu_position *")
        error = new_error()
        with self._handle as pointer:
            status = lib.quipu_records_position(
                pointer, notification_id, position, error
            )
        check(status, error)
        return to_position(position)

    def wait(self, after: int, timeout: Optional[float] = None) -> int:
        """Waits until the log has a notification id above `after`, and returns
        the last one. It returns early, with the present one, if the datastore
        is interrupted. `timeout` is in seconds; TimeoutError: they have
        passed."""
        head = ffi.new("int64_t *")
        error = new_error()

        def wait(seconds: float) -> int:
            with self._handle as pointer:
                return lib.quipu_records_wait(
                    pointer, after, to_milliseconds(seconds), head, error
                )

        check(in_slices(wait, timeout), error)
        return head[0]

    def subscribe(
        self,
        *,
        consumer: Optional[str] = None,
        log: Optional[str] = None,
        after: Optional[Position] = None,
        topics: Sequence[str] = (),
        prefixes: Sequence[str] = (),
        from_now: bool = False,
        to_now: bool = False,
    ) -> Subscription:
        """Subscribes to the log; see Subscription.

        With a consumer it begins behind the consumer's tracking record, which
        `acknowledge` moves; `log` is the name of the log there (default: the
        table's). Otherwise it begins behind `after`, and with `from_now` at the
        present end. With `to_now` it ends at the present end. The items that
        pass `topics` and `prefixes` are as those of read_log.
        """
        writer = self._writer()
        options = writer.struct("quipu_subscription_options")
        options.consumer = writer.name(consumer)
        options.log = writer.name(log)
        options.filter = writer.filter(topics, prefixes)
        options.flags = (
            lib.QUIPU_SUBSCRIPTION_FROM_NOW if from_now else 0
        ) | (lib.QUIPU_SUBSCRIPTION_TO_NOW if to_now else 0)
        return Subscription(self._handle, self._reader, options, after)

    # ------------------------------------------------------------- inside

    def _writer(self) -> Writer:
        return Writer(self.schema.text_ids)

    def _items(self, open_cursor: Callable[..., int]) -> Iterator[Item]:
        return self._iterate(
            "cursor",
            open_cursor,
            lib.quipu_cursor_next,
            lib.quipu_cursor_close,
            "quipu_cursor **",
            "const quipu_item **",
            self._reader.item,
        )

    def _iterate(
        self,
        name: str,
        open_: Callable[..., int],
        next_: Callable[..., int],
        close: Callable[[Any], None],
        pointer_type: str,
        element_type: str,
        convert: Callable[[Any], Any],
    ) -> Iterator[Any]:
        """Opens a cursor or listing now, and iterates over its elements."""
        pointer = ffi.new(pointer_type)
        error = new_error()
        with self._handle as records:
            check(open_(records, pointer, error), error)
            handle = Handle(name, pointer[0], close, self._handle)
        element = ffi.new(element_type)

        def chunks() -> Iterator[Any]:
            chunk = [None]
            while chunk:
                chunk = []
                with handle as cursor:
                    while len(chunk) < _CHUNK:
                        status = next_(cursor, element, error)
                        if status:
                            check(status, error)
                        if not element[0]:
                            break
                        chunk.append(convert(element[0]))
                yield from chunk
                if len(chunk) < _CHUNK:
                    break
            handle.close()

        iterator = chunks()
        handle.close_with(iterator)
        return iterator


def append(
    handle: Handle,
    function: Any,
    schema: Optional[Schema],
    items: Sequence[Item],
    guards: Sequence[Guard],
    tracking: Optional[Tracking],
    entries: Sequence[EntryWrite],
    attempts: int,
) -> Result:
    """Appends by a function of the library, as Records.append says."""
    writer = Writer(schema is not None and schema.text_ids)
    request = writer.append(schema, items, guards, tracking, entries)
    positions = ffi.new("int64_t[]", len(items))
    error = new_error()
    for attempt in range(attempts, 0, -1):
        result = ffi.new("quipu_result *")
        result.positions = positions
        with handle as pointer:
            status = function(pointer, request, result, error)
        if status != lib.QUIPU_UNKNOWN_OUTCOME or attempt == 1:
            break
    check(status, error, result)
    first = result.first_notification_id
    return Result(
        list(positions),
        list(range(first, first + len(items))) if first else [],
        bool(result.flags & lib.QUIPU_RESULT_REPEATED),
    )


def in_slices(wait: Callable[[float], int], timeout: Optional[float]) -> int:
    """Waits again and again for a short time, since the interpreter handles
    signals between the calls only, and a handle is closed between them; returns
    the last status."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _SLICE if deadline is None else deadline - time.monotonic()
        status = wait(max(0.0, min(_SLICE, left)))
        if (
            status != lib.QUIPU_TIMEOUT
            or left <= _SLICE
            and deadline is not None
        ):
            return status


def _query(
    writer: Writer,
    gt: Optional[int],
    gte: Optional[int],
    lt: Optional[int],
    lte: Optional[int],
    limit: Optional[int],
    descending: bool,
) -> Any:
    query = writer.struct("quipu_query")
    for bound, value, flag in (
        ("gt", gt, lib.QUIPU_QUERY_GT),
        ("gte", gte, lib.QUIPU_QUERY_GTE),
        ("lt", lt, lib.QUIPU_QUERY_LT),
        ("lte", lte, lib.QUIPU_QUERY_LTE),
        ("limit", limit, lib.QUIPU_QUERY_LIMIT),
    ):
        if value is not None:
            setattr(query, bound, value)
            query.flags |= flag
    if descending:
        query.flags |= lib.QUIPU_QUERY_DESCENDING
    return query
