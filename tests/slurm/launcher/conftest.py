"""A job manager on a real cluster."""

import asyncio

import pytest
from job_helpers import Kernel, end_all
from slurm.cluster.waiting import wait_until
from slurm.launcher.launching import queued, quick_settings

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.verdict import Grace


@pytest.fixture
def job_runtime(tmp_path):
    with runtimes.use(runtimes.Runtime(quick_settings(tmp_path / "state"))) as runtime:
        yield runtime


@pytest.fixture
async def manager(cluster, job_runtime):
    """A job manager that leaves nothing behind, in the queue neither."""
    manager = JobManager(job_runtime)
    yield manager
    await end_all(manager)
    # A job whose end was seen by its file may still be ending in the queue.
    await asyncio.to_thread(wait_until, lambda: queued(cluster) == {}, "no job is left")


@pytest.fixture
def impatient(manager, job_runtime):
    """The job manager with a launcher that waits less for files that may come late."""
    grace = Grace(explained=0.5, unexplained=2, cleaning=20)
    manager.register(SlurmLauncher(lambda: job_runtime.settings.slurm, grace=grace))
    return manager


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def kernel(cluster, job_runtime):
    """Starts other processes with a job manager on the same store."""
    kernels = []

    def start():
        kernels.append(Kernel(job_runtime.settings))
        return kernels[-1]

    yield start
    for each in kernels:
        each.close()
