"""Numbers of Slurm that are used again, and clusters that give the same numbers to other jobs."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from job_helpers import program
from slurm.launcher.launching import QUICK, queued, submit, until

from asyncmd_jupyter.errors import SlurmError
from asyncmd_jupyter.jobs import office
from asyncmd_jupyter.jobs.cli import cancel_jobs
from asyncmd_jupyter.jobs.folder import read_start
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Resources, Status
from asyncmd_jupyter.jobs.process import Owner, ProcessId, hostname
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.parsing import parse_cluster_name
from asyncmd_jupyter.jobs.slurm.verdict import Grace
from asyncmd_jupyter.jobs.store import JobStore

GRACE = Grace(explained=0.1, unexplained=0.3)
NOW = datetime.now(UTC)


@pytest.fixture
def ended_kernel():
    """Who looked after a job until it ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = Owner(hostname(), ProcessId.of(process.pid))
    process.communicate()
    return str(owner)


@pytest.fixture
async def foreign(cluster):
    """The number of a job of this user that has nothing to do with this package."""
    job = await asyncio.to_thread(cluster.control.submit, "sleep 600", "--job-name=foreign")
    await asyncio.to_thread(cluster.control.wait_for_state, job, "RUNNING")
    return job


@pytest.fixture
def record(work, ended_kernel):
    """Makes a job of yesterday that had the number."""
    folder = work / "job"
    folder.mkdir()
    (folder / "started.0").write_text("1\n")

    def make(native_id, **changes):
        command = program("exit_with", 0, cwd=work)
        job = JobRecord(
            "abc", "ours", "slurm", command, folder, state=JobState.RUNNING, native_id=native_id,
            submitted=NOW - timedelta(days=1), owner=ended_kernel, resources=Resources(),
        )  # fmt: skip
        return replace(job, **changes)

    return make


def name_of(cluster):
    return parse_cluster_name(cluster.control.run("scontrol", "show", "config"))


@pytest.mark.parametrize("version", ["earlier", "this"])
async def test_another_job_with_the_number_is_left_alone(cluster, foreign, record, version):
    job = record(foreign, started=NOW - timedelta(days=1))
    if version == "this":
        job = replace(job, cluster=name_of(cluster), queued=NOW - timedelta(days=1))
    launcher = SlurmLauncher(lambda: QUICK, waits=True, grace=GRACE)
    await launcher.cancel([replace(job, cancel_requested=True)])
    await launcher.ask_to_stop([job])
    await launcher.signal([job], signal.SIGTERM)
    for change in (launcher.hold, launcher.release):
        with pytest.raises(SlurmError, match="not in the queue any more"):
            await change([job])
    await asyncio.to_thread(launcher.end_now, [job])
    found = await launcher.poll([replace(job, cancel_requested=True)])
    assert found["abc"].state is JobState.LOST, "nothing is known of the job itself"
    assert queued(cluster) == {foreign: "RUNNING"}


async def test_cancel_all_ends_only_what_is_ours(
    cluster, foreign, record, job_runtime, monkeypatch
):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(job_runtime.settings.state_dir))
    monkeypatch.setattr(office, "_GRACE", GRACE)
    store = JobStore(job_runtime.settings.state_dir)
    store.save(record(foreign))
    store.close()
    [said] = await asyncio.to_thread(cancel_jobs, None)
    assert "is not in Slurm any more" in said
    assert queued(cluster) == {foreign: "RUNNING"}


async def test_a_job_of_another_cluster_is_not_judged_by_this_one(cluster, foreign, record):
    launcher = SlurmLauncher(lambda: QUICK, grace=GRACE)
    job = record(foreign, cluster="elsewhere")
    for _ in range(3):
        assert await launcher.poll([job]) == {"abc": found(job)}
        await asyncio.sleep(0.2)
    await launcher.cancel([job])
    assert queued(cluster) == {foreign: "RUNNING"}


def found(job):
    """What its folder tells."""
    return Status(JobState.RUNNING, started=read_start(job).time)


async def test_variables_of_users_send_no_job_elsewhere(
    manager, cluster, work, monkeypatch, caplog
):
    habits = {"SBATCH_CLUSTERS": "elsewhere", "SLURM_CLUSTERS": "elsewhere"}
    habits |= {"SLURM_TIME_FORMAT": "relative", "SQUEUE_FORMAT": "%i", "SACCT_FORMAT": "JobID"}
    for name, value in habits.items():
        monkeypatch.setenv(name, value)
    job = await submit(manager, "exit_with", 0, cwd=work, hold="")
    await until(lambda: job.record.queued and not job.record.queued.microsecond)
    assert job.record.cluster == name_of_without(habits, cluster, monkeypatch)
    assert job.record.comment == f"asyncmd:{job.id}"
    assert "SBATCH_CLUSTERS=elsewhere is not used" in caplog.text
    cluster.control.run("scontrol", "release", job.record.native_id)
    assert (await job.wait()).state is JobState.DONE


def name_of_without(habits, cluster, monkeypatch):
    for name in habits:
        monkeypatch.delenv(name)
    return name_of(cluster)


async def test_a_controller_that_has_lost_its_state_gives_numbers_again(
    manager, cluster, work, job_runtime
):
    """What ends the lost job in our records must not end the one that has its number."""
    lost = await submit(manager, "exit_with", 0, cwd=work, hold="", time="7")
    await until(lambda: lost.record.queued and not lost.record.queued.microsecond)
    number = lost.record.native_id
    await asyncio.to_thread(cluster.forget_jobs, int(number))
    foreign = ("true", "--hold", "--job-name=foreign")
    again = await asyncio.to_thread(cluster.control.submit, *foreign)
    assert again == number
    await lost.cancel()
    launcher = SlurmLauncher(lambda: QUICK, waits=True, grace=GRACE)
    seen = await launcher.poll([manager.newest(lost.record)])
    await launcher.cancel([lost.record])
    assert queued(cluster).keys() == {again}
    assert seen[lost.id].state in (JobState.LOST, JobState.CANCELLED)
    await asyncio.to_thread(cluster.control.run, "scancel", again)
