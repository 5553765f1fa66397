"""The engines that are put through the conformance tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from engine_harness import Harness
from engine_systems import alanine_engine, double_well_engine, exploding_engine

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.toy_worker import main as toy_main


def toy(launcher: str) -> Harness:
    def make(**changes):
        return ToyEngine(**{"seed": 7, "launcher": launcher, **changes})

    return Harness(
        make=make,
        make_unstable=lambda: ToyEngine(timestep=5.0, launcher=launcher),
        forever=10**9,
        has_processes=launcher == "local",
    )


HARNESSES = {
    "openmm-reference": Harness(alanine_engine, exploding_engine, forever=10**8),
    "openmm-xtc": Harness(
        lambda **changes: alanine_engine(output_traj_type="xtc", **changes),
        exploding_engine,
        forever=10**8,
    ),
    "openmm-cpu": Harness(
        lambda **changes: alanine_engine(platform="CPU", **changes), exploding_engine, forever=10**8
    ),
    "openmm-model-potential": Harness(double_well_engine, exploding_engine, forever=10**10),
    "toy-processes": toy("local"),
    "toy-threads": toy("memory"),
}


@pytest.fixture(params=HARNESSES)
def harness(request: pytest.FixtureRequest) -> Harness:
    return HARNESSES[request.param]


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    manager.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()
