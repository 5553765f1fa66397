"""How jobs end that did not simply end: each end is told as what it was."""

from __future__ import annotations

import shutil
import signal
from dataclasses import replace

from job_helpers import until_up
from slurm.launcher.launching import submit, until

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.process import find_members
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.verdict import Grace


def forget_in_queue(job_runtime, tmp_path, native_id):
    """Let squeue not know a job, as when it ended long ago."""
    script = tmp_path / "squeue"
    script.write_text(f'#!/bin/bash\n{shutil.which("squeue")} "$@" | grep -v "^{native_id}|"\n:\n')
    script.chmod(0o700)
    slurm = replace(job_runtime.settings.slurm, squeue_executable=str(script))
    job_runtime.change_settings(slurm=slurm)


def kill_at_once(job):
    """End a job as a power failure would: it leaves no exit code."""
    members = find_members({job.id: None})[job.id]
    for number in (signal.SIGSTOP, signal.SIGKILL):  # or those that are left would write it
        for process in members:
            process.send(number)


async def test_time_limit(manager, cluster, work):
    up = work / "up"
    job = await submit(manager, "until_file", up, work / "gate", cwd=work, time="3")
    await until_up(up)
    limit = cluster.control.run("squeue", "--noheader", "--format=%l")
    assert limit.strip() == "3:00"
    cluster.reach_time_limit(job.record.native_id)
    record = await job.wait()
    assert (record.state, record.cause) == (JobState.FAILED, "TIMEOUT")
    assert record.reason == "It reached its time limit."
    assert record.exit_code == 1, "what the command said when it was asked to end"


async def test_requeued_although_it_saved_and_ended_well(manager, cluster, work):
    up = work / "up"
    job = await submit(manager, "until_stop", up, cwd=work)
    await until_up(up)
    up.unlink()
    cluster.control.run("scontrol", "requeue", job.record.native_id)
    await until(lambda: job.record.attempt == 1)
    assert not job.state.is_final
    await until_up(up)
    await job.ask_to_stop()
    assert (await job.wait()).state is JobState.DONE


async def test_preempted_to_be_started_again(manager, cluster, work):
    up, gate = work / "up", work / "gate"
    job = await submit(
        manager, "until_file", up, gate, cwd=work, partition="spot-requeue", exclusive="", nodes="4"
    )
    await until_up(up)
    up.unlink()
    cluster.control.submit("true", "--partition=urgent")
    await until(lambda: job.record.attempt == 1)
    await until_up(up)
    gate.touch()
    assert (await job.wait()).state is JobState.DONE


async def test_killed_with_its_shell(impatient, work):
    up = work / "up"
    job = await submit(impatient, "until_stop", up, cwd=work)
    await until_up(up)
    kill_at_once(job)
    record = await job.wait()
    assert (record.state, record.cause) == (JobState.FAILED, "")
    # Slurm's word, or that of the outer shell, if the inner one was killed first.
    assert record.exit_code in (-9, 128 + 9)
    assert "SIGKILL" in record.reason or "137" in record.reason


async def test_forgotten_by_the_queue_it_is_looked_up(
    impatient, cluster, doorman, job_runtime, tmp_path, work
):
    up = work / "up"
    job = await submit(impatient, "stubborn", up, cwd=work)
    await until_up(up)
    forget_in_queue(job_runtime, tmp_path, job.record.native_id)
    cluster.control.run("scancel", job.record.native_id)
    record = await job.wait()
    assert (record.state, record.cause) == (JobState.CANCELLED, "CANCELLED")
    assert len(doorman.calls("sacct")) < 10


async def test_without_accounting_too(cluster_without_accounting, job_runtime, tmp_path, work):
    manager = JobManager(job_runtime)
    grace = Grace(explained=0.5, unexplained=2, cleaning=20)
    manager.register(SlurmLauncher(lambda: job_runtime.settings.slurm, grace=grace))
    good = await submit(manager, "exit_with", 0, cwd=work)
    bad = await submit(manager, "exit_with", 3, cwd=work)
    assert (await good.wait()).state is JobState.DONE
    assert (await bad.wait()).exit_code == 3
    up = work / "up"
    job = await submit(manager, "until_stop", up, cwd=work)
    await until_up(up)
    forget_in_queue(job_runtime, tmp_path, job.record.native_id)
    kill_at_once(job)
    record = await job.wait()
    assert record.state is JobState.LOST
    assert "accounting" in record.reason
    await manager.shutdown()


async def test_its_folder_cannot_be_written_on_the_node(impatient, cluster, work):
    job = await submit(impatient, "exit_with", 0, cwd=work, hold="")
    shutil.rmtree(job.record.folder)
    job.record.folder.parent.rmdir()
    cluster.control.run("scontrol", "release", job.record.native_id)
    record = await job.wait()
    assert record.state is JobState.FAILED
    assert "folder" in record.reason


async def test_asked_to_stop_before_it_was_started(manager, work):
    job = await submit(manager, "exit_with", 0, cwd=work, hold="")
    await job.ask_to_stop()
    record = await job.wait()
    assert record.state is JobState.CANCELLED
    assert "before it was started" in record.reason


async def test_asked_to_stop_while_it_is_being_started(manager, work):
    jobs = [await submit(manager, "until_stop", work / str(n), cwd=work) for n in range(4)]
    await manager.ask_to_stop([job.record for job in jobs])
    for number, job in enumerate(jobs):
        record = await job.wait()
        if record.state is JobState.DONE:
            assert (work / str(number)).read_text() == "saved"
        else:
            assert record.started is None or record.exit_code == -15
