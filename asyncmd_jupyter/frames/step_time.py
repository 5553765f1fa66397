"""How long an MD step is, from steps that are exact and times in single precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.steps import time_resolution

_DIGITS = range(-6, 13)
_DIGITS_OF_STEPS = 5  # hundredths of a femtosecond
_SLACK = 1.01


def time_of_a_step(steps: NDArray[np.int64], times: NDArray[np.float64]) -> float | None:
    """Tell the length of a step in ps; None where steps and times do not fit together.

    Times of 2 us are rounded to 0.125 ps, so differences of times tell little. Where times are
    counted from step 0 they tell the length of a step themselves, to 8 digits; of all lengths
    that fit, the one with the fewest decimals is meant.
    """
    if len(steps) < 2 or not np.all(np.isfinite(times)):
        return None
    half = _SLACK * time_resolution(times) / 2
    since_step_0 = _shortest(_interval(steps, times, half))
    if since_step_0 is not None and since_step_0 == round(since_step_0, _DIGITS_OF_STEPS):
        return since_step_0
    # Times that begin with another time (``tinit``) almost fit, too.
    apart = _shortest(_interval(steps - steps[0], times - times[0], 2 * half))
    return since_step_0 if apart is None else apart


def _interval(
    steps: NDArray[np.int64], times: NDArray[np.float64], uncertainty: float
) -> tuple[float, float] | None:
    """Between which lengths of a step all times are as they are; None if there is none."""
    moved = steps != 0
    if not moved.any() or np.any(np.abs(times[~moved]) > uncertainty):
        return None
    ratio, apart = times[moved] / steps[moved], uncertainty / np.abs(steps[moved])
    low, high = float(np.max(ratio - apart)), float(np.min(ratio + apart))
    return (low, high) if high > 0 and low <= high else None


def _shortest(interval: tuple[float, float] | None) -> float | None:
    """The positive number with the fewest decimals in an interval."""
    if interval is None:
        return None
    low, high = interval
    middle = (low + high) / 2
    for digits in _DIGITS:
        number = round(middle, digits)
        if number > 0 and low <= number <= high:
            return number
    return middle if middle > 0 else None
