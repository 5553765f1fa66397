"""How often frames lie where in a plane of two functions: pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.decimate import Floats

BINS = 72


@dataclass(frozen=True)
class Side:
    """The range of one axis, and after how much its values repeat."""

    low: float
    high: float
    period: float | None = None

    def inside(self, values: Floats) -> Floats:
        """Bring the values of an angle into the range."""
        if self.period is None:
            return values
        wrapped: Floats = (values - self.low) % self.period + self.low
        return wrapped

    def bins(self, values: Floats) -> NDArray[np.int64]:
        """Number of the bin of each value; -1 outside of the range."""
        place = (self.inside(values) - self.low) * (BINS / (self.high - self.low))
        numbers = np.minimum(place, BINS - 1).astype(np.int64)
        return np.where((place >= 0) & (place <= BINS), numbers, -1)


class PlaneCounts:
    """Counts frames in bins; adding frames costs only these frames."""

    def __init__(self, x: Side, y: Side) -> None:
        self.sides = x, y
        self._counts = np.zeros(BINS * BINS)

    def add(self, x: Floats, y: Floats) -> None:
        """Count the frames at which both functions have a value."""
        there = np.isfinite(x) & np.isfinite(y)
        one, other = self.sides
        rows, columns = other.bins(y[there]), one.bins(x[there])
        seen = (rows >= 0) & (columns >= 0)
        places = rows[seen] * BINS + columns[seen]
        self._counts += np.bincount(places, minlength=len(self._counts))

    def counts(self) -> Floats:
        """Return the number of frames in each bin, shape (y, x), lowest values first."""
        return self._counts.reshape(BINS, BINS)


def coarser(counts: Floats) -> Floats:
    """Join bins where there are too few frames to tell their neighbours apart."""
    total = counts.sum()
    factor = 3 if total < 3_000 else 2 if total < 20_000 else 1
    n = BINS // factor
    joined: Floats = counts.reshape(n, factor, n, factor).sum(axis=(1, 3))
    return joined


def free_energy(counts: Floats) -> Floats:
    """Return -ln p in kT above the most frequented bin; NaN where there was no frame."""
    most = counts.max(initial=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        energy: Floats = -np.log(counts / most)
    return np.where(counts > 0, energy + 0.0, np.nan)


def density(counts: Floats, area: float, total: float) -> Floats:
    """Return the share of `total` frames in each bin by the area of all bins; NaN without any."""
    share: Floats = counts * (counts.size / area / max(1.0, total))
    return np.where(counts > 0, share, np.nan)


def without_jumps(x: Floats, y: Floats, sides: tuple[Side, Side]) -> tuple[Floats, Floats]:
    """Lift the pen where an angle goes through the seam."""
    x, y = sides[0].inside(x), sides[1].inside(y)
    jump = np.zeros(max(0, len(x) - 1), dtype=bool)
    for values, side in ((x, sides[0]), (y, sides[1])):
        if side.period is not None:
            jump |= np.abs(np.diff(values)) > side.period / 2
    places = np.flatnonzero(jump) + 1
    return np.insert(x, places, np.nan), np.insert(y, places, np.nan)
