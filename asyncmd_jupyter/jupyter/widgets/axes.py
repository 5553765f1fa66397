"""Ranges, ticks and labels of axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from asyncmd_jupyter.sampling.progress import Band

ANGLES = [1, 1.5, 3, 4.5, 9, 10]


def limits(
    values: Sequence[Any], bands: Sequence[Band], period: float | None
) -> tuple[float, float]:
    """Choose the range of the values' axis: a whole turn for an angle, else all that matters."""
    finite = np.concatenate([v[np.isfinite(v)] for v in values] or [np.empty(0)])
    if period is not None:
        counts_from_0 = len(finite) and finite.min() >= 0 and finite.max() > period / 2
        low = 0.0 if counts_from_0 else -period / 2
        return low, low + period
    known = _with_bands(finite, bands)
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    room = 0.06 * (high - low) or 0.5
    return low - room, high + room


def _with_bands(values: Any, bands: Sequence[Band]) -> Any:
    """Add the edges of bands, but of the two only the near one where the other is far away."""
    sides = [sorted((b.low, b.high), key=lambda e: _distance(e, values)) for b in bands]
    near = [edge for edge, _ in sides if math.isfinite(edge)]
    known = np.concatenate([values, near])
    reach = 5 * float(np.ptp(known)) if len(known) > 1 else math.inf
    far = [edge for other, edge in sides if math.isfinite(edge) and abs(edge - other) <= reach]
    return np.concatenate([known, far])


def _distance(edge: float, values: Any) -> float:
    return float(np.abs(values - edge).min()) if len(values) else abs(edge)


def copies(band: Band, low: float, high: float) -> Iterator[tuple[float, float]]:
    """Yield the visible pieces of a band, which may lie across the seam of an angle."""
    shifts = (0.0,) if band.period is None else (-band.period, 0.0, band.period)
    for shift in shifts:
        start, stop = max(low, band.low + shift), min(high, band.high + shift)
        if start < stop:
            yield start, stop


def set_ticks(axes: Any, period: float | None, which: str = "y") -> None:
    """Put few ticks at numbers that people like."""
    from matplotlib.ticker import MaxNLocator

    whole_turn = period is not None and abs(period - 360) < 1e-6
    axis = axes.yaxis if which == "y" else axes.xaxis
    # Of a whole turn the quarters, and also numbers where one has zoomed into it.
    axis.set_major_locator(MaxNLocator(4, steps=ANGLES) if whole_turn else MaxNLocator(4))
    if which == "y":  # on the left stands the name of the quantity
        axis.set_offset_position("right")


def shortened(name: str, limit: int = 18) -> str:
    """Cut a name that is too long for its place."""
    return name if len(name) <= limit else name[: limit - 1] + "…"


def time_axis(axes: Any, end: float) -> str:
    """Let the axis count in ps or ns and return its label."""
    unit, scale = ("ns", 1000) if end >= 10_000 else ("ps", 1)
    axes.xaxis.set_major_formatter(lambda time, _: f"{time / scale:.10g}")
    return f"time ({unit})"


def rounded_end(end: float) -> float:
    """Round up to a time that stays the end for a while, so that drawings can be added to."""
    step = float(10 ** math.floor(math.log10(end))) / 4
    return math.ceil(end * 1.02 / step) * step
