"""Intervals on a line or on a circle."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """All values from `low` to `high`, both included; on a circle if there is a period.

    Attributes
    ----------
    low : float
        On a circle in ``[-period/2, period/2)``.
    high : float
        At least `low`, may reach beyond ``period/2``.
    period : float or None
    """

    low: float
    high: float
    period: float | None = None

    @classmethod
    def make(cls, low: Any, high: Any, period: Any = None) -> Interval:
        """An interval from what a user gave.

        On a circle an infinite limit means half a period, and limits in falling order
        go through the seam: 120 to -160 with a period of 360 is 120 to 200.
        """
        low, high = _number("low", low), _number("high", high)
        if period is None:
            if low > high:
                raise ValueError(f"low={low:g} is above high={high:g}: nothing lies in between.")
            return cls(low, high)
        return cls._on_circle(low, high, _period(period))

    @classmethod
    def _on_circle(cls, low: float, high: float, period: float) -> Interval:
        low = -period / 2 if math.isinf(low) else low
        high = period / 2 if math.isinf(high) else high
        if high - low > period:
            raise ValueError(
                f"low={low:g} and high={high:g} are more than the period of {period:g} apart."
            )
        width = high - low if high >= low else (high - low) % period
        start = _wrapped(low, period)
        return cls(start, start + width, period)

    def contains(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether each value lies in the interval."""
        if self.period is None:
            return np.asarray((values >= self.low) & (values <= self.high))
        wrapped = self.wrap(values)
        inside = (wrapped >= self.low) & (wrapped <= self.high)
        return np.asarray(inside | (wrapped <= self.high - self.period))

    def wrap(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The values within ``[-period/2, period/2)``; those already there stay as they are."""
        values = np.asarray(values, dtype=np.float64)
        if self.period is None:
            return values
        half = self.period / 2
        shifted = (values + half) % self.period - half
        return np.where((values >= -half) & (values < half), values, shifted)

    def pieces(self) -> list[tuple[float, float]]:
        """The interval as one or two stretches within ``[-period/2, period/2]``."""
        if self.period is None:
            return [(self.low, self.high)]
        half = self.period / 2
        if self.high <= half:
            return [(self.low, self.high)]
        return [(-half, self.high - self.period), (self.low, half)]

    def gaps(self) -> list[tuple[float, float]]:
        """What the interval leaves out, as stretches."""
        edge = math.inf if self.period is None else self.period / 2
        gaps, reached = [], -edge
        for low, high in self.pieces():
            if low > reached:
                gaps.append((reached, low))
            reached = max(reached, high)
        return [*gaps, (reached, edge)] if reached < edge else gaps

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}]"


def _wrapped(value: float, period: float) -> float:
    half = period / 2
    return value if -half <= value < half else (value + half) % period - half


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} has to be a number, not {value!r}.")
    if math.isnan(value):
        raise ValueError(f"{name} has to be a number, not nan.")
    return float(value)


def _period(value: Any) -> float:
    period = _number("period", value)
    if not 0 < period < math.inf:
        raise ValueError(f"period has to be positive and finite, not {period:g}.")
    return period
