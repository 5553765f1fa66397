"""Jobs of this machine, which end with the test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()
