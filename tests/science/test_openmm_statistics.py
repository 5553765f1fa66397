"""The OpenMM engine's trajectories have the exact statistics of a model potential."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from replicas import (
    BROWNIAN,
    LANGEVIN,
    MASS,
    THERMAL_VELOCITY,
    TIME_STEP,
    Dynamics,
    assert_agrees,
    bootstrap_error,
    force_at,
    in_a_or_b,
    in_b,
    mean_of_censored,
    replica_engine,
    watch,
    write_start,
)

from asyncmd_jupyter.frames.read import read_frame

pytestmark = [pytest.mark.science, pytest.mark.usefixtures("manager")]

N_REPLICAS = 4000
both = pytest.mark.parametrize("dynamics", [LANGEVIN, BROWNIAN], ids=lambda d: d.integrator)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A folder for many frames, which pytest would keep."""
    yield tmp_path
    shutil.rmtree(tmp_path)


async def fraction_to_b(engine, folder: Path, start: Path) -> tuple[float, float]:
    passages = await watch(engine, folder, in_a_or_b, part_time=10, start=start)
    found = passages.in_b.mean()
    return found, np.sqrt(found * (1 - found) / N_REPLICAS)


@both
@pytest.mark.parametrize("x0", [-0.1, -0.05, 0.0, 0.05, 0.1])
async def test_committor(dynamics: Dynamics, x0: float, scratch: Path):
    velocities = np.random.default_rng(1).normal(0, THERMAL_VELOCITY, N_REPLICAS)
    start = write_start(scratch / "start.trr", x0, velocities)
    engine = replica_engine(dynamics, N_REPLICAS, x0, seed=1)
    assert_agrees(*await fraction_to_b(engine, scratch, start), dynamics.committor[x0])


@pytest.mark.parametrize(
    ("x0", "v0", "exact"),
    [(0.0, -2, 0.0811), (0.0, 1, 0.7598), (-0.05, -1, 0.0645), (-0.05, 2, 0.7109)],
)
async def test_committor_depends_on_velocity(x0: float, v0: float, exact: float, scratch: Path):
    velocities = np.full(N_REPLICAS, v0 * THERMAL_VELOCITY)
    start = write_start(scratch / "start.trr", x0, velocities)
    engine = replica_engine(LANGEVIN, N_REPLICAS, x0, seed=1)
    assert_agrees(*await fraction_to_b(engine, scratch, start), (exact, 0.0))


@pytest.mark.parametrize("x0", [-0.25, -0.1])
async def test_velocities_drawn_are_those_of_the_temperature(x0: float, scratch: Path):
    n_replicas = 10_000
    engine = replica_engine(LANGEVIN, n_replicas, x0, seed=1)
    drawn = await engine.generate_velocities(None, scratch / "drawn", workdir=scratch)
    # OpenMM's are half a step old, so that those of the positions' moment are Maxwell's.
    half_kick = 0.5 * TIME_STEP * force_at(x0) / MASS
    v = (read_frame(drawn, 0).velocities[:, 0] + half_kick) / THERMAL_VELOCITY
    for power, exact, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert_agrees((v**power).mean(), np.sqrt(variance / n_replicas), (exact, 0.0))


@both
async def test_mean_exit_time(dynamics: Dynamics, scratch: Path):
    engine = replica_engine(dynamics, N_REPLICAS, 0.0, seed=2)
    times = (await watch(engine, scratch, in_a_or_b, part_time=10)).times
    assert_agrees(times.mean(), times.std() / np.sqrt(N_REPLICAS), dynamics.exit_time)


@both
async def test_mean_first_passage_time(dynamics: Dynamics, scratch: Path):
    engine = replica_engine(dynamics, 2000, -0.25, seed=3)
    exact, _ = dynamics.passage_time
    passages = await watch(engine, scratch, in_b, part_time=20, total_time=0.4 * exact)

    def mean(times):
        return mean_of_censored(times, passages.observed, dynamics.relaxation)

    error = bootstrap_error(mean, passages.times)
    assert_agrees(mean(passages.times), error, dynamics.passage_time)


class TestMeanOfCensoredTimes:
    """The estimator itself, on times of which all is known."""

    @pytest.mark.parametrize("observed", [30.0, 60.0, 200.0])
    def test_unbiased_wherever_the_observation_ends(self, observed: float):
        generator = np.random.default_rng(1)
        times = 4.0 + generator.exponential(50.0, 20_000)
        found = mean_of_censored(np.where(times > observed, np.inf, times), observed, 8.0)
        assert_agrees(found, 54.0 * np.sqrt(2 / 20_000 / (1 - np.exp(-observed / 50))), (54.0, 0.0))

    def test_plain_mean_when_nobody_is_missing(self):
        times = np.array([1.0, 12.0, 20.0, 35.0])
        assert mean_of_censored(times, 40.0, 8.0) == pytest.approx(times.mean())
