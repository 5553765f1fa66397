"""A job manager of its own for each test of triage, and a job that failed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()


@pytest.fixture
def job(tmp_path, runtime):
    """A failed part of a simulation, without files."""
    folder = tmp_path / "job"
    folder.mkdir()
    now = datetime.now(UTC)
    return JobRecord(
        "abc",
        "sim.part0002",
        "slurm",
        Command(("gmx", "mdrun"), tmp_path),
        folder,
        state=JobState.FAILED,
        exit_code=1,
        reason="The command ended with exit code 1.",
        submitted=now - timedelta(minutes=5),
        ended=now,
        tags={"engine": "GmxEngine", "files": str(tmp_path / "sim"), "part": "2"},
    )
