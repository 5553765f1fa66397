"""Publish and subscribe. Knows no event class: each room owns the events it publishes."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

E = TypeVar("E")


class EventBus:
    """Hands published objects to the subscribers of their class.

    Handlers run synchronously in the publishing thread and have to be quick; what they
    raise is logged and never reaches the publisher, because a broken plot must not end
    a simulation.
    """

    def __init__(self) -> None:
        self._handlers: list[tuple[tuple[type, ...], Callable[[Any], None]]] = []

    def publish(self, event: object) -> None:
        """Call all handlers that subscribed to the class of `event`."""
        for kinds, handler in tuple(self._handlers):
            if isinstance(event, kinds):
                try:
                    handler(event)
                except Exception:
                    logger.exception("A subscriber failed on %r", event)

    def subscribe(self, handler: Callable[[E], None], *kinds: type[E]) -> Callable[[], None]:
        """Call `handler` with each event of the given classes.

        Returns
        -------
        Callable
            Ends the subscription; calling it again does nothing.
        """
        entry = (kinds, handler)
        self._handlers.append(entry)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._handlers.remove(entry)

        return unsubscribe

    async def stream(self, *kinds: type[E]) -> AsyncGenerator[E, None]:
        """Iterate over the events of the given classes published from now on."""
        import asyncio  # takes long, and those who never look at events do not need it

        queue: asyncio.Queue[E] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(event: E) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, event)

        unsubscribe = self.subscribe(put, *kinds)
        try:
            while True:
                yield await queue.get()
        finally:
            unsubscribe()
