"""A toy engine in threads: quick, and with real trajectory files."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.mdanalysis import open_universe
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


def position(traj) -> np.ndarray:
    """x of the particle in nm."""
    with open_universe(traj.structure_path, traj.paths) as universe:
        return np.array([ts.positions[0, 0] / 10 for ts in universe.trajectory])


def in_a(traj) -> np.ndarray:
    return position(traj) <= -0.2


def in_b(traj) -> np.ndarray:
    return position(traj) >= 0.2
