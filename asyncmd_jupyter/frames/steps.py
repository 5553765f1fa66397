"""Step numbers beyond the 32 bit that XTC and TRR files hold."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_PERIOD = 2**32
_USUAL_PS = 0.002
_ROUND_PS = 0.0005  # durations of steps are taken for whole multiples of this
_LONGEST_PS = 0.1
_WELL_APART = 4  # as many times the spacing of the times that a duration means something


def unwrap_steps(raw: NDArray[np.int64], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Undo the wrapping of step numbers at 32 bit.

    From frame to frame the step changes by less than 2^31, in either direction, unless
    the times say otherwise. How often the first step has wrapped already follows from the
    times too, if these count from step 0. Where the frames are not enough to tell the
    length of a step (one alone, or times whose single precision is too coarse), a multiple
    of 0.5 fs is looked for that fits, the one next to 2 fs first. Else the first step is
    taken to lie between 0 and 2^32. No step is ever negative.
    """
    if not len(raw):
        return raw
    elapsed, resolution = np.diff(times), time_resolution(times)
    changes = (np.diff(raw) + _PERIOD // 2) % _PERIOD - _PERIOD // 2
    pace = _pace(changes, elapsed, resolution)
    if pace is not None:
        changes += _PERIOD * pace.missing_wraps(changes, elapsed)
    steps = np.cumsum(np.concatenate((raw[:1] % _PERIOD, changes)), dtype=np.int64)
    steps += _PERIOD * _wraps_before(steps, times, resolution)
    return steps - _PERIOD * min(0, int(np.min(steps)) // _PERIOD)


def wrap_step(step: int) -> int:
    """Give a step as it stands in a file, with 32 bit and a sign."""
    return (step + _PERIOD // 2) % _PERIOD - _PERIOD // 2


class _Pace(NamedTuple):
    """How many steps took how long, by all intervals in which both go the same way."""

    steps: float
    time: float
    resolution: float

    def missing_wraps(
        self, steps: NDArray[np.int64], durations: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Count the wraps that bring numbers of steps into agreement with their durations.

        None where no number of wraps does so: then the times were not counted from step 0;
        and none where several do.
        """
        expected = durations * (self.steps / self.time)
        wraps = np.rint((expected - steps) / _PERIOD)
        uncertainty = self.uncertainty(expected)
        consistent = np.abs(expected - steps - wraps * _PERIOD) <= uncertainty
        consistent &= uncertainty < _PERIOD / 2
        consistent &= np.abs(wraps) < _PERIOD  # not so where damage made a time of it
        return np.where(consistent, wraps, 0).astype(np.int64)

    def uncertainty(self, expected: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much a number of steps may be wrong that follows from a duration."""
        return 2 * self.resolution / self.time * (self.steps + np.abs(expected)) + 1

    def tells(self, duration: float) -> bool:
        """Whether it is precise enough to tell the wraps of so long a duration."""
        expected = np.array([duration * (self.steps / self.time)])
        return bool(self.uncertainty(expected)[0] < _PERIOD / 2)


def _pace(
    changes: NDArray[np.int64], elapsed: NDArray[np.float64], resolution: float
) -> _Pace | None:
    agree = changes * elapsed >= 0
    steps = float(np.sum(np.abs(changes[agree])))
    time = float(np.sum(np.abs(elapsed[agree])))
    known = steps and time > _WELL_APART * resolution and math.isfinite(time)
    return _Pace(steps, time, resolution) if known else None


def time_resolution(times: NDArray[np.float64]) -> float:
    """Spacing of the times that could stand in the file."""
    largest = np.max(np.abs(times))
    with np.errstate(over="ignore", invalid="ignore"):
        single = np.array_equal(times.astype(np.float32), times)
        return float(np.spacing(np.float32(largest) if single else largest))


def _wraps_before(steps: NDArray[np.int64], times: NDArray[np.float64], resolution: float) -> int:
    """Count the wraps before the first step."""
    pace = _pace(np.diff(steps), np.diff(times), resolution)
    if pace is not None and pace.tells(float(times[0])):
        return max(0, int(pace.missing_wraps(steps[:1], times[:1])[0]))
    return _wraps_of_round_duration(steps, times, resolution)


def _wraps_of_round_duration(
    steps: NDArray[np.int64], times: NDArray[np.float64], resolution: float
) -> int:
    first, start = int(steps[0]), float(times[0])
    if not _ROUND_PS * _PERIOD < start < float("inf"):
        return 0
    for duration in _usual_durations():
        wraps = max(0, round((start / duration - first) / _PERIOD))
        if abs((first + wraps * _PERIOD) * duration - start) <= resolution:
            apart = np.abs((steps - first) * duration - (times - start))
            if np.all(apart <= resolution):
                return wraps
    return 0


def _usual_durations() -> list[float]:
    """Of a step in ps, those next to the usual one first."""
    found = (_ROUND_PS * n for n in range(1, round(_LONGEST_PS / _ROUND_PS) + 1))
    return sorted(found, key=lambda duration: abs(math.log(duration / _USUAL_PS)))
