from dataclasses import replace
from datetime import timedelta

import job_programs
import pytest
from job_helpers import Kernel, end_all

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.settings import Settings
from asyncmd_jupyter.testing import MemoryLauncher


@pytest.fixture
def settings(tmp_path):
    return Settings(tmp_path / "state", 4, 1, cancel_grace=timedelta(seconds=1))


@pytest.fixture
def job_runtime(settings):
    with runtimes.use(runtimes.Runtime(settings)) as runtime:
        yield runtime


@pytest.fixture
async def manager(job_runtime):
    """A job manager that leaves nothing behind, whatever the test did."""
    manager = JobManager(job_runtime)
    manager.register(MemoryLauncher({"job_programs": job_programs.main}))
    yield manager
    await end_all(manager)


@pytest.fixture(params=["local", "memory"])
def launcher(request):
    """Every launcher that has to behave alike. A new one is added here."""
    return request.param


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def kernel(settings):
    kernels = []

    def start(*flags, **changes):
        kernels.append(Kernel(replace(settings, **changes), *flags))
        return kernels[-1]

    yield start
    for each in kernels:
        each.close()
