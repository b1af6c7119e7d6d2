# SPDX-License-Identifier: Apache-2.0
"""Errors: one class for each status of libquipu (docs/errors.md)."""

from __future__ import annotations

import builtins
from enum import IntEnum
from typing import Any, Optional

from ._api import ffi, lib


class Cause(IntEnum):
    """The precondition of an append that did not hold."""

    NONE = lib.QUIPU_CAUSE_NONE
    EVENT_ID = lib.QUIPU_CAUSE_EVENT_ID
    GUARD = lib.QUIPU_CAUSE_GUARD
    TRACKING = lib.QUIPU_CAUSE_TRACKING
    POSITION = lib.QUIPU_CAUSE_POSITION
    ITEM = lib.QUIPU_CAUSE_ITEM
    ENTRY = lib.QUIPU_CAUSE_ENTRY


class Error(Exception):
    """A call of libquipu failed; str() is its message, a sentence for a person.

    `status` is the number and `name` the name of the status, `native` the code
    of the back end or of the system (or 0), `sqlstate` that of a server (or
    ""). `is_transient` tells whether the same call may succeed later without
    anything being mended.

    Of an append, `cause` says which precondition did not hold, and `index` of
    which item, guard or entry; `last_position` is the position, revision or
    notification id that was found, or None if there was none.
    """

    status = -1

    def __init__(
        self,
        message: str,
        *,
        native: int = 0,
        sqlstate: str = "",
        cause: Cause = Cause.NONE,
        index: int = 0,
        last_position: Optional[int] = None,
    ) -> None:
        super().__init__(message)
        self.native = native
        self.sqlstate = sqlstate
        self.cause = cause
        self.index = index
        self.last_position = last_position

    @property
    def name(self) -> str:
        return ffi.string(lib.quipu_status_name(self.status)).decode()

    @property
    def is_transient(self) -> bool:
        return bool(lib.quipu_status_is_transient(self.status))


class ConflictError(Error):
    """A precondition does not hold. Read again and decide again."""

    status = lib.QUIPU_CONFLICT


class AlreadyError(Error):
    """The consumer has processed this notification, or a later one, already."""

    status = lib.QUIPU_ALREADY


class NotFoundError(Error, LookupError):
    """The requested object does not exist."""

    status = lib.QUIPU_NOT_FOUND


class BusyError(Error):
    """Others held the store until the deadline; nothing is stored."""

    status = lib.QUIPU_BUSY


class TimeoutError(Error, builtins.TimeoutError):
    """The deadline of a read or a wait passed."""

    status = lib.QUIPU_TIMEOUT


class UnsupportedError(Error):
    """The driver, or this build of quipu, does not have the operation."""

    status = lib.QUIPU_UNSUPPORTED


class InvalidError(Error, ValueError):
    """An argument is wrong, or the object is closed."""

    status = lib.QUIPU_INVALID


class NoMemoryError(Error, MemoryError):
    """There is no memory; nothing is stored."""

    status = lib.QUIPU_NO_MEMORY


class StoreIOError(Error):
    """The store cannot be reached, read or written; nothing is stored."""

    status = lib.QUIPU_IO


class UnknownOutcomeError(Error):
    """The append is stored as a whole or not at all. Make the same call again,
    with the same event ids: it stores nothing twice."""

    status = lib.QUIPU_UNKNOWN_OUTCOME


class CorruptError(Error):
    """The store is damaged, or was not written by quipu."""

    status = lib.QUIPU_CORRUPT


class DeniedError(Error):
    """Access is refused: permissions, credentials, opened readonly."""

    status = lib.QUIPU_DENIED


class InternalError(Error):
    """A bug in quipu or in a driver; please report it."""

    status = lib.QUIPU_INTERNAL


_CLASSES = {each.status: each for each in Error.__subclasses__()}


def new_error() -> Any:
    """A quipu_error for one call, or for calls of one thread in turn."""
    return ffi.new("quipu_error *")


def check(status: int, error: Any, result: Any = None) -> None:
    """Raises the error of a call whose status is not OK."""
    if status == 0:
        return
    raised = _CLASSES.get(status, InternalError)(
        ffi.string(error.message).decode("utf-8", "replace"),
        native=error.native,
        sqlstate=ffi.string(error.sqlstate).decode("ascii", "replace"),
    )
    if result is not None:
        raised.cause = Cause(result.cause)
        raised.index = result.index
        if result.flags & lib.QUIPU_RESULT_HAS_LAST:
            raised.last_position = result.last_position
    raise raised
