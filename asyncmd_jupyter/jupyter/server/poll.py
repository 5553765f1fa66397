"""One loop for all pages, and none while nobody listens."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.server.board import Board
from asyncmd_jupyter.jupyter.server.wire import event

logger = logging.getLogger(__name__)

ALIVE = ": alive\n\n"
_PATIENCE_SECONDS = 3.0


class Listener:
    """One page that is told what changes.

    Parameters
    ----------
    poll : SharedPoll
    others : bool
        Whether it wants to see jobs of the user that are not ours.
    """

    def __init__(self, poll: SharedPoll, others: bool) -> None:
        self._poll = poll
        self.others = others
        self._news = asyncio.Event()
        self._is_closed = False

    async def messages(self, keep_alive: float) -> AsyncIterator[str]:
        """Server-sent events until it is closed.

        Parameters
        ----------
        keep_alive : float
            Seconds after which a sign of life is sent when there is nothing else to say.
        """
        board = await self._poll.board(others=self.others)
        yield event("snapshot", board.snapshot(others=self.others))
        while True:
            has_news = await self._wait(keep_alive)
            if self._is_closed:
                return
            self._news.clear()
            newest = self._poll.newest
            change = newest.change_since(board, others=self.others)
            board = newest
            if change is not None:
                yield event("change", change)
            elif not has_news:
                yield ALIVE

    def tell(self) -> None:
        """There is a newer board."""
        self._news.set()

    def close(self) -> None:
        """End the stream of messages."""
        self._is_closed = True
        self._news.set()
        self._poll.forget(self)

    async def _wait(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._news.wait()
        return False


class SharedPoll:
    """Looks as often as it may while somebody listens.

    Parameters
    ----------
    look : callable
        Gives the newest board; told whether jobs of others are wanted.
    interval : float
        Seconds between two looks.
    """

    def __init__(self, look: Callable[[bool], Awaitable[Board]], interval: float) -> None:
        self._look = look
        self._interval = interval
        self._listeners: set[Listener] = set()
        self._loop: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._looked = -1e9
        self._with_others = False
        self.newest = Board()

    @property
    def is_running(self) -> bool:
        """Whether the loop runs."""
        return self._loop is not None and not self._loop.done()

    def listen(self, *, others: bool) -> Listener:
        """Begin to tell somebody; the loop runs until the last one is closed."""
        listener = Listener(self, others)
        self._listeners.add(listener)
        if not self.is_running:
            self._loop = runtime.start(self._run())
        return listener

    def forget(self, listener: Listener) -> None:
        """Somebody has gone."""
        self._listeners.discard(listener)
        self._wake.set()

    def wake(self) -> None:
        """Look at once: something was changed."""
        self._looked = -1e9
        self._wake.set()

    async def board(self, *, others: bool) -> Board:
        """A board that is not older than the interval."""
        async with self._lock:
            is_old = time.monotonic() - self._looked > self._interval
            if is_old or (others and not self._with_others):
                await self._look_now(others)
            return self.newest

    async def close(self) -> None:
        """End all streams and the loop."""
        for listener in list(self._listeners):
            listener.close()
        if self._loop is not None:
            await asyncio.wait([self._loop], timeout=_PATIENCE_SECONDS)
            self._loop.cancel()  # it hangs with the file system that it looks at

    async def _run(self) -> None:
        # Never cancelled: a look that was begun in a thread would go on beside the next one.
        while self._listeners:
            self._wake.clear()
            async with self._lock:
                await self._look_now(any(listener.others for listener in self._listeners))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._wake.wait()

    async def _look_now(self, others: bool) -> None:
        try:
            board = await self._look(others)
        except Exception:
            # A page that shows what was is better than none; the next look may go well.
            logger.exception("The jobs can't be looked at.")
            board = self._troubled()
        self._looked, self._with_others = time.monotonic(), others
        if board is not self.newest:
            self.newest = board
            for listener in self._listeners:
                listener.tell()

    def _troubled(self) -> Board:
        board = self.newest
        return board if _TROUBLE in board.problems else replace(board, problems=(_TROUBLE,))


_TROUBLE = "The jobs can't be looked at; the log of the Jupyter server says why."
