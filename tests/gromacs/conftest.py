"""What tests with GROMACS share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.jobs.manager import JobManager


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()


@pytest.fixture
def make_mdp(tmp_path: Path) -> Callable[..., MDP]:
    """Write a parameter file and read it."""

    def make(content: str | bytes, name: str = "md.mdp") -> MDP:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return MDP(file)

    return make
