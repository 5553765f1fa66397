"""Whole numbers of steps, frames and other things that are counted."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any


def as_count(value: Any) -> int | None:
    """The value as an int, if it is a whole number: also ``1e6`` and numbers of numpy.

    None for anything else: half a step, bools, texts.
    """
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        pass
    is_whole = isinstance(value, Real) and math.isfinite(value) and value == math.floor(value)
    return int(value) if is_whole else None


def frames_told(n_frames: int) -> str:
    """Write how many frames there are, and by which numbers they are called."""
    if n_frames == 1:
        return "1 frame, number 0"
    return f"{n_frames} frames, 0 to {n_frames - 1} (or -1 for the last one)"
