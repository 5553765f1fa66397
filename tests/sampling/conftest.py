"""A toy engine in threads: quick, and with real trajectory files."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.testing import MemoryLauncher
from asyncmd_jupyter.testing.toy_worker import main as toy_main


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    runtime.change_settings(max_cores=4)
    manager = JobManager.current()
    manager.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()
