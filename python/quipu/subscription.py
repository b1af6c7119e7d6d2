# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: a consumer reads a log to its end, and waits for more."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Iterator, Optional

from ._api import ffi, lib
from ._handle import Handle
from .errors import InvalidError, check, new_error
from .values import (
    Item,
    Position,
    Reader,
    set_position,
    to_milliseconds,
    to_position,
)


class Subscription:
    """A subscription to the log, from Records.subscribe; it is iterated over.

        with records.subscribe(consumer="printer") as subscription:
            for item in subscription:
                print(item.topic)
                subscription.acknowledge()

    The iteration waits for items, and ends when another thread calls `stop` or
    `close`, or with `to_now` at the end of the log. Each item is yielded once,
    in order of notification id; after a crash, again from the consumer's record
    on.
    """

    def __init__(
        self,
        records: Handle,
        reader: Reader,
        options: Any,
        after: Optional[Position],
    ) -> None:
        if after is not None:
            set_position(options.after, after)
        self._reader = reader
        self._turn = (
            threading.Lock()
        )  # The library wants one thread at a time.
        pointer = ffi.new("quipu_subscription **")
        error = new_error()
        # Of closing. It must not refer to self, which would never be collected.
        self._failure = failure = new_error()
        with records as opened:
            status = lib.quipu_subscription_open(
                opened, options, pointer, error
            )
            check(status, error)
            self._handle = Handle(
                "subscription",
                pointer[0],
                lambda subscription: lib.quipu_subscription_close(
                    subscription, failure
                ),
                records,
            )
        self._handle.close_with(self)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        raised: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._handle.close()
        if raised is None:
            check(self._failure.code, self._failure)

    def close(self) -> None:
        """Writes the tracking record and closes the subscription. May be called
        again, and while another thread waits. An error means that the record
        was not written: the items since then will come again."""
        self._handle.close()
        check(self._failure.code, self._failure)

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        try:
            item = self.next()
        except InvalidError:
            if not self._handle.is_closed:
                raise
            item = None
        if item is None:
            raise StopIteration
        return item

    def next(self, timeout: Optional[float] = None) -> Optional[Item]:
        """Returns the next item, and waits for it; None if the subscription was
        stopped, or with `to_now` at the end. `timeout` is in seconds;
        TimeoutError: they have passed, and it may be called again."""
        from .records import in_slices

        item = ffi.new("const quipu_item **")
        error = new_error()
        found: list[Item] = []

        def wait(seconds: float) -> int:
            with self._handle as pointer, self._turn:
                status = lib.quipu_subscription_next(
                    pointer, item, to_milliseconds(seconds), error
                )
                if status == lib.QUIPU_OK and item[0]:
                    found.append(self._reader.item(item[0]))
                return status

        check(in_slices(wait, timeout), error)
        return found[0] if found else None

    def acknowledge(self) -> None:
        """Acknowledges the item that was yielded last, and all before it: the
        consumer's record may now be set to it. ConflictError, AlreadyError: the
        record was changed by another process, or reset."""
        error = new_error()
        with self._handle as pointer, self._turn:
            status = lib.quipu_subscription_acknowledge(pointer, error)
        check(status, error)

    def position(self) -> Position:
        """Reads the position up to which all items were yielded and
        acknowledged, or do not pass the filter."""
        position = ffi.new("quipu_position *")
        error = new_error()
        with self._handle as pointer, self._turn:
            status = lib.quipu_subscription_position(pointer, position, error)
        check(status, error)
        return to_position(position)

    def stop(self) -> None:
        """Ends the iteration, now and for ever; from any thread."""
        with self._handle as pointer:
            lib.quipu_subscription_stop(pointer)
