"""Threads that may wait for a file system for ever: the server ends all the same."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_Work = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class DaemonThread:
    """Does one thing after the other in a thread that nobody waits for at the exit.

    Those of `concurrent.futures` are waited for, be it for a hanging mount.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._works: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Do something there and give the result."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._works.put((lambda: work(*args), loop, result))
        if self._thread is None:
            self._thread = threading.Thread(target=self._go, name=self._name, daemon=True)
            self._thread.start()
        return await result

    def _go(self) -> None:
        while True:
            _carry_out(*self._works.get())


async def in_daemon(work: Callable[[*Ts], T], *args: *Ts) -> T:
    """Do something in a thread of its own that nobody waits for at the exit."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()
    threading.Thread(
        target=_carry_out,
        args=(lambda: work(*args), loop, result),
        name=f"asyncmd-{getattr(work, '__name__', 'work')}",
        daemon=True,
    ).start()
    return await result


def _carry_out(
    work: Callable[[], Any], loop: asyncio.AbstractEventLoop, result: asyncio.Future[Any]
) -> None:
    try:
        value = work()
    except BaseException as error:
        _tell(loop, result, None, error)
    else:
        _tell(loop, result, value, None)


def _tell(
    loop: asyncio.AbstractEventLoop,
    result: asyncio.Future[Any],
    value: Any,
    error: BaseException | None,
) -> None:
    def put() -> None:
        if result.cancelled():
            return
        if error is None:
            result.set_result(value)
        else:
            result.set_exception(error)

    with suppress(RuntimeError):  # the loop has been closed
        loop.call_soon_threadsafe(put)
