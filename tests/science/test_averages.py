"""Errors of means and shares are those that repeating the same would show."""

import math

import numpy as np
import pytest

from asyncmd_jupyter.utils import (
    mean_of_frames,
    mean_with_error,
    share_of_frames,
    share_with_interval,
)


def correlated(rng, n_frames, memory=0.9):
    """An autoregressive process: mean 0, variance 1, g = (1 + memory) / (1 - memory) = 19."""
    noise = rng.normal(size=n_frames) * math.sqrt(1 - memory**2)
    values = np.empty(n_frames)
    value = rng.normal()
    for i in range(n_frames):
        value = values[i] = memory * value + noise[i]
    return values


def test_a_mean_of_independent_values():
    assert mean_with_error([1.0, 2.0, 3.0, 4.0]) == pytest.approx((2.5, math.sqrt(5 / 12)))
    assert str(mean_with_error([38.2, 41.9, 35.1, 44.0])) == "39.8 ± 2.0"
    assert str(mean_with_error([2e-4, 4e-4])) == "0.00030 ± 0.00010"
    assert str(mean_with_error([5.0, 5.0])) == "5 ± 0"
    assert "no error" in str(mean_with_error([5.0]))


@pytest.mark.parametrize("n_walkers", [1, 3, 12])
def test_frames_that_resemble_each_other_count_less(n_walkers):
    rng = np.random.default_rng(1)
    n_frames, found, means = 2000, [], []
    for _ in range(60):
        mean = mean_of_frames(*(correlated(rng, n_frames) for _ in range(n_walkers)))
        found.append(mean.error)
        means.append(mean.value)
    true = math.sqrt(19 / (n_frames * n_walkers))
    assert np.median(found) == pytest.approx(true, rel=0.15)
    assert np.std(means) == pytest.approx(true, rel=0.3)


def test_many_frames_are_taken_together_without_a_change():
    rng = np.random.default_rng(2)
    values = correlated(rng, 20_000)
    assert mean_of_frames(values).error == pytest.approx(math.sqrt(19 / 20_000), rel=0.3)


def test_walkers_that_never_change_are_one_value_each():
    found = mean_of_frames(np.zeros(500), np.ones(500), np.zeros(500))
    assert 0.2 < found.error < 0.5
    share = share_of_frames(np.ones(500, bool), np.ones(300, bool))
    assert share == share_with_interval(2, 2)


def test_a_share_has_the_interval_of_wilson():
    assert share_with_interval(4, 6) == pytest.approx((2 / 3, 0.29999, 0.90323), abs=1e-4)
    assert share_with_interval(0, 10)[1:] == pytest.approx((0.0, 0.27753), abs=1e-4)
    assert str(share_with_interval(4, 6)) == "67% (95 % interval: 30% to 90%)"
    # 95 of 100 intervals hold the true share.
    rng = np.random.default_rng(3)
    hits = rng.binomial(20, 0.3, size=2000)
    intervals = [share_with_interval(int(one), 20) for one in hits]
    assert np.mean([one.low <= 0.3 <= one.high for one in intervals]) > 0.93


def test_the_interval_of_a_share_of_frames_holds_the_true_one():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(100):
        share = share_of_frames(correlated(rng, 1000) > 0.5)
        held += share.low <= 0.3085 <= share.high
    assert held > 85


@pytest.mark.parametrize("bad", [[], [1.0, math.nan], [math.inf]])
def test_what_has_no_mean(bad):
    for mean in (mean_with_error, mean_of_frames):
        with pytest.raises(ValueError, match=r"no values|not finite"):
            mean(bad)


@pytest.mark.parametrize(("count", "total"), [(1, 0), (-1, 4), (5, 4), (math.nan, 4)])
def test_what_is_no_share(count, total):
    with pytest.raises(ValueError, match="is not a share"):
        share_with_interval(count, total)
