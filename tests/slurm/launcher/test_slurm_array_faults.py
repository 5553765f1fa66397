"""Batches of equal jobs as one array: nothing is lost, doubled or leaked there either."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace

import pytest
from job_helpers import program, until_up
from slurm.launcher.launching import queued, submit, until
from test_restart import forget_native_ids

from asyncmd_jupyter.errors import SlurmSubmissionError
from asyncmd_jupyter.jobs.model import JobState


async def submit_all(manager, name, *arguments, cwd, **options):
    """Several jobs at once; each gets its own arguments."""
    return await asyncio.gather(
        *(submit(manager, name, *each, cwd=cwd, **options) for each in arguments)
    )


async def ends(jobs):
    return [record.state for record in await asyncio.gather(*(job.wait() for job in jobs))]


def entered(cluster, before):
    """Slurm's ids of what was submitted since, a task of an array each."""
    lines = cluster.control.run(
        "squeue", "--noheader", "--array", "--states=all", "--format=%i"
    ).split()
    return sorted(set(lines) - set(before))


def natives(jobs):
    return sorted(job.record.native_id for job in jobs)


async def test_a_batch_is_one_call_and_one_array(manager, cluster, doorman, work):
    jobs = await submit_all(manager, "exit_with", *([n % 2] for n in range(20)), cwd=work)
    assert {job.record.native_id.partition("_")[0] for job in jobs} == {
        jobs[0].record.native_id.partition("_")[0]
    }
    states = await ends(jobs)
    assert states == [JobState.DONE, JobState.FAILED] * 10
    assert [job.record.exit_code for job in jobs] == [0, 1] * 10
    assert len(doorman.calls("sbatch")) == 1
    assert not list(work.rglob("batch.*"))


async def test_arrays_can_be_switched_off(manager, job_runtime, doorman, work):
    slurm = replace(job_runtime.settings.slurm, job_arrays=False)
    job_runtime.change_settings(slurm=slurm)
    jobs = await submit_all(manager, "exit_with", *[[0]] * 3, cwd=work)
    assert await ends(jobs) == [JobState.DONE] * 3
    assert len(doorman.calls("sbatch")) == 3


async def test_a_lost_reply_neither_doubles_nor_loses_a_batch(manager, cluster, doorman, work):
    before = entered(cluster, [])
    doorman.lose_reply("sbatch", times=1)
    jobs = await submit_all(manager, "exit_with", *[[0]] * 6, cwd=work)
    assert await ends(jobs) == [JobState.DONE] * 6
    assert entered(cluster, before) == natives(jobs)
    assert len(doorman.calls("sbatch")) == 1


async def test_a_batch_that_is_refused_now_and_then_is_tried_again(manager, cluster, doorman, work):
    before = entered(cluster, [])
    doorman.refuse("sbatch", times=2, message="Batch job submission failed: Zzz")
    jobs = await submit_all(manager, "exit_with", *[[0]] * 6, cwd=work)
    assert await ends(jobs) == [JobState.DONE] * 6
    assert entered(cluster, before) == natives(jobs)
    assert len(doorman.calls("sbatch")) == 3


async def test_what_will_never_be_possible_costs_two_calls(manager, doorman, work):
    errors = await asyncio.gather(
        *(submit(manager, "exit_with", n, cwd=work, partition="none") for n in range(6)),
        return_exceptions=True,
    )
    assert {type(error) for error in errors} == {SlurmSubmissionError}
    assert all("invalid partition" in str(error) for error in errors)
    assert len(doorman.calls("sbatch")) == 2


@pytest.fixture
def before_sbatch(job_runtime, tmp_path):
    """Puts lines of bash before sbatch, which see and change its arguments."""

    def install(lines):
        script = tmp_path / "own_sbatch"
        script.write_text(f'#!/bin/bash\n{lines}\nexec {shutil.which("sbatch")} "$@"\n')
        script.chmod(0o700)
        slurm = replace(job_runtime.settings.slurm, sbatch_executable=str(script))
        job_runtime.change_settings(slurm=slurm)

    return install


POLICY = "Batch job submission failed: Job violates accounting/QOS policy (job submit limit)"


async def test_a_limit_refuses_only_as_many_as_it_must(manager, cluster, before_sbatch, work):
    before = entered(cluster, [])
    before_sbatch(f"""
        [[ $* == *--array* ]] || mkdir {work}/1 2>/dev/null || mkdir {work}/2 2>/dev/null ||
            {{ echo "sbatch: error: {POLICY}" >&2; exit 1; }}
        [[ $* != *--array* ]] || {{ echo "sbatch: error: {POLICY}" >&2; exit 1; }}
    """)
    jobs = await asyncio.gather(
        *(submit(manager, "exit_with", n * 0, cwd=work) for n in range(4)), return_exceptions=True
    )
    refused = [job for job in jobs if isinstance(job, SlurmSubmissionError)]
    good = [job for job in jobs if job not in refused]
    assert len(refused) == 2
    assert "submit limit" in str(refused[0])
    assert await ends(good) == [JobState.DONE] * 2
    assert entered(cluster, before) == natives(good)


async def test_an_array_that_is_too_long_is_submitted_in_pieces(
    manager, cluster, doorman, before_sbatch, work
):
    before = entered(cluster, [])
    before_sbatch('set -- "${@/--array=0-5/--array=1001-1006}"')
    jobs = await submit_all(manager, "exit_with", *[[0]] * 6, cwd=work)
    assert await ends(jobs) == [JobState.DONE] * 6
    assert entered(cluster, before) == natives(jobs)
    more = await submit_all(manager, "exit_with", *[[0]] * 6, cwd=work)
    assert await ends(more) == [JobState.DONE] * 6
    assert len(doorman.calls("sbatch")) == 3 + 2


async def test_single_members_are_cancelled_and_stopped(manager, cluster, work):
    ups = [work / str(number) for number in range(4)]
    running = await submit_all(manager, "until_stop", *([up] for up in ups), cwd=work)
    pending = await submit_all(manager, "exit_with", *[[0]] * 4, cwd=work, hold="")
    await asyncio.gather(*map(until_up, ups))
    await running[0].cancel()
    await running[1].ask_to_stop()
    await pending[0].cancel()
    await pending[1].ask_to_stop()
    records = await asyncio.gather(*(jobs[n].wait() for jobs in (running, pending) for n in (0, 1)))
    cancelled = JobState.CANCELLED
    assert [record.state for record in records] == [cancelled, JobState.DONE, cancelled, cancelled]
    assert "before it was started" in records[3].reason
    rest = natives([*running[2:], *pending[2:]])
    await until(lambda: sorted(queued_tasks(cluster)) == rest)
    await manager.ask_to_stop([job.record for job in (*running[2:], *pending[2:])])
    assert await ends([*running[2:], *pending[2:]]) == [JobState.DONE] * 2 + [cancelled] * 2


async def test_members_are_stopped_once_while_others_wait(manager, cluster, work):
    """Of which Slurm says that it can't be done, although it does it."""
    ups = [work / str(number) for number in range(18)]
    jobs = await submit_all(manager, "until_stop", *([up] for up in ups), cwd=work)
    await until(lambda: sum(up.exists() for up in ups) == 16)
    await until(lambda: sum(job.state is JobState.RUNNING for job in jobs) == 16)
    running = [job for job, up in zip(jobs, ups, strict=True) if up.exists()]
    begin = asyncio.get_running_loop().time()
    await manager.ask_to_stop([job.record for job in running[:2]])
    assert await ends(running[:2]) == [JobState.DONE] * 2
    assert asyncio.get_running_loop().time() - begin < 30
    assert all(job.record.exit_code == 0 for job in running[:2])
    await until(lambda: all(up.exists() for up in ups))
    assert {job.state for job in running[2:]} == {JobState.RUNNING}


def queued_tasks(cluster):
    out = cluster.control.run("squeue", "--noheader", "--array", "--format=%i %T")
    return [line.split()[0] for line in out.splitlines() if "COMPLETING" not in line]


async def test_waiting_members_that_are_cancelled_outside(manager, cluster, doorman, work):
    one, *rest = jobs = await submit_all(manager, "exit_with", *[[0]] * 4, cwd=work, hold="")
    await until(lambda: all(job.record.reason for job in jobs))
    cluster.control.run("scancel", one.record.native_id)
    record = await one.wait()
    assert (record.state, record.cause) == (JobState.CANCELLED, "CANCELLED")
    assert {job.state for job in rest} == {JobState.PENDING}
    cluster.control.run("scancel", rest[0].record.native_id.partition("_")[0])
    assert await ends(rest) == [JobState.CANCELLED] * 3
    assert doorman.calls("sacct") == []


async def test_a_member_that_is_requeued_is_a_new_attempt(manager, cluster, work):
    ups, gate = [work / str(number) for number in range(3)], work / "gate"
    jobs = await submit_all(manager, "until_file", *([up, gate] for up in ups), cwd=work)
    await asyncio.gather(*map(until_up, ups))
    ups[1].unlink()
    cluster.control.run("scontrol", "requeue", jobs[1].record.native_id)
    await until(lambda: jobs[1].record.attempt == 1)
    assert [jobs[0].record.attempt, jobs[2].record.attempt] == [0, 0]
    await until_up(ups[1])
    gate.touch()
    assert await ends(jobs) == [JobState.DONE] * 3


async def test_members_are_cancelled_while_the_batch_is_submitted(manager, cluster, doorman, work):
    before = entered(cluster, [])
    doorman.refuse("sbatch", times=1, message="Batch job submission failed: Zzz")
    tasks = [asyncio.create_task(submit(manager, "exit_with", 0, cwd=work)) for number in range(5)]
    await until(lambda: doorman.calls("sbatch"))
    doorman.delay("sbatch", 0.5)
    for task in tasks[:2]:
        task.cancel()
    await until(lambda: len(doorman.calls("sbatch")) == 2)
    tasks[2].cancel()
    await asyncio.wait(tasks)
    assert [task.cancelled() for task in tasks] == [True] * 3 + [False] * 2
    assert await ends([task.result() for task in tasks[3:]]) == [JobState.DONE] * 2
    states = [(await manager.wait(record)).state for record in manager.records()]
    assert sorted(state.value for state in states) == ["cancelled"] * 3 + ["done"] * 2
    assert len(entered(cluster, before)) <= 3  # Slurm forgets waiting tasks that are cancelled
    await until(lambda: queued(cluster) == {})


async def test_a_whole_batch_is_cancelled_while_it_is_tried_again(manager, cluster, doorman, work):
    doorman.refuse("sbatch", times=50, message="Unable to contact slurm controller")
    tasks = [asyncio.create_task(submit(manager, "exit_with", 0, cwd=work)) for _ in range(5)]
    await until(lambda: len(doorman.calls("sbatch")) == 2)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert {record.state for record in manager.records()} == {JobState.CANCELLED}
    await until(lambda: queued(cluster) == {})
    assert len(doorman.calls("sbatch")) <= 3


async def test_the_folder_of_a_member_is_gone(impatient, cluster, work):
    jobs = await submit_all(impatient, "exit_with", *[[0]] * 3, cwd=work, hold="")
    shutil.rmtree(jobs[1].record.folder)
    for array in {native.partition("_")[0] for native in natives(jobs)}:
        cluster.control.run("scontrol", "release", array)
    assert await ends(jobs) == [JobState.DONE, JobState.FAILED, JobState.DONE]
    assert "folder" in jobs[1].record.reason


async def killed_within_sbatch(kernel, manager, doorman, work, *, seconds, times=5):
    """Kill a kernel whose sbatch for a batch goes on; returns the ids of the jobs."""
    doorman.delay("sbatch", seconds)
    first = kernel()
    command = program("show_arguments", cwd=work)
    order = {**first.order(command, launcher="slurm"), "times": times}
    asking = asyncio.create_task(first.ask(**order))
    await until(lambda: doorman.calls("sbatch"))
    await first.kill()
    await asyncio.wait([asking])
    asking.exception()
    records = await manager.history()
    assert {(record.state, record.native_id) for record in records} == {(JobState.PENDING, None)}
    return {record.id for record in records}


async def test_sbatch_for_a_batch_goes_on_without_its_kernel(
    kernel, manager, cluster, doorman, work
):
    before = entered(cluster, [])
    ids = await killed_within_sbatch(kernel, manager, doorman, work, seconds=3)
    jobs = await manager.attach()
    assert {job.id for job in jobs} == ids
    assert {job.state for job in jobs} == {JobState.PENDING}
    assert entered(cluster, before) == []
    assert await ends(jobs) == [JobState.DONE] * 5
    assert entered(cluster, before) == natives(jobs)


async def test_one_member_is_cancelled_while_the_kernel_of_its_batch_was_dead(
    kernel, manager, cluster, doorman, work
):
    await killed_within_sbatch(kernel, manager, doorman, work, seconds=3)
    one, *rest = await manager.attach()
    await one.cancel()
    assert await ends([one, *rest]) == [JobState.CANCELLED] + [JobState.DONE] * 4
    await until(lambda: queued(cluster) == {})


async def test_the_ids_of_a_batch_were_never_stored(kernel, manager, cluster, job_runtime, work):
    before = entered(cluster, [])
    first = kernel()
    command = program("until_file", work / "up", cwd=work)
    order = {**first.order(command, launcher="slurm"), "times": 5}
    await first.ask(**order)
    await until_up(work / "up")
    await first.kill()
    forget_native_ids(job_runtime.settings)
    jobs = await manager.attach()
    await until(lambda: all(job.record.native_id for job in jobs))
    assert entered(cluster, before) == natives(jobs)
    for number in range(5):
        (work / str(number)).touch()
    assert await ends(jobs) == [JobState.DONE] * 5


async def test_two_kernels_leave_each_others_arrays_alone(kernel, manager, cluster, work):
    first = kernel()
    command = program("until_file", work / "up", cwd=work)
    order = {**first.order(command, launcher="slurm"), "times": 3}
    theirs = (await first.ask(**order))["ids"]
    mine = await submit_all(manager, "exit_with", *[[0]] * 3, cwd=work)
    assert await ends(mine) == [JobState.DONE] * 3
    for number in range(3):
        (work / str(number)).touch()
    answers = [await first.ask(wait=job_id) for job_id in theirs]
    assert {answer["state"] for answer in answers} == {"done"}
