from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from frame_samples import write_gro, write_xdr

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import JobManager

N_FRAMES, N_ATOMS = 7, 12


@pytest.fixture(params=["trr", "xtc"])
def trajectory(request, tmp_path: Path) -> Trajectory:
    """Seven frames, every 0.02 ps."""
    source = write_xdr(tmp_path / f"a.{request.param}", N_FRAMES, N_ATOMS)
    return Trajectory(source, write_gro(tmp_path / "a.gro", N_ATOMS))


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    yield manager
    await manager.shutdown()
