"""Many lines as one image that says how many of them pass: pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.decimate import Floats

WEAKEST, STRONGEST, LEVELS = 0.16, 0.75, 15
AT_ONCE = 1_000_000  # pieces of lines that are counted together


@dataclass(frozen=True)
class Grid:
    """Where the pixels lie: `columns` from begin to end, `rows` from low to high."""

    columns: int
    rows: int
    end: float
    low: float
    high: float
    period: float | None = None
    begin: float = 0.0


class LineDensity:
    """Counts for each pixel the lines that pass; adding frames costs only these frames."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        # Each piece of a line adds 1 where it begins and -1 below its end; sums fill the rest.
        self._edges = np.zeros((grid.rows + 1) * grid.columns)
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self._n_waiting = 0

    def add(self, times: Floats, values: Floats) -> None:
        """Add a stretch of a line; let it begin with the last frame that was there before."""
        grid = self.grid
        if grid.period is not None:
            values = (values - grid.low) % grid.period + grid.low
        column, row = _places(times, values, grid)
        first, last, rows_from, rows_to = _pieces(column, row, values, grid.period)
        first, rows_from, rows_to = _spread(first, last, rows_from, rows_to)
        top, bottom = np.minimum(rows_from, rows_to), np.maximum(rows_from, rows_to) + 1
        self._waiting.append((top * grid.columns + first, bottom * grid.columns + first))
        self._n_waiting += len(first)
        if self._n_waiting > AT_ONCE:
            self._count()

    def _count(self) -> None:
        """Count what waits: to go through all pixels for each line would take long."""
        if not self._waiting:
            return
        for places, amount in zip(zip(*self._waiting, strict=True), (1.0, -1.0), strict=True):
            found = np.bincount(np.concatenate(places), minlength=len(self._edges))
            self._edges += amount * found
        self._waiting, self._n_waiting = [], 0

    def counts(self) -> Floats:
        """Return the lines in each pixel, shape (rows, columns), lowest values first."""
        self._count()
        edges = self._edges.reshape(self.grid.rows + 1, self.grid.columns)
        counts: Floats = np.cumsum(edges, axis=0)[:-1]
        return counts


def _places(times: Floats, values: Floats, grid: Grid) -> tuple[NDArray[np.int64], ...]:
    good = np.isfinite(values)
    across = (times - grid.begin) * (grid.columns / (grid.end - grid.begin))
    column = np.clip(across, 0, grid.columns - 1)
    height = np.where(good, values - grid.low, 0.0) * (grid.rows / (grid.high - grid.low))
    row = np.where(good, np.clip(height, 0, grid.rows - 1), -1)
    row = np.where((across >= 0) & (across <= grid.columns), row, -1)
    return column.astype(np.int64), row.astype(np.int64)


def _pieces(
    column: NDArray[np.int64], row: NDArray[np.int64], values: Floats, period: float | None
) -> tuple[NDArray[np.int64], ...]:
    """Begin and end of each piece between neighbours, without those that leave the drawing."""
    there = (row[:-1] >= 0) & (row[1:] >= 0)
    if period is not None:
        there &= np.abs(np.diff(values)) <= period / 2
    if len(row) == 1:
        return (column, column, row, row) if row[0] >= 0 else (column[:0],) * 4
    return column[:-1][there], column[1:][there], row[:-1][there], row[1:][there]


def _spread(
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    rows_from: NDArray[np.int64],
    rows_to: NDArray[np.int64],
) -> tuple[NDArray[np.int64], ...]:
    """Cut pieces that cross several columns into one for each column."""
    width = np.maximum(last - first, 1)
    if len(width) == 0 or width.max() == 1:
        return first, rows_from, rows_to
    which = np.repeat(np.arange(len(width)), width)
    place = np.arange(len(which)) - np.repeat(np.cumsum(width) - width, width)
    slope = (rows_to - rows_from)[which] / width[which]
    begin = rows_from[which] + slope * place
    return (
        first[which] + place,
        np.rint(begin).astype(np.int64),
        np.rint(begin + slope).astype(np.int64),
    )


def opacity(counts: Floats) -> Floats:
    """Give opacities, in few levels, in which one line can be seen and states shine through."""
    most = max(2.0, float(counts.max(initial=0.0)))
    share = np.log1p(np.maximum(counts, 0.0)) / np.log1p(most)
    strength = WEAKEST + (STRONGEST - WEAKEST) * np.rint(share * LEVELS) / LEVELS
    return np.where(counts > 0.5, strength, 0.0)
