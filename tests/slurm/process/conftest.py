"""Processes in Slurm as users have them: through the job manager in force."""

import asyncio

import pytest
from job_helpers import end_all
from slurm.cluster.waiting import wait_until
from slurm.launcher.launching import queued, quick_settings

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager


@pytest.fixture
def job_runtime(tmp_path):
    with runtimes.use(runtimes.Runtime(quick_settings(tmp_path / "state"))) as runtime:
        yield runtime


@pytest.fixture
async def manager(cluster, job_runtime):
    """The job manager in force, which leaves nothing behind, in the queue neither."""
    manager = JobManager.current()
    yield manager
    await end_all(manager)
    await asyncio.to_thread(wait_until, lambda: queued(cluster) == {}, "no job is left")


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder
