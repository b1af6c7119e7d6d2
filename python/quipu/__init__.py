# SPDX-License-Identifier: Apache-2.0
"""quipu: an event-sourcing library with storage drivers.

A URI names the store. This package appends items to it, reads them, follows the
log, and keeps tracking records; docs/python.md of quipu explains it. The module
quipu.eventsourcing lets the library `eventsourcing` use these stores.
"""

from uuid import UUID as _UUID

from ._api import ffi as _ffi
from ._api import lib as _lib
from .datastore import Datastore, Info
from .errors import (
    AlreadyError,
    BusyError,
    Cause,
    ConflictError,
    CorruptError,
    DeniedError,
    Error,
    InternalError,
    InvalidError,
    NoMemoryError,
    NotFoundError,
    StoreIOError,
    TimeoutError,
    UnknownOutcomeError,
    UnsupportedError,
)
from .records import Records
from .subscription import Subscription
from .values import (
    Column,
    Entry,
    EntryWrite,
    Guard,
    Id,
    Item,
    Position,
    Result,
    Schema,
    SequenceInfo,
    Tracking,
    Value,
)

open = Datastore


def event_id() -> _UUID:
    """A new event id, a time-ordered UUID (version 7)."""
    made = _ffi.new("quipu_uuid *")
    _lib.quipu_uuid_ordered(made)
    return _UUID(bytes=_ffi.buffer(made.bytes)[:])


__all__ = [
    "AlreadyError",
    "BusyError",
    "Cause",
    "Column",
    "ConflictError",
    "CorruptError",
    "Datastore",
    "DeniedError",
    "Entry",
    "EntryWrite",
    "Error",
    "Guard",
    "Id",
    "Info",
    "InternalError",
    "InvalidError",
    "Item",
    "NoMemoryError",
    "NotFoundError",
    "Position",
    "Records",
    "Result",
    "Schema",
    "SequenceInfo",
    "StoreIOError",
    "Subscription",
    "TimeoutError",
    "Tracking",
    "UnknownOutcomeError",
    "UnsupportedError",
    "Value",
    "event_id",
    "open",
]
