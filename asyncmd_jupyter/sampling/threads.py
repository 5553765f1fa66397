"""Synchronous functions of users, off the event loop and not too many at once."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from asyncmd_jupyter import runtime
from asyncmd_jupyter.runtime import Runtime, SettingsChanged

T = TypeVar("T")


class FunctionThreads:
    """Runs calls in threads, at most ``settings.max_processes`` at the same time.

    The limit can be changed at any time. No thread waits idly: each ends when nothing
    is left to do, so there is nothing to shut down and no event loop to belong to.
    """

    def __init__(self, owner: Runtime) -> None:
        self._runtime = owner
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._workers: set[threading.Thread] = set()
        owner.events.subscribe(lambda _: self._hire(), SettingsChanged)

    @classmethod
    def current(cls) -> FunctionThreads:
        """The one of the current runtime."""
        return runtime.current().service(cls)

    async def run(self, call: Callable[[], T]) -> T:
        """Await the result of `call`.

        A cancelled caller takes a call that has not begun back; one that has begun can't
        be stopped, so its end is awaited: two of them must never run side by side.
        """
        future = self._submit(functools.partial(contextvars.copy_context().run, call))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancel():
                await asyncio.wait([asyncio.wrap_future(future)])
            raise

    def _submit(self, call: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        if threading.current_thread() in self._workers:
            # The caller holds a slot while it waits: with a limit of one it would wait forever.
            threading.Thread(target=_perform, args=(future, call), daemon=True).start()
        else:
            with self._lock:
                self._waiting.append((future, call))
            self._hire()
        return future

    def _hire(self) -> None:
        with self._lock:
            free = self._runtime.settings.max_processes - len(self._workers)
            for _ in range(min(free, len(self._waiting))):
                worker = threading.Thread(target=self._work, name="asyncmd function", daemon=True)
                self._workers.add(worker)
                worker.start()

    def _work(self) -> None:
        while entry := self._next():
            _perform(*entry)
            del entry  # a thread must not keep the last trajectory alive while it looks for more

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._lock:
            if self._waiting and len(self._workers) <= self._runtime.settings.max_processes:
                return self._waiting.popleft()
            self._workers.discard(threading.current_thread())
            return None


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
