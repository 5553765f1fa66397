"""Jobs that wait are held and released."""

import asyncio

import pytest
from job_helpers import program, until, until_up

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.cores import CoreQueue
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobState


@pytest.fixture
def one_core(job_runtime):
    job_runtime.change_settings(max_cores=1)


async def submit(manager, work, name):
    command = program("until_file", work / f"{name}.up", work / f"{name}.gate", cwd=work)
    return await manager.submit(command, name=name)


async def test_a_held_job_is_passed_over_and_keeps_its_place(manager, one_core, work):
    first, second, third = [await submit(manager, work, name) for name in ("a", "b", "c")]
    await second.hold()
    assert second.is_held
    assert (second.state, second.record.reason) == (JobState.WAITING, "It is held.")
    await second.hold()
    (work / "a.gate").touch()
    await until_up(work / "c.up")
    assert (await first.wait()).state is JobState.DONE
    assert not (work / "b.up").exists()
    await second.release()
    assert not second.is_held
    assert second.record.reason == ""
    (work / "c.gate").touch()
    await until_up(work / "b.up")
    await second.release()
    (work / "b.gate").touch()
    assert (await second.wait()).state is JobState.DONE
    assert (await third.wait()).state is JobState.DONE


async def test_release_starts_at_once_and_cancel_ends_a_held_job(manager, one_core, work):
    first = await submit(manager, work, "a")
    second, third = await submit(manager, work, "b"), await submit(manager, work, "c")
    await asyncio.gather(second.hold(), third.hold())
    (work / "a.gate").touch()
    await first.wait()
    await third.cancel()
    assert (await third.wait()).state is JobState.CANCELLED
    assert not third.is_held
    await second.release()
    await until_up(work / "b.up")
    (work / "b.gate").touch()
    await second.wait()


async def test_what_cannot_be_held_is_said(manager, work, job_runtime):
    job = await submit(manager, work, "a")
    await until(lambda: job.state is JobState.RUNNING)
    with pytest.raises(JobError, match=r"'a'\) runs already: only jobs that wait"):
        await job.hold()
    assert not job.is_held
    other = JobManager(job_runtime)
    with pytest.raises(JobError, match="looked after by another kernel"):
        await other.job(job.id).hold()
    (work / "a.gate").touch()
    await job.wait()
    with pytest.raises(JobError, match=r"has ended \(done\)"):
        await job.hold()


async def test_a_job_that_is_being_started_runs_on(manager, work):
    job = await submit(manager, work, "a")
    if job.state is JobState.PENDING:
        with pytest.raises(JobError, match=r"being started|runs already"):
            await job.hold()
    (work / "a.gate").touch()
    assert (await job.wait()).state is JobState.DONE


def test_held_parties_take_no_share():
    queue = CoreQueue()
    for name in "abcd":
        queue.put(name, 1, takes_share=True)
    assert queue.set_held("b", True)
    assert queue.set_held("d", True)
    assert not queue.set_held("x", True)
    assert queue.admit(8) == {"a": 4, "c": 4}
    queue.set_held("b", False)
    queue.release("a")
    assert queue.admit(8) == {"b": 4}
    queue.release("d")
    queue.put("d", 1)
    queue.release("b")
    assert queue.admit(8) == {"d": 1}, "a job of the same name is not held"
