"""Background tasks with an owner, in whatever event loop is running."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from asyncmd_jupyter import runtime
from asyncmd_jupyter.background import settled

logger = logging.getLogger(__name__)

T = TypeVar("T")

_SHORTEST_PAUSE = 0.03
_LONGEST_PAUSE = 0.25
_LONGEST_SLOW_PAUSE = 1.0
_GROWTH = 1.3
_TIMES_CANCELLED = 3


class OwnedTasks:
    """Keeps tasks alive until they are done and says what went wrong in them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine in the background."""
        task = runtime.start(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_log_error)
        return task


async def carried_out(action: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Do something on the way out of a cancellation, whatever happens to this task.

    When an event loop is shut down, all of its tasks are cancelled once, this one's too.
    """
    for _ in range(_TIMES_CANCELLED):
        task = runtime.start(action())
        await settled(task)
        if not task.cancelled():
            return


class PollLoop:
    """Repeats a look at the jobs while some are active, less often while nothing changes.

    It lives in the event loop in which it was last needed and moves to another one when
    that has ended.

    Parameters
    ----------
    look : callable
        Returns whether something has changed.
    is_needed : callable
        Whether there is anything to look at.
    is_slow : callable
        Whether nothing that is looked at can change quickly.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[bool]],
        is_needed: Callable[[], bool],
        is_slow: Callable[[], bool] = lambda: False,
    ) -> None:
        self._look = look
        self._is_needed = is_needed
        self._is_slow = is_slow
        self._task: asyncio.Task[None] | None = None
        self._woken: asyncio.Event | None = None

    def ensure(self) -> None:
        """Run in this event loop unless it does so already, here or in a living one."""
        if self._is_needed() and not self._is_running():
            self._woken = asyncio.Event()
            self._task = runtime.start(self._run(self._woken))
            self._task.add_done_callback(_log_error)

    def wake(self) -> None:
        """Look at once and often, because something is due. From any thread."""
        if self._task is not None and self._woken is not None and self._is_running():
            with suppress(RuntimeError):  # its loop has just been closed
                self._task.get_loop().call_soon_threadsafe(self._woken.set)

    async def stop(self) -> None:
        """End the loop, until it is needed again."""
        task, self._task, self._woken = self._task, None, None
        if task is not None and task.get_loop() is asyncio.get_running_loop():
            task.cancel()
            await asyncio.wait([task])

    def _is_running(self) -> bool:
        task = self._task
        return task is not None and not task.done() and task.get_loop().is_running()

    async def _run(self, woken: asyncio.Event) -> None:
        pause = _SHORTEST_PAUSE
        while self._is_needed() and self._woken is woken:
            changed = await self._look_safely()
            due = changed or woken.is_set()
            longest = _LONGEST_SLOW_PAUSE if self._is_slow() else _LONGEST_PAUSE
            pause = _SHORTEST_PAUSE if due else min(pause * _GROWTH, longest)
            woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await woken.wait()

    async def _look_safely(self) -> bool:
        try:
            return await self._look()
        except Exception:
            logger.exception("Looking at the jobs failed; it is tried again.")
            return False


def _log_error(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("A background task of the jobs failed", exc_info=error)
