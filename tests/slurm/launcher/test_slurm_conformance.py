"""The tests that every launcher passes, on a real Slurm."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from job_helpers import program, until_up
from slurm.launcher.launching import submit as submit_job
from test_launchers import (  # noqa: F401 - collected here, too
    HOSTILE,
    submit,
    test_a_folder_that_cannot_be_made_refuses_the_job,
    test_asked_to_stop_it_saves_and_is_done,
    test_cancelled,
    test_cancelling_the_submission_cancels_the_job,
    test_exit_code,
    test_many_are_cancelled_at_once,
    test_many_wait_for_one_job,
    test_states_move_forward_and_are_told,
    test_success,
    test_what_it_wrote_last_can_be_read,
)

from asyncmd_jupyter import config
from asyncmd_jupyter.jobs.model import JobState


@pytest.fixture
def launcher():
    return "slurm"


@pytest.fixture(params=[True, False], ids=["arrays", "singles"])
def arrays(request, job_runtime):
    """Both ways to submit."""
    slurm = replace(job_runtime.settings.slurm, job_arrays=request.param)
    job_runtime.change_settings(slurm=slurm)


async def test_arguments_are_data(manager, work, arrays):
    """All of them at once, because jobs take their time here."""
    outs = [work / f"arguments{number}" for number in range(len(HOSTILE))]
    jobs = await asyncio.gather(
        *(
            submit_job(manager, "show_arguments", out, text, "end", cwd=work)
            for out, text in zip(outs, HOSTILE, strict=True)
        )
    )
    records = await asyncio.gather(*(job.wait() for job in jobs))
    assert {record.state for record in records} == {JobState.DONE}
    assert [json.loads(out.read_text()) for out in outs] == [[text, "end"] for text in HOSTILE]
    assert not list(work.rglob("pwned"))


async def test_names_and_folders_are_data(manager, work, arrays):
    names = [text for text in HOSTILE if text]
    for name in names:
        (work / name).mkdir()
    jobs = await asyncio.gather(
        *(
            manager.submit(
                program("show_arguments", work / name / "out", cwd=work / name),
                name=name,
                launcher="slurm",
            )
            for name in names
        )
    )
    records = await asyncio.gather(*(job.wait() for job in jobs))
    assert {record.state for record in records} == {JobState.DONE}
    assert [record.name for record in records] == names
    assert all((work / name / "out").exists() for name in names)
    assert not list(work.rglob("pwned"))


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
