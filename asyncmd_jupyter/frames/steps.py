"""Step numbers beyond the 32 bit that XTC and TRR files hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PERIOD = 2**32


def unwrap_steps(raw: NDArray[np.int64], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Undo the wrapping of step numbers at 32 bit.

    From frame to frame the step changes by less than 2^31, in either direction, unless
    the times say otherwise. How often the first step has wrapped already follows from the
    times too, if these count from step 0 and the frames are enough to tell the length of
    a step; else it is taken to lie between 0 and 2^32.
    """
    if len(raw) < 2:
        return raw % _PERIOD
    changes = np.diff(raw)
    changes = (changes + _PERIOD // 2) % _PERIOD - _PERIOD // 2
    elapsed = np.diff(times)
    changes += _PERIOD * _missing_wraps(changes, elapsed, changes, elapsed, times)
    first = np.array([raw[0] % _PERIOD])
    first += _PERIOD * _missing_wraps(first, times[:1], changes, elapsed, times)
    return np.cumsum(np.concatenate((first, changes)), dtype=np.int64)


def wrap_step(step: int) -> int:
    """Give a step as it stands in a file, with 32 bit and a sign."""
    return (step + _PERIOD // 2) % _PERIOD - _PERIOD // 2


def _missing_wraps(
    steps: NDArray[np.int64],
    durations: NDArray[np.float64],
    changes: NDArray[np.int64],
    elapsed: NDArray[np.float64],
    times: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Count the wraps that bring numbers of steps into agreement with their durations.

    None where no number of wraps does so: then the times were not counted from step 0.
    """
    none = np.zeros(len(steps), dtype=np.int64)
    agree = changes * elapsed >= 0
    total_steps = float(np.sum(np.abs(changes[agree])))
    total_time = float(np.sum(np.abs(elapsed[agree])))
    if not (total_steps and total_time and np.isfinite(total_time)):
        return none
    expected = durations * (total_steps / total_time)
    wraps = np.rint((expected - steps) / _PERIOD)
    resolution = float(np.spacing(np.float32(np.max(np.abs(times)))))  # as in the files
    uncertainty = 2 * resolution / total_time * (total_steps + np.abs(expected)) + 1
    consistent = np.abs(expected - steps - wraps * _PERIOD) <= uncertainty
    consistent &= np.abs(wraps) < _PERIOD  # not so where damage made a time of it
    return np.where(consistent, wraps, none).astype(np.int64)
