"""Background tasks with one owner: kept alive, and ended quietly with their event loop."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

_TIMES_CLOSED = 20  # a coroutine may await something in each of its ``finally`` blocks


class BackgroundTask(asyncio.Task[T]):
    """A task whose event loop may end before it, without "Task was destroyed" on the terminal.

    What it does is a service to other tasks, or is found again on disk and in the job store.
    """

    def __del__(self) -> None:
        """Say nothing: asyncio complains here of tasks that are pending or failed unseen."""


class BackgroundTasks:
    """All tasks that this package starts and does not wait for; one for each runtime.

    ``asyncio.run`` cancels them when it ends. A script that only stops or closes its event loop
    leaves them where they are: they are closed when tasks begin in another loop, or when the
    interpreter exits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        at_exit(BackgroundTasks.end, self)

    @classmethod
    def of(cls, _runtime: object) -> BackgroundTasks:
        """Those of a runtime, for `Runtime.service`."""
        return cls()

    def start(
        self, coroutine: Coroutine[Any, Any, T], *, name: str | None = None
    ) -> asyncio.Task[T]:
        """Run a coroutine in the background of the running event loop."""
        loop = asyncio.get_running_loop()
        self.end(only_closed=True)
        task = BackgroundTask(coroutine, loop=loop, name=name)
        with self._lock:
            self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def end(self, *, only_closed: bool = False) -> None:
        """Close what can never go on: tasks of event loops that are closed, or do not run.

        Parameters
        ----------
        only_closed : bool
            Spare those of event loops that may run again.
        """
        with self._lock:
            left = [task for task in self._tasks if _is_left(task, only_closed)]
            self._tasks.difference_update(left)
        for task in left:
            _close(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        with self._lock:
            self._tasks.discard(task)


class Ending:
    """Cancels tasks at the end of an ``async with`` block and waits until they have ended.

    Where the block itself is closed, because its event loop has ended before it, nothing can
    be awaited any more, and the tasks are closed by their owner.
    """

    def __init__(self, *tasks: asyncio.Task[Any]) -> None:
        self._tasks = tasks

    async def __aenter__(self) -> None:
        """Begin the block."""

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End all that have not ended."""
        if kind is GeneratorExit:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def check_loop(what: str) -> None:
    """Refuse what needs a running event loop where there is none.

    Parameters
    ----------
    what : str
        Public name of what the user has called.

    Raises
    ------
    RuntimeError
        Names the way out.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            f"{what} works in the background of a running event loop, and there is none here. Call "
            "it in a cell of a notebook, or in a script within 'async def main(): …', which "
            "asyncio.run(main()) runs."
        ) from None


async def settled(work: asyncio.Future[Any]) -> None:
    """Wait for the end of a task or future, however often the one who waits is cancelled.

    For undoing things on the way out of a cancellation, which the caller raises again.
    """
    while not work.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([work])
    if not work.cancelled():
        work.exception()


def _is_left(task: asyncio.Task[Any], only_closed: bool) -> bool:
    loop = task.get_loop()
    return loop.is_closed() or not (only_closed or loop.is_running())


def _close(task: asyncio.Task[Any]) -> None:
    """Close the coroutine of a task, whatever its ``finally`` blocks still want to await."""
    coroutine = task.get_coro()
    for _ in range(_TIMES_CLOSED):
        try:
            coroutine.close()
        except Exception:  # noqa: S112 - it awaited something, and nothing is awaited any more
            continue
        return


def at_exit(action: Callable[[T], object], owner: T) -> None:
    """Call `action` with its owner when the interpreter exits, if the owner is still there.

    A process that was forked from this one (`os.fork`, `multiprocessing`) and exits leaves it
    alone: what is to be ended belongs to this one.
    """
    atexit.register(_act, action, weakref.ref(owner), os.getpid())


def _act(action: Callable[[T], object], reference: weakref.ref[Any], pid: int) -> None:
    owner = reference()
    if owner is not None and os.getpid() == pid:
        action(owner)
