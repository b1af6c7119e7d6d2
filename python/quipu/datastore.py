# SPDX-License-Identifier: Apache-2.0
"""Datastores: an open connection to a store, by a URI."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NamedTuple, Optional, Sequence
from uuid import UUID

from ._api import ffi, lib
from ._handle import Handle
from .errors import NotFoundError, check, new_error
from .records import Records, append
from .values import (
    Entry,
    EntryWrite,
    Position,
    Result,
    Schema,
    Tracking,
    Writer,
    to_bytes,
    to_milliseconds,
    to_position,
    to_uuid,
)


class Info(NamedTuple):
    """The properties of a datastore; `uri` is without any password."""

    uri: str
    driver: str
    driver_version: str
    library: str
    namespace: str
    identity: Optional[UUID]
    is_readonly: bool
    is_relaxed: bool


class Datastore:
    """An open store, which is closed by `close`, `with`, or garbage collection.

    Several threads may use it and all that is opened from it. `close` makes the
    calls that wait return, and waits for the others. In a process that was
    forked after the opening every call fails; open another one there.
    """

    def __init__(self, uri: str) -> None:
        """Opens the store that a URI names, `scheme:body?option=value`, as
        quipu_datastore_open does (docs/sqlite.md, lmdb.md, postgresql.md)."""
        pointer = ffi.new("quipu_datastore **")
        error = new_error()
        status = lib.quipu_datastore_open(
            Writer().name(uri), ffi.NULL, pointer, error
        )
        check(status, error)
        self._handle = Handle(
            "datastore",
            pointer[0],
            lambda opened: lib.quipu_datastore_close(opened, ffi.NULL),
        )
        self._handle.close_with(self)

    def __enter__(self) -> Datastore:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        raised: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all that was opened from it, and the store. May be called
        again, and while other threads use it."""
        self._handle.close()

    def interrupt(self) -> None:
        """Makes the calls of Records.wait that are under way return."""
        with self._handle as pointer:
            lib.quipu_datastore_interrupt(pointer)

    def describe(self) -> Info:
        info = Writer().struct("quipu_datastore_info")
        error = new_error()
        with self._handle as pointer:
            check(lib.quipu_datastore_describe(pointer, info, error), error)
            return Info(
                _text(info.uri),
                _text(info.driver),
                _text(info.driver_version),
                _text(info.library),
                _text(info.name_space),
                to_uuid(info.identity),
                info.readonly,
                info.relaxed,
            )

    # ------------------------------------------------------------- schemas

    def setup(self, schema: Schema) -> None:
        """Creates the tables of a schema if they do not exist."""
        self._call(lib.quipu_datastore_setup, schema)

    def teardown(self, schema: Schema) -> None:
        """Removes a schema with all its items."""
        self._call(lib.quipu_datastore_teardown, schema)

    def _call(self, function: Any, schema: Schema) -> None:
        writer = Writer()
        error = new_error()
        with self._handle as pointer:
            check(function(pointer, writer.schema(schema), error), error)

    def records(self, schema: Schema) -> Records:
        """Binds a schema that is set up."""
        return Records(self._handle, schema)

    # -------------------------------------------- tracking records, entries

    def commit(
        self,
        *,
        tracking: Optional[Tracking] = None,
        entries: Sequence[EntryWrite] = (),
        attempts: int = 1,
    ) -> Result:
        """Commits a tracking record, entries, or both, without items; as
        Records.append does."""
        return append(
            self._handle,
            lib.quipu_datastore_commit,
            None,
            (),
            (),
            tracking,
            entries,
            attempts,
        )

    def tracking(self, consumer: str, log: str) -> Optional[Position]:
        """Reads the tracking record of a consumer for a log; None if there is
        none."""
        writer = Writer()
        position = ffi.new("quipu_position *")
        error = new_error()
        with self._handle as pointer:
            status = lib.quipu_tracking_read(
                pointer,
                writer.name(consumer),
                writer.name(log),
                position,
                error,
            )
        if status == lib.QUIPU_NOT_FOUND:
            return None
        check(status, error)
        return to_position(position)

    def entry(self, key: str) -> Optional[Entry]:
        """Reads a key-value entry; None if there is none."""
        name = Writer().name(key)
        entry = ffi.new("quipu_entry **")
        error = new_error()
        with self._handle as pointer:
            status = lib.quipu_entry_read(pointer, name, entry, error)
            if status == lib.QUIPU_NOT_FOUND:
                return None
            check(status, error)
            try:
                return Entry(key, to_bytes(entry[0].value), entry[0].revision)
            finally:
                lib.quipu_entry_destroy(entry[0])

    def wait_for_tracking(
        self,
        consumer: str,
        log: str,
        notification_id: int,
        timeout: Optional[float] = None,
    ) -> None:
        """Waits until a consumer has processed a notification. `timeout` is in
        seconds; TimeoutError: they have passed."""
        from .records import in_slices

        writer = Writer()
        error = new_error()

        def wait(seconds: float) -> int:
            with self._handle as pointer:
                return lib.quipu_tracking_wait(
                    pointer,
                    writer.name(consumer),
                    writer.name(log),
                    notification_id,
                    to_milliseconds(seconds),
                    error,
                )

        check(in_slices(wait, timeout), error)


def _text(value: Any) -> str:
    return ffi.string(value).decode()
