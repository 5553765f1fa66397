"""Means and shares with their statistical errors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

MANY = 8  # walkers, which are independent: so many show by themselves how much a mean varies
COARSE = 4096  # means over neighbours have the same mean, and the same error of it
_Z = 1.959964  # of a normal distribution, 95 % lie within so many standard deviations

Floats = NDArray[np.float64]


class Mean(NamedTuple):
    """A mean and its standard error; NaN where one value tells nothing of it.

    Attributes
    ----------
    value : float
    error : float
    """

    value: float
    error: float

    def __str__(self) -> str:
        if not math.isfinite(self.error):
            return f"{self.value:.4g} (one value: no error)"
        if self.error == 0:
            return f"{self.value:.4g} ± 0"
        # Two digits of the error, and as many of the mean as that leaves.
        digits = max(0, 1 - math.floor(math.log10(self.error)))
        return f"{self.value:.{digits}f} ± {self.error:.{digits}f}"


class Share(NamedTuple):
    """A share and the interval in which the true one lies with 95 % confidence.

    Attributes
    ----------
    value, low, high : float
        From 0 to 1.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.0%} (95 % interval: {self.low:.0%} to {self.high:.0%})"


def mean_with_error(values: ArrayLike) -> Mean:
    """Mean of independent values, such as one of each walker, with its standard error.

    Parameters
    ----------
    values : array_like
        One number each; for frames of a trajectory, which resemble their neighbours,
        use `mean_of_frames`.

    Raises
    ------
    ValueError
        Without any value, or where one is not finite.

    Examples
    --------
    >>> print(mean_with_error([38.2, 41.9, 35.1, 44.0]))
    39.8 ± 2.0
    """
    numbers = _numbers(values)
    error = numbers.std(ddof=1) / math.sqrt(len(numbers)) if len(numbers) > 1 else math.nan
    return Mean(float(numbers.mean()), float(error))


def mean_of_frames(*series: ArrayLike) -> Mean:
    """Mean over the frames of one or more walkers, with its standard error.

    Frames resemble their neighbours, so a thousand of them may tell as little as ten. How
    much, is taken from the autocorrelation: N frames are worth N / g independent ones, with
    g = 1 + 2 Σ C(t), summed until C first becomes negative. Where there are many walkers,
    which are independent, the spread of their means tells it without that.

    Parameters
    ----------
    *series : array_like
        Values of all frames in their order, one series for each walker.

    Raises
    ------
    ValueError
        Without any value, or where one is not finite.

    Examples
    --------
    >>> print(mean_of_frames([1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]))
    1.50 ± 0.21
    """
    walkers = [_numbers(one) for one in series if len(np.atleast_1d(one))]
    total = sum(map(len, walkers))
    if not total:
        raise ValueError("There are no values to take the mean of.")
    mean = sum(float(one.sum()) for one in walkers) / total
    if len(walkers) >= MANY:
        return Mean(mean, _error_between(walkers, mean, total))
    return Mean(mean, _error_within(walkers, mean) if total > 1 else math.nan)


def share_with_interval(count: float, total: float) -> Share:
    """Share of independent outcomes, such as of walkers, with its 95 % interval (Wilson).

    Parameters
    ----------
    count, total : float
        So many of so many.

    Raises
    ------
    ValueError
        For no outcomes at all, or a count that is not between 0 and the total.

    Examples
    --------
    >>> print(share_with_interval(4, 6))
    67% (95 % interval: 30% to 90%)
    """
    if not total > 0 or not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is not a share.")
    share, square = count / total, _Z**2
    centre = (share + square / (2 * total)) / (1 + square / total)
    spread = share * (1 - share) / total + square / (4 * total**2)
    half = _Z * math.sqrt(spread) / (1 + square / total)
    return Share(share, max(0.0, centre - half), min(1.0, centre + half))


def share_of_frames(*series: ArrayLike) -> Share:
    """Share of frames in which something holds, of one or more walkers, with its 95 % interval.

    The interval is that of `share_with_interval` for as many independent frames as there
    are by `mean_of_frames`. Where it holds always or never, each walker counts as one.

    Parameters
    ----------
    *series : array_like
        Of bools, one for each frame, one series for each walker.

    Raises
    ------
    ValueError
        Without any frame.
    """
    held = [one for each in series if len(one := np.asarray(each, dtype=np.bool_))]
    total = sum(map(len, held))
    if len(held) >= MANY:
        counts = np.array([np.count_nonzero(one) for one in held], dtype=np.float64)
        share = float(counts.sum()) / total
        error = _error_of_sums(counts - share * np.array(list(map(len, held))), total)
    else:
        share, error = mean_of_frames(*held)
    worth = share * (1 - share) / error**2 if error > 0 else float(len(held))
    worth = min(max(worth, 1.0), float(total))
    return share_with_interval(share * worth, worth)


def _numbers(values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64).ravel()
    if not len(numbers):
        raise ValueError("There are no values to take the mean of.")
    if not np.isfinite(numbers).all():
        raise ValueError(f"Value {int((~np.isfinite(numbers)).argmax())} is not finite.")
    return numbers


def _error_between(walkers: Sequence[Floats], mean: float, total: int) -> float:
    """Standard error by the spread of independent walkers, which may differ in length."""
    return _error_of_sums(np.array([float((one - mean).sum()) for one in walkers]), total)


def _error_of_sums(off: Floats, total: int) -> float:
    """Standard error by how far the sums of independent walkers are off."""
    n = len(off)
    return math.sqrt(float((off**2).sum()) * n / (n - 1)) / total


def _error_within(walkers: Iterable[Floats], mean: float) -> float:
    """Standard error by the autocorrelation of frames, around the mean of all walkers."""
    offs = [_coarse(one) - mean for one in walkers]
    total = sum(map(len, offs))
    products = np.zeros(max(map(len, offs)))
    for off in offs:
        products[: len(off)] += _products(off)
    if total < 2 or products[0] <= 0:
        return 0.0 if total > 1 else math.nan
    negative = np.flatnonzero(products <= 0)
    end = int(negative[0]) if len(negative) else len(products)
    sums = float(products[0] + 2 * products[1:end].sum())
    worth = total * float(products[0]) / sums
    variance = float(products[0]) / max(1, total - 1)
    return math.sqrt(variance / max(1.0, worth))


def _products(off: Floats) -> Floats:
    """Sums of products of values that lie 0, 1, 2, … frames apart."""
    size = 2 * len(off)
    spectrum: Any = np.fft.rfft(off, size)
    found: Floats = np.fft.irfft(np.abs(spectrum) ** 2, size)[: len(off)]
    return found


def _coarse(values: Floats) -> Floats:
    width = -(-len(values) // COARSE)
    if width == 1:
        return values
    starts = np.arange(0, len(values), width)
    means: Floats = np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values)))
    return means
