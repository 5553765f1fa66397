"""Work in threads that ends soon, and without a trace, when nobody waits for it any more."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from asyncmd_jupyter.frames.threads import FILES_OF_A_CALL, WorkThreads
from asyncmd_jupyter.frames.trajectory import Trajectory

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

    @property
    def is_requested(self) -> bool:
        """Whether nobody waits any more."""
        return self._wanted.is_set()

    def check(self) -> None:
        """To be called between frames and before outputs take their names.

        Raises
        ------
        StoppedError
            After a request.
        """
        if self._wanted.is_set():
            raise StoppedError


async def run_stoppable(work: Callable[[Stop], T], trajectories: Sequence[Trajectory]) -> T:
    """Await the result of `work`, which runs in one of the threads for conversions.

    A caller who is cancelled waits for the thread to end: afterwards no file appears any
    more.

    Parameters
    ----------
    work : callable
    trajectories : sequence of Trajectory
        What it reads: MDAnalysis opens all files of one at once.
    """
    stop = Stop()
    files = FILES_OF_A_CALL + max((len(one.paths) for one in trajectories), default=0)
    call = functools.partial(_until_stopped, work, stop)
    return await WorkThreads.current().run(call, files=files, stop=stop.request)


def _until_stopped(work: Callable[[Stop], T], stop: Stop) -> T:
    try:
        return work(stop)
    except Exception:
        if not stop.is_requested:
            raise
        return cast(T, None)  # nobody gets it
