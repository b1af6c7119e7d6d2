# SPDX-License-Identifier: Apache-2.0
"""Handles: objects of libquipu that are closed once, and after their children.

An object of this package holds a Handle, and the Handle holds the pointer. A
call borrows the pointer, `with handle as pointer`, so that it is never freed
while a thread uses it:

1. A pointer is freed when no call borrows it and all children are freed.
2. `close` refuses new calls at once, closes the children, and waits for the
   calls that are under way. A call that waits borrows again and again (see
   records.in_slices), and so ends soon.
3. Garbage collection closes in any order. A handle whose object is gone is
   freed when its last child is. A call that is under way refers to its object,
   so no finalizer waits for one.
4. At the end of the interpreter everything is closed that is still open, also
   if threads wait that the interpreter does not wait for.
5. A handle does nothing in a process that was forked after its opening.

One lock serves all handles, since a finalizer may run in a thread that holds
it: the lock is reentrant, and with one for each handle two such threads could
wait for each other. It is held for some assignments, and never during a call.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from typing import Any, Callable, Optional

from .errors import InvalidError

_lock = threading.RLock()
_changed = threading.Condition(_lock)


def _begin_process() -> None:
    """Replaces the lock, which another thread may have held when forking."""
    global _lock, _changed
    _lock = threading.RLock()
    _changed = threading.Condition(_lock)


os.register_at_fork(after_in_child=_begin_process)

_roots: set[Handle] = set()  # that are not freed


@atexit.register
def _close_all() -> None:
    for handle in list(_roots):
        handle.close()


class Handle:
    __slots__ = (
        "_children",
        "_free",
        "_is_closing",
        "_is_freed",
        "_name",
        "_parent",
        "_pointer",
        "_process",
        "_siblings",
        "_users",
    )

    def __init__(
        self,
        name: str,
        pointer: Any,
        free: Callable[[Any], Any],
        parent: Optional[Handle] = None,
    ) -> None:
        """The caller has borrowed the parent, which is therefore open."""
        self._name = name
        self._pointer = pointer
        self._free = free
        self._parent = parent
        self._children: set[Handle] = set()
        self._users = 0
        self._is_closing = False
        self._is_freed = False
        self._process = os.getpid()
        self._siblings = _roots if parent is None else parent._children
        with _lock:
            self._siblings.add(self)

    def close_with(self, owner: object) -> None:
        """Closes the handle when `owner` is collected."""
        weakref.finalize(owner, self.abandon).atexit = False

    def __enter__(self) -> Any:
        if self._process != os.getpid():
            raise InvalidError(
                f"the {self._name} belongs to the process that opened it, not "
                "to this one, which was forked from it: open another"
            )
        with _lock:
            if not self._is_closing:
                self._users += 1
                return self._pointer
        raise InvalidError(f"the {self._name} is closed")

    def __exit__(self, *_: object) -> None:
        with _lock:
            self._users -= 1
        if self._is_closing:
            self._free_if_unused()

    @property
    def is_closed(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        """Closes the children and the handle; returns when it is freed."""
        if self._process != os.getpid():
            return
        self._is_closing = True
        while not self._is_freed:
            with _lock:
                children = list(self._children)
            for child in children:
                child.close()
            self._free_if_unused()
            with _lock:
                if not self._is_freed:
                    _changed.wait(0.05)

    def abandon(self) -> None:
        """Closes the handle as soon as the last child is closed."""
        if self._process == os.getpid():
            self._is_closing = True
            self._free_if_unused()

    def _free_if_unused(self) -> None:
        with _lock:
            if self._pointer is None or self._users > 0 or self._children:
                return
            pointer, self._pointer = self._pointer, None
        self._free(pointer)
        with _lock:
            self._is_freed = True
            self._siblings.discard(self)
            _changed.notify_all()
        if self._parent is not None and self._parent._is_closing:
            self._parent._free_if_unused()
