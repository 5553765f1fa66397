"""Functions whose jobs run on a real cluster."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from job_helpers import end_all
from sampling.function_programs import function
from slurm.cluster.waiting import wait_until
from slurm.launcher.launching import QUICK, queued

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.settings import Settings


@pytest.fixture
def runtime(cluster, private_folders):
    """One whose state other kernels share."""
    settings = replace(Settings.from_environment(), slurm=QUICK)
    with runtimes.use(runtimes.Runtime(settings)) as runtime:
        yield runtime


@pytest.fixture
async def manager(cluster, runtime):
    """A job manager that leaves nothing behind, in the queue neither."""
    manager = JobManager.current()
    yield manager
    await end_all(manager)
    await asyncio.to_thread(wait_until, lambda: queued(cluster) == {}, "no job is left")


@pytest.fixture
def tool(manager, tmp_path):
    """Makes the function that is used most: the x of each frame."""

    def make(**options):
        return function(tmp_path, launcher="slurm", **options)

    return make
