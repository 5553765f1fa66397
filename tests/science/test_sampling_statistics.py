"""Shots through all layers have the exact statistics, however they were stopped."""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from replicas import LANGEVIN, assert_agrees

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.program import run_program
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.testing import DoubleWell, MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.double_well import DoubleWellSimulation
from asyncmd_jupyter.testing.toy_engine import WORKER

pytestmark = pytest.mark.science

N_SHOTS = 150
X0 = 0.05
AN_HOUR, AN_INSTANT = 1.0, 0.01 / 3600


class Unhurried(DoubleWellSimulation):
    """Takes the time per frame that a small molecule takes, so that a live look is in time."""

    def advance(self, n_steps: int) -> None:
        time.sleep(1e-4 * n_steps)
        super().advance(n_steps)


def worker(arguments: Sequence[str], stop: threading.Event) -> None:
    run_program(arguments, stop, Unhurried.from_spec)


@pytest.fixture(autouse=True)
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    runtime.change_settings(max_cores=6, end_local_jobs_on_shutdown=True)
    manager = JobManager.current()
    manager.register(MemoryLauncher({WORKER: worker}))
    yield manager
    await manager.shutdown()


def position(traj: Trajectory) -> np.ndarray:
    """x in nm: a frame ends with position and velocity of its one particle."""
    content = b"".join(path.read_bytes() for path in traj.paths)
    frames = np.frombuffer(content, np.uint8).reshape(len(traj), -1)
    return frames[:, -24:-20].copy().view(">f4")[:, 0].astype(float)


IN_A, IN_B = Within(position, high=-0.2), Within(position, low=0.2)


async def shoot(seed: int, folder: Path, hours: float) -> tuple[int, int]:
    """Steps of the first frame in a state, and which state that is."""
    propagator = ConditionalTrajectoryPropagator(
        [IN_A, IN_B],
        engine_cls=ToyEngine,
        engine_kwargs={"x": X0, "seed": seed, "launcher": "memory"},
        walltime_per_part=hours,
    )
    name = f"shot_{seed}"
    path, state = await propagator.propagate_and_concatenate(
        None, folder, name, tra_out=folder / f"{name}.trr"
    )
    return path.last_step, state


def by_hand(seed: int, folder: Path) -> tuple[int, int]:
    """What `shoot` has to find, with nothing in between."""
    spec = json.loads((folder / f"shot_{seed}.part0001.json").read_text())
    simulation = DoubleWellSimulation(DoubleWell(seed=spec["physics"]["seed"]), part=1)
    simulation.load(Configuration(np.array([[X0, 0.0, 0.0]])))
    simulation.draw_velocities()
    x = X0
    while abs(x) < 0.2:
        simulation.advance(10)
        x = simulation.configuration().positions[0, 0]
    return simulation.step_count, int(x > 0)


async def test_committor_from_shots(tmp_path: Path):
    seeds = range(1000, 1000 + N_SHOTS)
    shots = await asyncio.gather(*(shoot(seed, tmp_path, AN_HOUR) for seed in seeds))
    to_b = np.mean([state for _, state in shots])
    error = math.sqrt(to_b * (1 - to_b) / N_SHOTS)
    assert_agrees(to_b, error, LANGEVIN.committor[X0])
    assert shots == [by_hand(seed, tmp_path) for seed in seeds]


async def test_shots_in_many_parts_are_the_same(tmp_path: Path):
    seeds = range(1000, 1015)
    shots = await asyncio.gather(*(shoot(seed, tmp_path, AN_INSTANT) for seed in seeds))
    assert len(list(tmp_path.glob("*.part0002.trr"))) > 0
    assert shots == [by_hand(seed, tmp_path) for seed in seeds]


async def test_mean_first_passage_time_from_walkers(tmp_path: Path):
    engine = ToyEngine(-0.25, seed=1, launcher="memory")
    run = start_run(
        engine, None, until=[("B", IN_B)], name="passage", n_walkers=60, workdir=tmp_path
    )
    paths = await run
    times = np.array([path.last_time for path in paths])
    assert_agrees(times.mean(), times.std() / math.sqrt(60), LANGEVIN.passage_time)
