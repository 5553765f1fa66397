"""How fast a part grows, from what was seen of it."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_PER_DAY = 86_400.0


class Speed:
    """MD steps per second of wall time since the first frame that was seen."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first: tuple[int, float, float] | None = None
        self._last: tuple[int, float, float] | None = None

    def seen(self, step: int, time: float = 0.0) -> None:
        """The frame of this step, at this time in ps, is on disk now."""
        self._last = (step, self._now(), time)
        if self._first is None:
            self._first = self._last

    @property
    def steps_per_second(self) -> float | None:
        """None until two moments can be compared."""
        if self._first is None or self._last is None or self._last[1] <= self._first[1]:
            return None
        return (self._last[0] - self._first[0]) / (self._last[1] - self._first[1])

    def ns_per_day(self, dt: float | None) -> float | None:
        """Simulated time per day for a time step in ps, without one by the times of frames."""
        speed = self.steps_per_second
        if speed is None or self._first is None or self._last is None:
            return None
        if dt is None:
            took = self._last[1] - self._first[1]
            return (self._last[2] - self._first[2]) / took * SECONDS_PER_DAY / 1000
        return speed * dt * SECONDS_PER_DAY / 1000

    def seconds_left(self, step: int, last_step: int | None) -> float | None:
        """Wall time from `step` to `last_step`."""
        speed = self.steps_per_second
        return None if not speed or last_step is None else max(0, last_step - step) / speed
