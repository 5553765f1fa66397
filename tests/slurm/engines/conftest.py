"""Engines whose jobs run on a real cluster."""

import asyncio

import pytest
from engine_harness import Harness
from engine_systems import double_well_engine
from gromacs_systems import exploding_gromacs_engine, gromacs_engine
from job_helpers import end_all
from slurm.cluster.waiting import wait_until
from slurm.launcher.launching import queued, quick_settings

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager


def gromacs(**changes):
    options = {"launcher": "slurm", "nstout": 50, "changes": {"nstenergy": 50}}
    return gromacs_engine(**options | changes)


def double_well(**changes):
    return double_well_engine(**{"launcher": "slurm", **changes})


def exploding():
    engine = exploding_gromacs_engine()
    engine.launcher = "slurm"
    return engine


HARNESSES = {
    "gromacs": Harness(gromacs, exploding, forever=10**9, start_error=0.0011),
    "openmm": Harness(double_well, exploding, forever=10**10),
}


@pytest.fixture(params=[pytest.param("gromacs", marks=pytest.mark.gromacs), "openmm"])
def harness(request):
    return HARNESSES[request.param]


@pytest.fixture
def runtime(cluster, tmp_path):
    with runtimes.use(runtimes.Runtime(quick_settings(tmp_path / "state"))) as runtime:
        yield runtime


@pytest.fixture
async def manager(cluster, runtime):
    """A job manager that leaves nothing behind, in the queue neither."""
    manager = JobManager.current()
    yield manager
    await end_all(manager)
    await asyncio.to_thread(wait_until, lambda: queued(cluster) == {}, "no job is left")


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "it's $(work)"
    folder.mkdir()
    return folder
