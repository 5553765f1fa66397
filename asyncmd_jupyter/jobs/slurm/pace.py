"""How often sbatch may be called, where a user wants to be gentle to the controller."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

_MINUTE = 60.0
_LOOK_SECONDS = 0.1


class Pace:
    """Lets at most so many calls go in any minute; the others wait for their turn.

    Parameters
    ----------
    limit : callable
        Gives that number now; None for any.
    """

    def __init__(self, limit: Callable[[], int | None]) -> None:
        self._limit = limit
        self._calls: deque[float] = deque()

    async def turn(self, is_wanted: Callable[[], bool]) -> bool:
        """Wait until a call may be made, and count it; False if nobody wants it any more."""
        while not self._is_free():
            await asyncio.sleep(_LOOK_SECONDS)
            if not is_wanted():
                return False
        if self._limit() is not None:
            self._calls.append(time.monotonic())
        return True

    def _is_free(self) -> bool:
        limit = self._limit()
        if limit is None:
            self._calls.clear()
            return True
        while self._calls and self._calls[0] < time.monotonic() - _MINUTE:
            self._calls.popleft()
        return len(self._calls) < limit
