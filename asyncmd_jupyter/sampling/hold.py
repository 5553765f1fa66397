"""Whether a walker is held: it waits before its next part until it is let go."""

from __future__ import annotations

import asyncio


class HeldError(Exception):
    """Keeps a part from beginning; the propagation is entered again later."""


class Hold:
    """Closed and opened from outside, waited at by the walker.

    Parameters
    ----------
    is_on : bool
        Whether it begins closed.
    """

    def __init__(self, is_on: bool = False) -> None:
        self._is_open = asyncio.Event()
        self._is_quiet = asyncio.Event()
        self.rests = False
        if not is_on:
            self._is_open.set()

    @property
    def is_on(self) -> bool:
        """Whether no part shall begin."""
        return not self._is_open.is_set()

    def close(self) -> None:
        """Let no part begin from now on."""
        self._is_quiet.clear()
        self._is_open.clear()
        if self.rests:
            self._is_quiet.set()

    def open(self) -> None:
        """Let the walker go on."""
        self._is_open.set()

    def check(self) -> None:
        """Raise `HeldError` while it is closed."""
        if self.is_on:
            raise HeldError

    def quieten(self) -> None:
        """Say that nothing is being computed, and nothing will be."""
        self._is_quiet.set()

    async def quiet(self) -> None:
        """Wait until nothing is being computed any more."""
        await self._is_quiet.wait()

    async def rest(self) -> None:
        """Wait until it is opened."""
        self.rests = True
        self.quieten()
        try:
            await self._is_open.wait()
        finally:
            self.rests = False
