"""What goes wrong on real clusters: nothing is lost, doubled, leaked or told wrongly."""

from __future__ import annotations

import asyncio

import pytest
from job_helpers import until_up
from slurm.launcher.launching import (
    LongestBlock,
    queued,
    submit,
    until,
)

from asyncmd_jupyter.errors import SubmissionError
from asyncmd_jupyter.jobs.model import JobState

AWAY = "does not answer"


def submissions(cluster):
    """Slurm's ids of all jobs of the newest test that the controller remembers."""
    return cluster.control.squeue()


def entered(cluster):
    """All that the controller remembers, a task of an array each."""
    out = cluster.control.run("squeue", "--noheader", "--array", "--states=all", "--format=%i")
    return set(out.split())


async def submit_all(manager, times, *args, cwd, **options):
    """Some equal jobs at once."""
    return await asyncio.gather(*(submit(manager, *args, cwd=cwd, **options) for _ in range(times)))


async def test_a_lost_reply_neither_doubles_nor_loses_the_job(manager, cluster, doorman, work):
    before = set(submissions(cluster))
    doorman.lose_reply("sbatch", times=1)
    job = await submit(manager, "exit_with", 0, cwd=work)
    assert (await job.wait()).state is JobState.DONE
    new = set(submissions(cluster)) - before
    assert new == {job.record.native_id}
    assert len(doorman.calls("sbatch")) == 1


async def test_sbatch_that_refuses_now_and_then_is_tried_again(manager, cluster, doorman, work):
    before = set(submissions(cluster))
    doorman.refuse("sbatch", times=2, message="Batch job submission failed: Zzz")
    job = await submit(manager, "exit_with", 0, cwd=work)
    assert (await job.wait()).state is JobState.DONE
    assert len(set(submissions(cluster)) - before) == 1


async def test_sbatch_that_refuses_each_time_gives_a_clear_last_error(manager, doorman, work):
    doorman.refuse("sbatch", times=20, message="Batch job submission failed: Zzz")
    with pytest.raises(SubmissionError, match=r"'exit_with'.*submission failed: Zzz"):
        await submit(manager, "exit_with", 0, cwd=work)
    assert 1 < len(doorman.calls("sbatch")) < 10
    assert manager.records()[0].state is JobState.FAILED


async def test_what_will_never_be_possible_is_refused_at_once(manager, doorman, work):
    with pytest.raises(SubmissionError, match="invalid partition"):
        await submit(manager, "exit_with", 0, cwd=work, partition="none")
    assert len(doorman.calls("sbatch")) == 1


async def test_a_refused_submission_frees_its_slot(manager, job_runtime, work):
    slurm = job_runtime.settings.slurm.__class__(min_time_between_calls=0.2, max_jobs=1)
    job_runtime.change_settings(slurm=slurm)
    with pytest.raises(SubmissionError):
        await submit(manager, "exit_with", 0, cwd=work, partition="none")
    job = await submit(manager, "exit_with", 0, cwd=work)
    assert (await job.wait()).state is JobState.DONE


@pytest.mark.parametrize("option", ["job-name", "chdir", "array", "outp", "comment", "p", "--time"])
async def test_options_that_are_ours(manager, doorman, work, option):
    with pytest.raises(ValueError, match="sbatch option"):
        await submit(manager, "exit_with", 0, cwd=work, **{option: "x"})
    assert manager.records() == []
    assert list(work.iterdir()) == []
    assert doorman.calls() == []


async def test_a_missing_sbatch_is_named(manager, job_runtime, work):
    settings = job_runtime.settings.slurm.__class__(sbatch_executable="/nowhere/sbatch")
    job_runtime.change_settings(slurm=settings)
    with pytest.raises(SubmissionError, match="'/nowhere/sbatch' can't be run"):
        await submit(manager, "exit_with", 0, cwd=work)


async def test_cancelled_during_sbatch(manager, cluster, doorman, work):
    before = set(submissions(cluster))
    doorman.delay("sbatch", 0.5)
    task = asyncio.create_task(submit(manager, "until_stop", work / "up", cwd=work))
    await until(lambda: doorman.calls("sbatch"))
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    [record] = manager.records()
    assert (await manager.wait(record)).state is JobState.CANCELLED
    await until(lambda: queued(cluster) == {})
    assert len(set(submissions(cluster)) - before) <= 1


async def test_cancelled_while_sbatch_is_tried_again(manager, cluster, doorman, work):
    doorman.refuse("sbatch", times=50, message="Unable to contact slurm controller")
    task = asyncio.create_task(submit(manager, "until_stop", work / "up", cwd=work))
    await until(lambda: len(doorman.calls("sbatch")) == 2)
    task.cancel()
    await asyncio.wait([task])
    assert manager.records()[0].state is JobState.CANCELLED
    await until(lambda: queued(cluster) == {})
    assert len(doorman.calls("sbatch")) <= 3


async def test_200_jobs_are_cancelled_by_one_command(manager, cluster, doorman, work):
    jobs = await submit_all(manager, 100, "until_stop", work / "up", cwd=work, hold="")
    for _ in range(10):
        jobs += await submit_all(manager, 10, "until_stop", work / "up", cwd=work, hold="")
    loop = asyncio.get_running_loop()
    async with LongestBlock() as block:
        begin = loop.time()
        await manager.cancel([job.record for job in jobs])
        records = await asyncio.gather(*(job.wait() for job in jobs))
        took = loop.time() - begin
    print(f"cancelled in {took:.2f} s, longest block {1000 * block.seconds:.0f} ms")
    assert {record.state for record in records} == {JobState.CANCELLED}
    assert len(doorman.calls("scancel")) == 1
    await until(lambda: queued(cluster) == {})
    assert block.seconds < max(0.05, took / 2)


async def test_cancelled_by_hand_outside(manager, cluster, work):
    up = work / "up"
    running = await submit(manager, "until_stop", up, cwd=work)
    pending = await submit(manager, "exit_with", 0, cwd=work, hold="")
    await until_up(up)
    cluster.control.run("scancel", running.record.native_id, pending.record.native_id)
    for job in (running, pending):
        record = await job.wait()
        assert (record.state, record.cause) == (JobState.CANCELLED, "CANCELLED")
        assert record.reason == "Somebody cancelled it in Slurm."
        assert not record.cancel_requested


async def test_controller_away_in_each_phase(manager, cluster, work, caplog):
    """For half a minute, while jobs are submitted, alone and as a batch, run, end and wait."""
    ups, gates = ([work / f"{kind}{number}" for number in range(5)] for kind in ("up", "gate"))
    running = [
        await submit(manager, "until_file", up, gate, cwd=work)
        for up, gate in zip(ups, gates, strict=True)
    ]
    waiting = await submit_all(manager, 3, "until_stop", work / "x", cwd=work, hold="")
    await asyncio.gather(*map(until_up, ups))
    before = entered(cluster)
    await asyncio.to_thread(cluster.stop_controller)
    away_until = asyncio.get_running_loop().time() + 30
    submitting = [
        asyncio.create_task(submit(manager, "exit_with", 0, cwd=work, time=time))
        for time in ("5", "6", "6", "6")
    ]
    gates[0].touch()
    assert (await running[0].wait()).state is JobState.DONE
    await manager.cancel([running[1].record, waiting[0].record])
    await running[2].ask_to_stop()
    await until(lambda: AWAY in caplog.text)
    await asyncio.sleep(away_until - asyncio.get_running_loop().time())
    assert not any(task.done() for task in submitting)
    assert running[3].state is running[4].state is JobState.RUNNING
    assert waiting[1].state is waiting[2].state is JobState.PENDING
    gates[3].touch()
    await asyncio.to_thread(cluster.start_controller)
    submitted = await asyncio.gather(*submitting)
    gates[4].touch()
    records = await asyncio.gather(*(job.wait() for job in (*running, waiting[0], *submitted)))
    assert [record.state.value for record in records] == [
        "done",
        "cancelled",
        "failed",
        "done",
        "done",
        "cancelled",
        *["done"] * 4,
    ]
    assert len(entered(cluster) - before) == 4
    assert waiting[1].state is waiting[2].state is JobState.PENDING
    assert caplog.text.count(AWAY) == 1


async def test_requeued_it_is_a_new_attempt(manager, cluster, work):
    up, gate = work / "up", work / "gate"
    job = await submit(manager, "until_file", up, gate, cwd=work)
    await until_up(up)
    up.unlink()
    cluster.control.run("scontrol", "requeue", job.record.native_id)
    await until(lambda: job.record.attempt == 1)
    assert job.state is JobState.PENDING
    assert "attempt 2" in job.record.reason or "later" in job.record.reason
    await until_up(up)
    await until(lambda: job.state is JobState.RUNNING)
    gate.touch()
    record = await job.wait()
    assert (record.state, record.attempt, record.exit_code) == (JobState.DONE, 1, 0)


async def test_preempted_for_good(manager, cluster, work):
    up = work / "up"
    job = await submit(
        manager, "until_stop", up, cwd=work, partition="spot", exclusive="", nodes="4"
    )
    await until_up(up)
    cluster.control.submit("true", "--partition=urgent")
    record = await job.wait()
    assert record.cause == "PREEMPTED"
    assert "more important" in record.reason


async def test_drained_node_lets_its_job_end(manager, cluster, work):
    up, gate = work / "up", work / "gate"
    job = await submit(manager, "until_file", up, gate, cwd=work, nodelist="n1")
    await until_up(up)
    cluster.drain("n1")
    waiting = await submit(manager, "exit_with", 0, cwd=work, nodelist="n1")
    await until(lambda: waiting.record.reason)
    gate.touch()
    assert (await job.wait()).state is JobState.DONE
    assert waiting.state is JobState.PENDING
    cluster.resume("n1")
    assert (await waiting.wait()).state is JobState.DONE


async def test_a_dead_node_is_blamed(manager, cluster, work, caplog):
    up = work / "up"
    job = await submit(manager, "until_stop", up, cwd=work, nodelist="n2", no_requeue="")
    await until_up(up)
    await until(lambda: job.record.nodes)
    await asyncio.to_thread(cluster.kill_node, "n2")
    cluster.declare_down("n2")
    record = await job.wait()
    assert (record.state, record.cause) == (JobState.FAILED, "NODE_FAIL")
    assert record.nodes == ("n2",)


async def test_a_job_of_a_dead_node_starts_again_elsewhere(manager, cluster, work):
    up, gate = work / "up", work / "gate"
    job = await submit(manager, "until_file", up, gate, cwd=work)
    await until_up(up)
    await until(lambda: job.record.nodes)
    up.unlink()
    await asyncio.to_thread(cluster.kill_node, job.record.nodes[0])
    cluster.declare_down(job.record.nodes[0])
    await until(lambda: job.record.attempt == 1)
    await until_up(up)
    gate.touch()
    assert (await job.wait()).state is JobState.DONE


async def test_no_node_is_blamed_for_errors_of_commands(manager, doorman, work, caplog):
    jobs = [await submit(manager, "exit_with", 1, cwd=work) for _ in range(12)]
    records = await asyncio.gather(*(job.wait() for job in jobs))
    assert {(record.state, record.exit_code) for record in records} == {(JobState.FAILED, 1)}
    job = await submit(manager, "exit_with", 0, cwd=work)
    await job.wait()
    last = doorman.calls("sbatch")[-1].argv
    assert not any(argument.startswith("--exclude") for argument in last)
    assert "avoid" not in caplog.text
    assert doorman.calls("sacct") == []


async def test_one_squeue_for_all_jobs_and_few_while_idle(manager, doorman, work):
    jobs = [await submit(manager, "exit_with", 0, cwd=work, hold="") for _ in range(5)]
    await until(lambda: all(job.record.reason for job in jobs))
    n_before = len(doorman.calls())
    begin = asyncio.get_running_loop().time()
    await asyncio.sleep(5)
    calls = doorman.calls()[n_before:]
    shortest = manager._runtime.settings.slurm.min_time_between_calls
    assert len(calls) < (asyncio.get_running_loop().time() - begin) / shortest / 2
    assert {call.argv[0] for call in calls} <= {"squeue"}
