"""The tests that every launcher passes, on a real Slurm."""

from __future__ import annotations

import asyncio

import pytest
from job_helpers import until_up
from test_launchers import (  # noqa: F401 - collected here, too
    submit,
    test_a_folder_that_cannot_be_made_refuses_the_job,
    test_arguments_are_data,
    test_asked_to_stop_it_saves_and_is_done,
    test_cancelled,
    test_cancelling_the_submission_cancels_the_job,
    test_exit_code,
    test_many_are_cancelled_at_once,
    test_many_wait_for_one_job,
    test_names_and_folders_are_data,
    test_states_move_forward_and_are_told,
    test_success,
    test_what_it_wrote_last_can_be_read,
)

from asyncmd_jupyter import config
from asyncmd_jupyter.jobs.model import JobState


@pytest.fixture
def launcher():
    return "slurm"


async def test_the_limit_on_jobs_holds_and_may_change(manager, launcher, work, job_runtime):
    config.set_slurm_max_jobs(2)
    ups, gates = ([work / f"{kind}{number}" for number in range(4)] for kind in ("up", "gate"))
    jobs = [
        await submit(manager, launcher, "until_file", up, gate, cwd=work)
        for up, gate in zip(ups, gates, strict=True)
    ]
    await asyncio.gather(until_up(ups[0]), until_up(ups[1]))
    assert [job.state for job in jobs[2:]] == [JobState.WAITING] * 2
    config.set_slurm_max_jobs(3)
    await until_up(ups[2])
    assert jobs[3].state is JobState.WAITING
    await jobs[3].cancel()
    assert "before it was started" in (await jobs[3].wait()).reason
    config.set_slurm_max_jobs(None)
    for gate in gates:
        gate.touch()
    records = await asyncio.gather(*(job.wait() for job in jobs[:3]))
    assert {record.state for record in records} == {JobState.DONE}
