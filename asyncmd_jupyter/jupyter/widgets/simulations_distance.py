"""How far values are from the bands that conditions wait for. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any

from asyncmd_jupyter.sampling.progress import Band, ConditionSeries, Observable

Aims = tuple[tuple[str, tuple[str, ...] | None], ...]
Values = tuple[float | None, ...]


def distance(value: float, band: Band) -> float:
    """Say how far `value` is from a band, 0 inside; on a circle by the shorter way."""
    period = band.period
    if period is None or not (math.isfinite(band.low) and math.isfinite(band.high)):
        return max(band.low - value, value - band.high, 0.0)
    width = band.high - band.low
    beyond = (value - band.low) % period
    return 0.0 if beyond <= width else min(beyond - width, period - beyond)


def nearest(value: float, bands: Iterable[Band]) -> float:
    """Say how far `value` is from the nearest of several bands."""
    return min(distance(value, band) for band in bands)


def aims_of(series: ConditionSeries) -> Aims:
    """Name what is compared, and with which conditions each is.

    Conditions that compare nothing, but only say yes or no, have None in place of that.
    """
    compared = [(o.name, _conditions(o)) for o in series.observables]
    return (*compared, *((name, None) for name in _without_bands(series)))


def values_of(series: ConditionSeries, reached: Collection[str] = ()) -> Values:
    """Give the last values in the order of `aims_of`.

    Each observable's value is followed by its distances from the bands of its conditions;
    a condition that says yes or no gives 1 or 0. None stands for what is not known.

    Parameters
    ----------
    series : ConditionSeries
    reached : collection of str
        Conditions that ended the walker, which needs no frame where its start fulfilled them.
    """
    values: list[float | None] = []
    for observable in series.observables:
        values.extend(_last(observable))
    for name in _without_bands(series):
        values.append(1.0 if name in reached else _last_word(series.fulfilled[name]))
    return tuple(values)


def _last_word(said: Any) -> float | None:
    return float(said[-1]) if len(said) else None


def _without_bands(series: ConditionSeries) -> list[str]:
    with_bands = {name for o in series.observables for name in _conditions(o)}
    return [name for name in series.fulfilled if name not in with_bands]


def _conditions(observable: Observable) -> tuple[str, ...]:
    return tuple(dict.fromkeys(band.condition for band in observable.bands))


def _last(observable: Observable) -> list[float | None]:
    conditions = _conditions(observable)
    if not len(observable.values) or not math.isfinite(observable.values[-1]):
        return [None] * (1 + len(conditions))
    value = float(observable.values[-1])
    gaps = [
        nearest(value, (band for band in observable.bands if band.condition == name))
        for name in conditions
    ]
    return [four_digits(value), *map(four_digits, gaps)]


def four_digits(value: float) -> float:
    """Round to what is read, so that less of it changes and travels."""
    return float(f"{value:.4g}")
