"""Long series as few points as there are pixels: pure functions on arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Polyline(NamedTuple):
    """Points to be joined by lines; NaN lifts the pen. `odd` tells parts from their next."""

    x: Floats
    y: Floats
    odd: NDArray[np.bool_]


def decimate(
    times: Floats, values: Floats, parts: Ints, columns: int, period: float | None = None
) -> Polyline:
    """Keep first, lowest, highest and last value of each pixel column.

    Parameters
    ----------
    times, values, parts : NDArray
        One entry a frame, times in order.
    columns : int
        Width of the drawing in pixels.
    period : float, optional
        The line is interrupted where the values jump by more than half of it.
    """
    if not len(times):
        empty = np.empty(0)
        return Polyline(empty, empty, empty.astype(bool))
    jumps = _jumps(values, period)
    changes = np.flatnonzero(np.diff(parts)) + 1
    starts = np.unique(np.concatenate([_column_starts(times, columns), changes, jumps]))
    last = np.append(starts[1:], len(times)) - 1
    joined = np.where(np.isin(starts, changes) & ~np.isin(starts, jumps), starts - 1, starts)
    lift = np.where(np.isin(last + 1, np.append(jumps, changes)), np.nan, 0.0)
    low, high = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    x = np.stack([times[i] for i in (joined, starts, starts, starts, last)] + [times[last] + lift])
    y = np.stack([values[joined], values[starts], low, high, values[last], values[last] + lift])
    odd = np.repeat(parts[starts] % 2 == 1, 6)
    return Polyline(x.T.ravel(), y.T.ravel(), odd)


def fulfilled_share(
    times: Floats, fulfilled: NDArray[np.bool_], end: float, columns: int
) -> Floats:
    """Share of the frames of each pixel column that fulfil a condition; NaN without frames."""
    if not len(times):
        return np.full(columns, np.nan)
    edges = np.linspace(0.0, end, columns + 1)
    first = np.maximum(np.searchsorted(times, edges[:-1], "right") - 1, 0)
    stop = np.maximum(np.searchsorted(times, edges[1:], "left"), first + 1)
    total = np.concatenate([[0], np.cumsum(fulfilled)])
    share: Floats = (total[stop] - total[first]) / (stop - first)
    interval = times[-1] - times[-2] if len(times) > 1 else end
    share[edges[:-1] > times[-1] + interval] = np.nan
    return share


def _column_starts(times: Floats, columns: int) -> Ints:
    if len(times) <= 2 * columns:
        return np.arange(len(times))
    edges = np.linspace(times[0], times[-1], columns + 1)[:-1]
    return np.unique(np.searchsorted(times, edges)).astype(np.int64)


def _jumps(values: Floats, period: float | None) -> Ints:
    if period is None:
        return np.empty(0, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        return np.flatnonzero(np.abs(np.diff(values)) > period / 2) + 1
