"""Which part of its axes a plot shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from asyncmd_jupyter.jupyter.widgets.panels import Span

SMALLEST = 1e-7  # of the whole range: below that, times in double precision look like stairs


@dataclass(frozen=True)
class Zoom:
    """A part of the axes.

    Attributes
    ----------
    x : (float, float)
        Of a plot over time the times in ps.
    y : (float, float) or None
        None for all that is seen in the range of x.
    """

    x: Span
    y: Span | None = None


def zoom_of(asked: Any) -> Zoom | None:
    """Read what a page asks for; None, and whatever is not a range, stands for the whole."""
    if not isinstance(asked, dict):
        return None
    x, y = _span(asked.get("x")), _span(asked.get("y"))
    return None if x is None else Zoom(x, y)


def _span(given: Any) -> Span | None:
    if not isinstance(given, list) or len(given) != 2:
        return None
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in given):
        return None
    low, high = sorted(map(float, given))
    return (low, high) if high > low else None


def kept_within(asked: Span | None, whole: Span) -> Span:
    """Return the part of a range that there is; the whole where there is none."""
    if asked is None:
        return whole
    low, high = max(asked[0], whole[0]), min(asked[1], whole[1])
    least = SMALLEST * (whole[1] - whole[0])
    if high - low >= least:
        return low, high
    middle = min(max((asked[0] + asked[1]) / 2, whole[0] + least / 2), whole[1] - least / 2)
    return (middle - least / 2, middle + least / 2) if high >= low else whole
