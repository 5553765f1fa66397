"""The engines that are put through the conformance tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from engine_harness import Harness
from engine_systems import alanine_engine, double_well_engine, exploding_engine
from gromacs_systems import exploding_gromacs_engine, gromacs_engine

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


def gromacs(**parameters) -> Harness:
    def make(**changes):
        return gromacs_engine(**{**parameters, **changes})

    return Harness(make, exploding_gromacs_engine, forever=10**9, start_error=0.0011)


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
    "gromacs-xtc": gromacs(),
    "gromacs-trr": gromacs(output_traj_type="trr"),
    "toy-processes": toy("local"),
    "toy-threads": toy("memory"),
}


def _marks(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.gromacs] if name.startswith("gromacs") else []


@pytest.fixture(params=[pytest.param(name, marks=_marks(name)) for name in HARNESSES])
def harness(request: pytest.FixtureRequest) -> Harness:
    return HARNESSES[request.param]


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    manager.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()
