"""A toy engine in threads: quick, and with real trajectory files."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

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


@pytest.fixture
def read_only() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    folder.rmdir()
