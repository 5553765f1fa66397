"""Kernels are killed in each phase of a job; a new one takes over without doing it twice."""

from __future__ import annotations

import asyncio

import pytest
from job_helpers import program, until_up
from slurm.launcher.launching import queued, until
from test_restart import forget_native_ids

from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.process import kill_rest


async def submit(kernel, name, *args, cwd, **options):
    command = program(name, *args, cwd=cwd)
    return await kernel.submit(command, name, launcher="slurm", options=options)


async def killed_within_sbatch(kernel, manager, doorman, work, *, seconds):
    """Kill a kernel whose sbatch goes on and takes its time; returns the id of the job."""
    doorman.delay("sbatch", seconds)
    first = kernel()
    command = program("exit_with", 0, cwd=work)
    asking = asyncio.create_task(first.ask(**first.order(command, launcher="slurm")))
    await until(lambda: doorman.calls("sbatch"))
    await first.kill()
    await asyncio.wait([asking])
    asking.exception()
    [record] = await manager.history()
    assert (record.state, record.native_id) == (JobState.PENDING, None)
    return record.id


async def stored_ids(manager):
    return {record.id: record.native_id for record in await manager.history()}


def submitted(cluster, before):
    return set(cluster.control.squeue()) - before


async def test_sbatch_goes_on_without_its_kernel(kernel, manager, cluster, doorman, work):
    before = set(cluster.control.squeue())
    job_id = await killed_within_sbatch(kernel, manager, doorman, work, seconds=3)
    [job] = await manager.attach()
    assert (job.id, job.state) == (job_id, JobState.PENDING)
    assert submitted(cluster, before) == set()
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.DONE, 0)
    assert submitted(cluster, before) == {record.native_id}


async def test_sbatch_dies_with_its_kernel(kernel, manager, cluster, doorman, work):
    before = set(cluster.control.squeue())
    job_id = await killed_within_sbatch(kernel, manager, doorman, work, seconds=600)
    assert kill_rest({job_id: None})
    [job] = await manager.attach()
    record = await job.wait()
    assert record.state is JobState.LOST
    assert "never ran" in record.reason
    assert submitted(cluster, before) == set()


async def test_cancelled_while_its_kernel_was_dead(kernel, manager, cluster, doorman, work):
    await killed_within_sbatch(kernel, manager, doorman, work, seconds=3)
    [job] = await manager.attach()
    await job.cancel()
    assert (await job.wait()).state is JobState.CANCELLED
    await until(lambda: queued(cluster) == {})


async def test_the_reply_of_sbatch_was_never_stored(kernel, manager, cluster, job_runtime, work):
    before = set(cluster.control.squeue())
    first = kernel()
    up, gate = work / "up", work / "gate"
    await submit(first, "until_file", up, gate, cwd=work)
    await until_up(up)
    await first.kill()
    forget_native_ids(job_runtime.settings)
    [job] = await manager.attach()
    await until(lambda: job.record.native_id)
    gate.touch()
    assert (await job.wait()).state is JobState.DONE
    assert submitted(cluster, before) == {job.record.native_id}


async def test_20_jobs_that_pend_and_run_are_taken_back(kernel, manager, cluster, work):
    before = set(cluster.control.squeue())
    first = kernel()
    gate = work / "gate"
    ups = [work / str(number) for number in range(20)]
    ids = [await submit(first, "until_file", up, gate, cwd=work) for up in ups]
    await asyncio.gather(*map(until_up, ups[:16]))
    await first.kill()
    jobs = await manager.attach()
    assert {job.id for job in jobs} == set(ids)
    assert sorted(job.state.value for job in jobs) == ["pending"] * 4 + ["running"] * 16
    gate.touch()
    records = await asyncio.gather(*(job.wait() for job in jobs))
    assert {record.state for record in records} == {JobState.DONE}
    assert len(submitted(cluster, before)) == 20


async def test_ends_in_the_meantime_are_found(kernel, manager, cluster, work):
    first = kernel()
    good = await submit(first, "exit_with", 0, cwd=work)
    bad = await submit(first, "exit_with", 7, cwd=work)
    by_hand = await submit(first, "exit_with", 0, cwd=work, hold="")
    while None in (natives := await stored_ids(manager)).values():
        await asyncio.sleep(0.01)
    await first.kill()
    cluster.control.run("scancel", natives[by_hand])
    for record in await manager.history():
        if record.id != by_hand:
            await until(record.exit_file().exists)
    await manager.attach()
    ends = {job_id: await manager.job(job_id).wait() for job_id in (good, bad, by_hand)}
    assert (ends[good].state, ends[good].exit_code) == (JobState.DONE, 0)
    assert (ends[bad].state, ends[bad].exit_code) == (JobState.FAILED, 7)
    assert ends[by_hand].state is JobState.CANCELLED


async def test_requeued_in_the_meantime(kernel, manager, cluster, work):
    first = kernel()
    up, gate = work / "up", work / "gate"
    await submit(first, "until_file", up, gate, cwd=work)
    await until_up(up)
    await first.kill()
    [record] = await manager.history()
    up.unlink()
    cluster.control.run("scontrol", "requeue", record.native_id)
    await until_up(up)
    [job] = await manager.attach()
    await until(lambda: (job.record.attempt, job.state) == (1, JobState.RUNNING))
    gate.touch()
    assert (await job.wait()).state is JobState.DONE


@pytest.mark.parametrize("is_known", [True, False], ids=["stored", "not stored"])
async def test_wish_to_cancel_that_was_never_sent(
    kernel, manager, cluster, job_runtime, work, is_known
):
    first = kernel()
    up = work / "up"
    job_id = await submit(first, "until_stop", up, cwd=work)
    await until_up(up)
    await first.kill()
    if not is_known:
        forget_native_ids(job_runtime.settings)
    manager._store.request_cancel([job_id])
    [job] = await manager.attach()
    assert (await job.wait()).state is JobState.CANCELLED
    await until(lambda: queued(cluster) == {})


async def test_two_kernels_share_the_jobs(kernel, manager, work):
    first = kernel()
    mine = await manager.submit(program("exit_with", 0, cwd=work), name="mine", launcher="slurm")
    theirs = await submit(first, "exit_with", 0, cwd=work)
    assert (await mine.wait()).state is JobState.DONE
    assert await first.ask(wait=theirs) == {"state": "done", "exit_code": 0}
    assert await manager.attach() == []
