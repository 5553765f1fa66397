"""Functions of users and conversions, off the event loop and not too many at once."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from asyncmd_jupyter import runtime
from asyncmd_jupyter.background import settled
from asyncmd_jupyter.runtime import Runtime, SettingsChanged

T = TypeVar("T")
logger = logging.getLogger(__name__)

FILES_OF_A_CALL = 4  # a trajectory, its structure, a cache, and one to spare


@dataclass(frozen=True, eq=False)
class _Entry:
    future: Future[Any]
    call: Callable[[], Any]
    files: int


class WorkThreads:
    """Runs calls in threads, at most ``settings.max_processes`` at the same time.

    Nor do they have more files open together than ``settings.max_files_open`` without the
    margin, as far as they say how many they need; one always runs. The limits can be
    changed at any time. No thread waits idly: each ends when nothing is left to do, so
    there is nothing to shut down and no event loop to belong to.
    """

    def __init__(self, owner: Runtime) -> None:
        self._runtime = owner
        self._lock = threading.Lock()
        self._waiting: deque[_Entry] = deque()
        self._workers: set[threading.Thread] = set()
        self._files = 0
        owner.events.subscribe(lambda _: self._hire(), SettingsChanged)

    @classmethod
    def current(cls) -> WorkThreads:
        """The one of the current runtime."""
        return runtime.current().service(cls)

    async def run(
        self,
        call: Callable[[], T],
        *,
        files: int = FILES_OF_A_CALL,
        stop: Callable[[], None] | None = None,
    ) -> T:
        """Await the result of `call`.

        A cancelled caller takes a call that has not begun back. One that has begun is
        waited for, however often the caller is cancelled: two of them must never run side by
        side, and what the call reads must not be removed meanwhile. Nobody wants its error.

        Parameters
        ----------
        call : callable
        files : int
            How many it opens.
        stop : callable, optional
            Makes a call that has begun end soon.
        """
        future = self._submit(functools.partial(contextvars.copy_context().run, call), files)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancel():
                if stop is not None:
                    stop()
                unwanted = asyncio.wrap_future(future)
                unwanted.add_done_callback(_report)
                await settled(unwanted)
            raise

    def _submit(self, call: Callable[[], T], files: int) -> Future[T]:
        future: Future[T] = Future()
        if threading.current_thread() in self._workers:
            # The caller holds a slot while it waits: with a limit of one it would wait forever.
            threading.Thread(target=_perform, args=(future, call), daemon=True).start()
        else:
            with self._lock:
                self._waiting.append(_Entry(future, call, files))
            self._hire()
        return future

    def _hire(self) -> None:
        with self._lock:
            while self._waiting and self._has_room(len(self._workers) + 1):
                entry = self._waiting.popleft()
                self._files += entry.files
                worker = threading.Thread(
                    target=self._work, args=(entry,), name="asyncmd function", daemon=True
                )
                self._workers.add(worker)
                worker.start()

    def _work(self, entry: _Entry | None) -> None:
        while entry is not None:
            files = entry.files
            _perform(entry.future, entry.call)
            del entry  # a thread must not keep the last trajectory alive while it looks for more
            entry = self._next(files)

    def _next(self, files: int) -> _Entry | None:
        with self._lock:
            self._files -= files
            if self._waiting and self._has_room(len(self._workers)):
                entry = self._waiting.popleft()
                self._files += entry.files
                return entry
            self._workers.discard(threading.current_thread())
        self._hire()  # one that needed many files may have made room for several
        return None

    def _has_room(self, n_workers: int) -> bool:
        limits = self._runtime.settings
        files = self._files + self._waiting[0].files
        fits = files <= limits.max_files_open - limits.files_margin or not self._files
        return n_workers <= limits.max_processes and fits


def _report(unwanted: asyncio.Future[Any]) -> None:
    """Note the error of a call whose caller was cancelled."""
    if not unwanted.cancelled() and (error := unwanted.exception()) is not None:
        logger.debug("A call failed after its caller was cancelled.", exc_info=error)


def _perform(future: Future[T], call: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except (StopIteration, SystemExit, KeyboardInterrupt) as error:
        # asyncio would hang on the first and end the event loop with the others.
        reason = RuntimeError(f"The function was ended by {type(error).__name__}({error}).")
        reason.__cause__ = error
        future.set_exception(reason)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
