"""Jobs that wait in Slurm's queue are held and released."""

import asyncio

import pytest
from slurm.launcher.launching import queued, submit, until

from asyncmd_jupyter.errors import JobError, SlurmError
from asyncmd_jupyter.jobs.model import JobState


def reason_of(cluster, job):
    shown = cluster.control.run("scontrol", "show", "job", job.record.native_id)
    return shown.partition("Reason=")[2].split()[0]


async def waiting_jobs(manager, work, n):
    """Jobs behind one that has the whole cluster."""
    options = {"exclusive": "", "nodes": "4"}
    first = await submit(manager, "until_stop", work / "first", cwd=work, **options)
    await until(lambda: first.state is JobState.RUNNING)
    names = [work / f"up{number}" for number in range(n)]
    jobs = await asyncio.gather(
        *(submit(manager, "until_stop", name, cwd=work, **options) for name in names)
    )
    await until(lambda: all(job.record.native_id for job in jobs))
    return first, jobs


async def test_one_job(manager, cluster, work):
    first, (job,) = await waiting_jobs(manager, work, 1)
    await job.hold()
    await job.hold()
    assert job.is_held
    assert reason_of(cluster, job) == "JobHeldUser"
    await until(lambda: "It is held" in job.record.reason)
    await first.cancel()
    await first.wait()
    assert (job.state, job.is_held) == (JobState.PENDING, True)
    await job.release()
    assert not job.is_held
    await until(lambda: job.state is JobState.RUNNING)
    with pytest.raises(JobError, match="runs already"):
        await job.hold()


async def test_tasks_of_an_array(manager, cluster, work):
    first, jobs = await waiting_jobs(manager, work, 3)
    assert all("_" in job.record.native_id for job in jobs), "they are one array"
    held, *others = jobs
    await held.hold()
    await first.cancel()
    for _ in others:
        await until(lambda: any(job.state is JobState.RUNNING for job in others))
        (running,) = [job for job in others if job.state is JobState.RUNNING]
        await running.cancel()
        await running.wait()
    assert (held.state, held.is_held) == (JobState.PENDING, True)
    await held.release()
    await until(lambda: held.state is JobState.RUNNING)


async def test_one_that_began_before_slurm_was_told(manager, cluster, work):
    job = await submit(manager, "until_stop", work / "up", cwd=work)
    native_id = job.record.native_id
    await until(lambda: queued(cluster).get(native_id) == "RUNNING")
    if job.state is JobState.PENDING:
        with pytest.raises(JobError):
            await job.hold()
    launcher = manager._launchers["slurm"]
    with pytest.raises(SlurmError, match="can't hold"):
        await launcher.hold([job.record])
    assert not job.is_held
    assert queued(cluster)[native_id] == "RUNNING"
