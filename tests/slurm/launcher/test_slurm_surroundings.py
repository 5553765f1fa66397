"""What is around the jobs: full disks, several clusters, a budget, a rate; alone and in arrays."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from job_helpers import until_up
from slurm.launcher.launching import queued, submit, until

from asyncmd_jupyter.errors import SlurmSubmissionError, SubmissionError
from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.jobs.model import Command, JobState


@pytest.fixture(params=[1, 3], ids=["alone", "array"])
def times(request):
    """How many equal jobs are submitted at once."""
    return request.param


async def submit_all(manager, times, *args, cwd, **options):
    return await asyncio.gather(*(submit(manager, *args, cwd=cwd, **options) for _ in range(times)))


async def states_of(jobs):
    return {record.state for record in await asyncio.gather(*(job.wait() for job in jobs))}


async def test_a_disk_that_fills_up_during_the_jobs(impatient, small_disk, times):
    fill = Command(("bash", "-c", "yes >$RANDOM; exit 3"), small_disk)
    jobs = await asyncio.gather(
        *(impatient.submit(fill, name="fill", launcher="slurm") for _ in range(times))
    )
    assert {(await job.wait()).exit_code for job in jobs} == {3}, "which no file could tell"
    assert await states_of(jobs) == {JobState.FAILED}
    with pytest.raises(SubmissionError, match=r"No space left|There is no room"):
        await submit(impatient, "exit_with", 0, cwd=small_disk)
    for path in small_disk.iterdir():
        if path.is_file():
            path.unlink()
    again = await submit_all(impatient, times, "exit_with", 0, cwd=small_disk)
    assert await states_of(again) == {JobState.DONE}


async def test_a_cluster_that_is_named(manager, cluster, job_runtime, doorman, work, times):
    name = cluster.control.run("scontrol", "show", "config").partition("ClusterName")[2].split()[1]
    job_runtime.change_settings(slurm=replace(job_runtime.settings.slurm, cluster=name))
    good = await submit_all(manager, times, "exit_with", 0, cwd=work)
    held = await submit_all(manager, times, "exit_with", 0, cwd=work, hold="")
    up = work / "up"
    [running] = await submit_all(manager, 1, "until_stop", up, cwd=work)
    assert await states_of(good) == {JobState.DONE}
    await until_up(up)
    await manager.ask_to_stop([job.record for job in (running, held[0])])
    await manager.cancel([job.record for job in held[1:]])
    assert await states_of(held) == {JobState.CANCELLED}
    assert (await running.wait()).state is JobState.DONE
    await until(lambda: queued(cluster) == {})
    assert all(f"--clusters={name}" in call.argv for call in doorman.calls("sbatch"))


async def test_a_cluster_that_does_not_exist(manager, job_runtime, work):
    job_runtime.change_settings(slurm=replace(job_runtime.settings.slurm, cluster="nowhere"))
    with pytest.raises(SlurmSubmissionError, match="nowhere"):
        await submit(manager, "exit_with", 0, cwd=work)


async def test_no_more_than_the_budget(manager, cluster, job_runtime, work, times):
    budget = job_runtime.service(Budget.of)
    budget.grant(1000)
    ups = [work / str(number) for number in range(times)]
    jobs = await asyncio.gather(*(submit(manager, "until_stop", up, cwd=work) for up in ups))
    await asyncio.gather(*map(until_up, ups))
    [held] = await submit_all(manager, 1, "exit_with", 0, cwd=work, hold="")
    await until(lambda: all(job.state is JobState.RUNNING for job in jobs))
    budget.grant(1e-9)
    assert await states_of(jobs) == {JobState.DONE}
    assert {up.read_text() for up in ups} == {"saved"}
    assert (await held.wait()).state is JobState.CANCELLED
    with pytest.raises(SlurmSubmissionError, match="1e-09 core hours in Slurm is used up"):
        await submit(manager, "exit_with", 0, cwd=work)
    budget.grant(None)
    assert (await (await submit(manager, "exit_with", 0, cwd=work)).wait()).exit_code == 0


async def test_the_rate_of_submissions(manager, job_runtime, doorman, work):
    slurm = replace(job_runtime.settings.slurm, max_submissions_per_minute=2)
    job_runtime.change_settings(slurm=slurm)
    jobs = [await submit(manager, "exit_with", 0, cwd=work) for _ in range(2)]
    waiting = asyncio.create_task(submit(manager, "exit_with", 0, cwd=work))
    assert await states_of(jobs) == {JobState.DONE}
    assert not waiting.done()
    assert len(doorman.calls("sbatch")) == 2
    job_runtime.change_settings(slurm=replace(slurm, max_submissions_per_minute=None))
    assert (await (await waiting).wait()).state is JobState.DONE
