"""Work in threads that ends soon, and without a trace, when nobody waits for it any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """Raised within a thread whose result is no longer wanted."""


class Stop:
    """Tells the thread that works from the task that waits for it."""

    def __init__(self) -> None:
        self._wanted = threading.Event()

    def request(self) -> None:
        """Have the work end at its next `check`."""
        self._wanted.set()

    def check(self) -> None:
        """To be called between frames and before outputs take their names.

        Raises
        ------
        StoppedError
            After a request.
        """
        if self._wanted.is_set():
            raise StoppedError


async def run_stoppable(work: Callable[[Stop], T]) -> T:
    """Await the result of `work`, which runs in a thread.

    A caller who is cancelled waits for the thread to end: afterwards no file appears any
    more.
    """
    stop = Stop()
    task = asyncio.ensure_future(asyncio.to_thread(work, stop))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        stop.request()
        task.add_done_callback(_look_at)
        await asyncio.wait([task])
        raise


def _look_at(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()  # nobody else will, and asyncio complains
