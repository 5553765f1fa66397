"""Long series as few points as there are pixels: pure functions on arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Polyline(NamedTuple):
    """Points to be joined by lines; NaN lifts the pen."""

    x: Floats
    y: Floats


def decimate(times: Floats, values: Floats, columns: int, period: float | None = None) -> Polyline:
    """Keep first, lowest, highest and last value of each pixel column.

    Parameters
    ----------
    times, values : NDArray
        One entry a frame, times in order.
    columns : int
        Width of the drawing in pixels.
    period : float, optional
        The line is interrupted where the values jump by more than half of it.
    """
    if not len(times):
        empty = np.empty(0)
        return Polyline(empty, empty)
    jumps = _jumps(values, period)
    starts = np.unique(np.concatenate([_column_starts(times, columns), jumps]))
    last = np.append(starts[1:], len(times)) - 1
    lift = np.where(np.isin(last + 1, jumps), np.nan, 0.0)
    low, high = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    x = np.stack([times[i] for i in (starts, starts, starts, last)] + [times[last] + lift])
    y = np.stack([values[starts], low, high, values[last], values[last] + lift])
    return Polyline(x.T.ravel(), y.T.ravel())


def fulfilled_share(
    times: Floats, fulfilled: NDArray[np.bool_], span: tuple[float, float], columns: int
) -> Floats:
    """Share of the frames of each pixel column that fulfil a condition; NaN without frames."""
    if not len(times):
        return np.full(columns, np.nan)
    edges = np.linspace(*span, columns + 1)
    first = np.maximum(np.searchsorted(times, edges[:-1], "right") - 1, 0)
    stop = np.maximum(np.searchsorted(times, edges[1:], "left"), first + 1)
    total = np.concatenate([[0], np.cumsum(fulfilled)])
    share: Floats = (total[stop] - total[first]) / (stop - first)
    interval = times[-1] - times[-2] if len(times) > 1 else span[1]
    share[edges[:-1] > times[-1] + interval] = np.nan
    share[edges[1:] < times[0]] = np.nan
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
