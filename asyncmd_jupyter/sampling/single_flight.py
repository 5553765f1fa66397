"""Whoever asks for what is already being computed waits for that instead."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import Future
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.runtime import Runtime

Compute = Callable[[], Coroutine[Any, Any, Any]]


class SingleFlight:
    """At most one computation per key at a time, over tasks, threads and event loops.

    The computation belongs to all who wait for it: one that is cancelled leaves, the
    last one to leave cancels it.
    """

    def __init__(self, _: Runtime | None = None) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}

    @classmethod
    def current(cls) -> SingleFlight:
        """The one of the current runtime."""
        return runtime.current().service(cls)

    async def run(self, key: Hashable, compute: Compute) -> Any:
        """The result of the running computation of `key`, or else of ``compute()``."""
        while True:
            flight = self._board(key, compute)
            try:
                return await asyncio.wrap_future(flight.result)
            except _AbandonedError:
                if flight.loop is asyncio.get_running_loop() and not flight.abandoned:
                    # The function was cancelled from within: doing it again won't help.
                    raise asyncio.CancelledError from None
            finally:
                self._leave(flight)

    def _board(self, key: Hashable, compute: Compute) -> _Flight:
        with self._lock:
            flight = self._flights.get(key)
            if flight is None or flight.loop.is_closed():
                flight = self._flights[key] = _Flight(compute)
                flight.task.add_done_callback(functools.partial(self._land, key, flight))
            flight.passengers += 1
            return flight

    def _leave(self, flight: _Flight) -> None:
        with self._lock:
            flight.passengers -= 1
            if flight.passengers or flight.result.done():
                return
            flight.abandoned = True
        if not flight.loop.is_closed():
            flight.loop.call_soon_threadsafe(flight.task.cancel)

    def _land(self, key: Hashable, flight: _Flight, task: asyncio.Task[Any]) -> None:
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
        if task.cancelled():
            flight.result.set_exception(_AbandonedError())
        elif error := task.exception():
            flight.result.set_exception(error)
        else:
            flight.result.set_result(task.result())


class _AbandonedError(Exception):
    """All who waited have left, or the event loop that computed has ended."""


class _Flight:
    def __init__(self, compute: Compute) -> None:
        self.loop = asyncio.get_running_loop()
        self.task = runtime.start(compute())
        self.passengers = 0
        self.abandoned = False
        self.result: Future[Any] = Future()
        self.result.set_running_or_notify_cancel()  # so that no passenger can cancel it for all
