"""Step numbers beyond the 32 bit that XTC and TRR files hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PERIOD = 2**32


def unwrap_steps(raw: NDArray[np.int64], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Undo the wrapping of step numbers at 32 bit.

    From frame to frame the step changes by less than 2^31, in either direction. How
    often the first step has wrapped already follows from the times, if these count from
    step 0 and the frames are enough to tell the length of a step; else it is taken to
    lie between 0 and 2^32.
    """
    if not len(raw):
        return np.zeros(0, dtype=np.int64)
    half = _PERIOD // 2
    changes = (np.diff(raw) + half) % _PERIOD - half
    first = np.int64(raw[0] % _PERIOD)
    steps = first + np.concatenate(([0], np.cumsum(changes)))
    return np.asarray(steps + _PERIOD * _wraps_before(steps, times), dtype=np.int64)


def _wraps_before(steps: NDArray[np.int64], times: NDArray[np.float64]) -> int:
    span_steps = int(steps[-1] - steps[0])
    span_time = float(times[-1] - times[0])
    if span_steps == 0 or span_time == 0 or not np.isfinite(span_time):
        return 0
    estimate = float(times[0]) * span_steps / span_time
    wraps = round((estimate - int(steps[0])) / _PERIOD)
    off = abs(estimate - int(steps[0]) - wraps * _PERIOD)
    resolution = float(np.spacing(np.float32(np.max(np.abs(times[[0, -1]])))))  # as in the files
    uncertainty = resolution * (abs(span_steps) + abs(estimate)) / abs(span_time)
    return wraps if off <= uncertainty + 1 else 0
