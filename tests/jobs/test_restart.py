"""Kernels die and others take over: real processes that are really killed."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from job_helpers import processes_of, program, until, until_up

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.process import kill_rest


async def test_running_job_is_found_and_followed(kernel, manager, work):
    first = kernel()
    up, gate = work / "up", work / "gate"
    job_id = await first.submit(program("until_file", up, gate, cwd=work))
    await until_up(up)
    await first.kill()
    (job,) = await manager.attach()
    assert (job.id, job.state) == (job_id, JobState.RUNNING)
    assert await manager.attach() == []
    gate.touch()
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.DONE, 0)


async def test_jobs_of_other_folders_are_left_where_they_are(kernel, manager, work):
    first = kernel()
    here, there = work / "here", work / "there"
    gate = work / "gate"
    ids = {}
    for folder in (here / "below", there):
        folder.mkdir(parents=True)
        ids[folder] = await first.submit(program("until_file", folder / "up", gate, cwd=folder))
    for folder in ids:
        await until_up(folder / "up")
    await first.kill()
    (mine,) = await manager.attach(folder=here)
    assert mine.id == ids[here / "below"]
    (other,) = await manager.attach()
    assert other.id == ids[there]
    gate.touch()
    assert [(await job.wait()).state for job in (mine, other)] == [JobState.DONE] * 2


async def test_end_in_the_meantime_is_found(kernel, manager, work):
    first = kernel()
    up, gate = work / "up", work / "gate"
    good = await first.submit(program("until_file", up, gate, cwd=work))
    bad = await first.submit(program("exit_with", 7, cwd=work))
    await until_up(up)
    await first.kill()
    gate.touch()
    for record in await manager.history():
        await until(record.exit_file().exists)
    jobs = await manager.attach()
    assert good in {job.id for job in jobs}
    ends = {job_id: manager.job(job_id).record for job_id in (good, bad)}
    assert (ends[good].state, ends[good].exit_code) == (JobState.DONE, 0)
    assert (ends[bad].state, ends[bad].exit_code) == (JobState.FAILED, 7)
    assert all(record.started <= record.ended for record in ends.values())


async def test_adopted_job_is_asked_to_stop_and_cancelled(kernel, manager, work):
    first = kernel()
    ups = [work / "up0", work / "up1"]
    for up in ups:
        await first.submit(program("until_stop", up, cwd=work), up.name)
        await until_up(up)
    await first.kill()
    jobs = {job.record.name: job for job in await manager.attach()}
    await jobs["up0"].ask_to_stop()
    assert (await jobs["up0"].wait()).state is JobState.DONE
    assert ups[0].read_text() == "saved"
    await jobs["up1"].cancel()
    assert (await jobs["up1"].wait()).state is JobState.CANCELLED
    assert processes_of(manager.records()) == set()


async def test_killed_with_all_its_processes_it_is_lost(kernel, manager, work):
    first = kernel()
    up = work / "up"
    await first.submit(program("until_stop", up, cwd=work))
    await until_up(up)
    await first.kill()
    (record,) = await manager.history()
    assert kill_rest({record.id: None})
    (job,) = await manager.attach()
    record = await job.wait()
    assert record.state is JobState.LOST
    assert "exit code" in record.reason


async def test_jobs_that_were_held_back_are_cancelled(kernel, manager, work):
    first = kernel()
    ups = [work / str(number) for number in range(6)]
    for up in ups:
        await first.submit(program("until_stop", up, cwd=work), up.name)
    await asyncio.gather(*map(until_up, ups[:4]))
    await first.kill()
    jobs = {job.record.name: job for job in await manager.attach()}
    for name in ("4", "5"):
        assert jobs[name].state is JobState.CANCELLED
        assert "held it back" in jobs[name].record.reason
    assert {jobs[name].state for name in "0123"} == {JobState.RUNNING}
    waiting = await manager.submit(program("exit_with", 0, cwd=work), name="next")
    assert waiting.state is JobState.WAITING, "adopted jobs use cores, too"


async def test_native_id_that_was_never_stored_is_found_again(kernel, manager, work, settings):
    """The kernel was killed between the start of the process and the next transaction."""
    first = kernel()
    up, gate = work / "up", work / "gate"
    await first.submit(program("until_file", up, gate, cwd=work))
    await until_up(up)
    await first.kill()
    forget_native_ids(settings)
    (job,) = await manager.attach()
    assert job.state is JobState.RUNNING
    assert job.record.native_id is None
    gate.touch()
    assert (await job.wait()).state is JobState.DONE


async def test_wish_to_cancel_that_was_never_sent_is_sent(kernel, manager, work):
    first = kernel()
    up = work / "up"
    job_id = await first.submit(program("until_stop", up, cwd=work))
    await until_up(up)
    await first.kill()
    manager._store.request_cancel([job_id])
    (job,) = await manager.attach()
    assert (await job.wait()).state is JobState.CANCELLED


async def test_living_kernels_keep_their_jobs(kernel, manager, work):
    first = kernel()
    up = work / "up"
    job_id = await first.submit(program("until_stop", up, cwd=work))
    await until_up(up)
    assert await manager.attach() == []
    other = manager.job(job_id)
    with pytest.raises(JobError, match="another kernel"):
        await other.wait()
    await other.cancel()
    assert await first.ask(wait=job_id) == {"state": "cancelled", "exit_code": 0}


async def test_a_job_held_back_by_another_kernel_can_be_cancelled(kernel, manager, work):
    first = kernel()
    ids = [
        await first.submit(program("until_stop", work / str(number), cwd=work))
        for number in range(5)
    ]
    await manager.job(ids[4]).cancel()
    assert (await first.ask(wait=ids[4]))["state"] == "cancelled"
    await manager.cancel([manager.job(job_id).record for job_id in ids])
    for job_id in ids[:4]:
        assert (await first.ask(wait=job_id))["state"] == "cancelled"


async def test_two_kernels_write_into_one_store(kernel, manager, work):
    kernels = [kernel(), kernel()]
    ids = await asyncio.gather(*(fill(each, work) for each in kernels))
    flat = [job_id for part in ids for job_id in part]
    for each in kernels:
        await each.ask(shutdown=True)
    stored = {record.id: record.state for record in await manager.history()}
    assert stored == dict.fromkeys(flat, JobState.DONE)


async def fill(kernel, work):
    ids = [await kernel.submit(program("exit_with", 0, cwd=work)) for _ in range(8)]
    for job_id in ids:
        assert (await kernel.ask(wait=job_id))["state"] == "done"
    return ids


async def test_only_one_of_two_kernels_takes_a_job(kernel, manager, work):
    first = kernel()
    ups = [work / str(number) for number in range(4)]
    ids = [await first.submit(program("until_stop", up, cwd=work)) for up in ups]
    await asyncio.gather(*map(until_up, ups))
    await first.kill()
    second = kernel()
    mine, answer = await asyncio.gather(manager.attach(), second.ask(attach=True))
    taken = [job.id for job in mine] + answer["ids"]
    assert sorted(taken) == sorted(ids)
    for job_id in answer["ids"]:
        await second.ask(cancel=job_id)
        assert (await second.ask(wait=job_id))["state"] == "cancelled"


@pytest.mark.parametrize("order", ["shutdown", "exit"])
@pytest.mark.parametrize("ends", [True, False])
async def test_clean_shutdown(kernel, manager, work, order, ends):
    first = kernel("end") if ends else kernel()
    ups = [work / str(number) for number in range(5)]
    for up in ups:
        await first.submit(program("until_stop", up, cwd=work), up.name)
    await asyncio.gather(*map(until_up, ups[:4]))
    if order == "shutdown":
        await first.ask(shutdown=True)
    first.process.stdin.close()
    await asyncio.to_thread(first.process.wait)
    stored = {record.name: record.state for record in await manager.history()}
    assert stored["4"] is JobState.CANCELLED
    states = {stored[name] for name in "0123"}
    if ends:
        assert states == {JobState.CANCELLED}
        assert processes_of(await manager.history()) == set()
    else:
        assert not any(state.is_final for state in states)
        assert len(await manager.attach()) == 4


def forget_native_ids(settings):
    with closing(sqlite3.connect(settings.state_dir / "jobs.sqlite")) as db, db:
        db.execute("UPDATE jobs SET record = json_set(record, '$.native_id', NULL)")
