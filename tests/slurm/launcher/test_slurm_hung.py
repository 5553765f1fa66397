"""A controller that hangs while jobs are submitted: each runs once, and none is lost."""

from __future__ import annotations

import asyncio

import pytest
from slurm.launcher.launching import queued, submit, until

from asyncmd_jupyter.jobs.model import Command, JobState, Resources
from asyncmd_jupyter.jobs.slurm.client import Reply
from asyncmd_jupyter.jobs.slurm.submission import outcome_of

MESSAGE_TIMEOUT = 10


async def append(manager, work, number, **options):
    """A job that leaves a line whenever it runs."""
    return await manager.submit(
        Command(("bash", "-c", f"echo {number} >>runs"), work),
        name="append",
        launcher="slurm",
        resources=Resources(options=options),
    )


def entered(cluster):
    """All that the controller remembers, a task of an array each."""
    out = cluster.control.run("squeue", "--noheader", "--array", "--states=all", "--format=%i")
    return set(out.split())


def runs(work):
    return sorted((work / "runs").read_text().split())


async def hang(cluster, seconds):
    with cluster.hung_controller():
        await asyncio.sleep(seconds)


async def test_jobs_submitted_while_the_controller_hangs_run_once(manager, cluster, work):
    """As an array, and alone, which different time limits make them; squeue times out, too."""
    before = entered(cluster)
    with cluster.hung_controller():
        starting = [
            asyncio.create_task(append(manager, work, number, time=str(max(5, number))))
            for number in range(9)
        ]
        await asyncio.sleep(2 * MESSAGE_TIMEOUT + 9)
    jobs = await asyncio.gather(*starting)
    records = await asyncio.gather(*(job.wait() for job in jobs))
    assert {record.state for record in records} == {JobState.DONE}
    await until(lambda: queued(cluster) == {})
    assert entered(cluster) - before == {record.native_id for record in records}
    assert runs(work) == sorted(map(str, range(9)))


async def test_the_controller_hangs_within_the_submission(manager, cluster, doorman, work):
    before = entered(cluster)
    starting = [
        asyncio.create_task(append(manager, work, number, time=str(5 + number)))
        for number in range(4)
    ]
    await until(lambda: doorman.calls("sbatch"))
    await hang(cluster, MESSAGE_TIMEOUT + 4)
    records = [await (await task).wait() for task in starting]
    assert {record.state for record in records} == {JobState.DONE}
    await until(lambda: queued(cluster) == {})
    assert entered(cluster) - before == {record.native_id for record in records}
    assert runs(work) == ["0", "1", "2", "3"]


async def double(cluster, job, *options):
    """Submit the script of a job once more, as a request does that was not heard of again."""
    record = job.record
    text = [f"--comment=asyncmd:{record.id}", "--output=/dev/null", *options]
    return (
        await asyncio.to_thread(
            cluster.control.run, "sbatch", "--parsable", *text, str(record.script)
        )
    ).strip()


async def test_of_two_in_the_queue_one_runs_and_tells_the_end(manager, cluster, work):
    job = await append(manager, work, 1, hold="")
    first = job.record.native_id
    second = await double(cluster, job)
    record = await job.wait()
    assert (record.state, record.native_id) == (JobState.DONE, second)
    await until(lambda: queued(cluster) == {})
    assert runs(work) == ["1"]
    assert cluster.control.squeue()[first] == "CANCELLED"


async def test_what_is_left_over_is_ended_without_an_end_to_the_job(manager, cluster, work):
    up, gate = work / "up", work / "gate"
    job = await submit(manager, "until_file", up, gate, cwd=work)
    await until(lambda: up.exists())
    other = await double(cluster, job, "--hold")
    await until(lambda: queued(cluster).keys() == {job.record.native_id})
    assert cluster.control.squeue()[other] == "CANCELLED"
    assert job.state is JobState.RUNNING
    gate.touch()
    assert (await job.wait()).state is JobState.DONE


async def test_one_that_is_cancelled_while_the_controller_hangs_never_runs(
    manager, cluster, doorman, work
):
    with cluster.hung_controller():
        task = asyncio.create_task(append(manager, work, 1))
        await until(lambda: doorman.calls("sbatch"))
        [record] = manager.records()
        task.cancel()
        await until((record.folder / "claim.0").exists)
    await asyncio.wait([task])
    assert (await manager.wait(record)).state is JobState.CANCELLED
    await until(lambda: queued(cluster) == {})
    assert not (work / "runs").exists()


async def test_what_people_set_for_their_own_commands(manager, cluster, work, monkeypatch):
    for name, value in {
        "SQUEUE_PARTITION": "short",
        "SQUEUE_NAMES": "nothing",
        "SQUEUE_STATES": "PENDING",
        "SACCT_FORMAT": "jobname",
        "SCANCEL_INTERACTIVE": "1",
        "SCANCEL_PARTITION": "short",
        "SINFO_PARTITION": "short",
    }.items():
        monkeypatch.setenv(name, value)
    up, gate = work / "up", work / "gate"
    job = await submit(manager, "until_file", up, gate, cwd=work)
    held = await submit(manager, "exit_with", 0, cwd=work, hold="")
    await until(lambda: job.record.nodes and held.record.reason)
    await held.cancel()
    assert (await held.wait()).state is JobState.CANCELLED
    gate.touch()
    assert (await job.wait()).state is JobState.DONE
    await until(lambda: queued(cluster) == {})


@pytest.mark.parametrize(
    ("message", "is_clear"),
    [
        ("Unable to contact slurm controller (connect failure)", True),
        ("Unable to contact slurm controller (send failure)", False),
        ("Unable to contact slurm controller (receive failure)", False),
        ("Batch job submission failed: Socket timed out on send/recv operation", False),
        ("Batch job submission failed: Zero Bytes were transmitted or received", False),
        ("Batch job submission failed: Invalid partition name specified", True),
    ],
)
def test_which_replies_leave_it_open_whether_there_is_a_job(message, is_clear):
    assert outcome_of(Reply(1, "", f"sbatch: error: {message}\n")).is_clear is is_clear
