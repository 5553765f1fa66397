"""What all views have in common: they listen, and draw only as often as is of use."""

from __future__ import annotations

import asyncio
import logging
import time
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, ClassVar, Self

from asyncmd_jupyter import runtime
from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jupyter.widgets.shown import WIDGET_MIME, Bundle, Shown

__all__ = ["WIDGET_MIME", "Bundle", "LiveView"]

logger = logging.getLogger(__name__)


class LiveView(Shown):
    """Something on the screen that follows events of the runtime.

    An event only marks the view as dirty. One task of its own then refreshes it, at most
    four times a second and, as long as that means a pause of one second at most, for no
    more than a fifth of the time: slow drawing slows the view down, not the simulation.

    Parameters
    ----------
    events : EventBus, optional
        Where to listen; the current runtime's by default.
    """

    interval: ClassVar[float] = 0.25
    busy_share: ClassVar[float] = 0.2
    longest_pause: ClassVar[float] = 1.0
    save_interval: ClassVar[float] = 10.0
    kinds: ClassVar[tuple[type, ...]] = ()

    def __init__(self, events: EventBus | None = None) -> None:
        super().__init__()
        self._events = runtime.current().events if events is None else events
        self._dirty = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._has_drawn = False
        self._saved_at = time.monotonic()
        self._saved_text = ""
        self.error = ""

    @abstractmethod
    async def refresh(self) -> None:
        """Bring the newest state on the screen; draw and read files in threads."""

    def concerns(self, event: Any) -> bool:
        """Whether `event` makes this view dirty."""
        return True

    def show_error(self, message: str) -> None:
        """Tell the reader why the view does not go on; empty when it does again."""

    @property
    def task(self) -> asyncio.Task[None] | None:
        """Ends when the final state is on the screen; None before `open`."""
        return self._task

    def open(self) -> Self:
        """Start to follow. Without a running event loop the view stays a still picture."""
        if self._task is None:
            with suppress(RuntimeError):
                self._loop = asyncio.get_running_loop()
                self._start()
        return self

    def close(self) -> None:
        """Stop to follow; what is shown stays. Calling it again does nothing."""
        self._stop_listening()
        if self._task is not None and not self._task.done():
            self._task.cancel()

    async def aclose(self) -> None:
        """Stop to follow and wait until the view's tasks have ended."""
        self.close()
        tasks = [t for t in (self._task, *self._chores) if t is not None]
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def has_ended(self) -> bool:
        """Whether the final state has been drawn."""
        return self.is_final() and (self._task is None or self._task.done())

    async def closed(self) -> None:
        """Wait until the view has drawn its final state (or was closed)."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def mark_dirty(self) -> None:
        """Ask for a refresh, from whatever thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def run_in_background(self, work: Awaitable[None]) -> None:
        """Run the answer to a button; its error is shown like one of a refresh."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                self._report(error)

        # JupyterLab may have buttons answered in another thread, whose loop knows no run.
        loop = self._loop_of_chores()
        if loop is _running_loop():
            self._begin(guarded())
        else:
            loop.call_soon_threadsafe(self._begin, guarded())

    def _loop_of_chores(self) -> asyncio.AbstractEventLoop:
        if self._loop is not None and not self._loop.is_closed():
            return self._loop
        return asyncio.get_running_loop()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = runtime.start(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    def _bundle(self) -> Bundle:
        self.open()
        return super()._bundle()

    def _start(self) -> None:
        if self.kinds:
            self._unsubscribe = self._events.subscribe(self._on_event, *self.kinds)
        self._dirty.set()
        self._task = runtime.start(self._keep_fresh(), name=f"{type(self).__name__} refresh")

    def _wake(self) -> None:
        """Refresh; also after the end, when the page changed its size or theme."""
        self._dirty.set()
        task = self._task
        if self._loop and task and task.done() and not task.cancelled():
            self._task = runtime.start(self._keep_fresh())

    def _stop_listening(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _on_event(self, event: Any) -> None:
        if self.concerns(event):
            self.mark_dirty()

    async def _keep_fresh(self) -> None:
        try:
            # What was asked for during the last refresh has to be done, too.
            while not await self._refresh_once() or self._dirty.is_set():
                pass
            if not (self.is_saved or self.saved_elsewhere):
                self.save()
                # What executes cells without a page hears only of the one that it executes.
                self.is_saved = self.has_page
        finally:
            self._stop_listening()

    async def _refresh_once(self) -> bool:
        await self._dirty.wait()
        self._dirty.clear()
        final = self.is_final()
        started = time.perf_counter()
        try:
            await self.refresh()
            self._recover()
            self._save_now_and_then()
        except Exception as error:
            self._report(error)
        if not final:
            await self._pause(time.perf_counter() - started)
        return final

    def _save_now_and_then(self) -> None:
        """Let the notebook have a late state too, where the page is not disturbed by it."""
        if not self.is_kept_by_page or time.monotonic() - self._saved_at < self.save_interval:
            return
        self._saved_at = time.monotonic()
        if (text := self.text()) != self._saved_text:
            self._saved_text = text
            self.save()

    async def _pause(self, spent: float) -> None:
        """Wait after a refresh that took `spent` seconds; less when the end has come.

        The first one may have imported much, so it says nothing about the next.
        """
        is_first, self._has_drawn = not self._has_drawn, True
        left = 0.0 if is_first else min(self.longest_pause, spent * (1 / self.busy_share - 1))
        await asyncio.sleep(self.interval)
        while left > self.interval and not self.is_final():
            await asyncio.sleep(self.interval)
            left -= self.interval

    def _report(self, error: Exception) -> None:
        message = f"{type(error).__name__}: {error}"
        if message != self.error:
            logger.error("%s could not be refreshed", type(self).__name__, exc_info=error)
        self.error = message
        self.show_error(message)

    def _recover(self) -> None:
        if self.error:
            self.error = ""
            self.show_error("")


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
