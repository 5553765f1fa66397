"""Who looks after a job, on machines that can't be seen from here, and who takes it over."""

import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from job_helpers import processes_of, program, until, until_up

from asyncmd_jupyter.jobs import heartbeat
from asyncmd_jupyter.jobs.heartbeat import may_live
from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.process import Owner, ProcessId, boot_id, hostname, namespace
from asyncmd_jupyter.jobs.store import JobStore

NOBODY = ProcessId(2**22 + 1, "1")  # more than any number of a process
ELSEWHERE = Owner("elsewhere", NOBODY, "another-boot", "1")
CONTAINER = Owner(hostname(), NOBODY, boot_id(), "1")
BEFORE = Owner(hostname(), NOBODY, "an-earlier-boot", namespace())
EARLIER_VERSION = Owner("elsewhere", NOBODY)


@pytest.fixture
def heard(tmp_path):
    """Lets a kernel have given its last sign of life some seconds ago."""

    def hear(owner, seconds):
        heartbeat._beat(tmp_path, str(owner))
        path = heartbeat._file(tmp_path, str(owner))
        os.utime(path, (time.time() - seconds,) * 2)

    return hear


@pytest.mark.parametrize(
    ("owner", "silence", "lives"),
    [
        (ELSEWHERE, 60, True),
        (ELSEWHERE, 500, True),
        (ELSEWHERE, 700, False),
        (ELSEWHERE, None, True),
        (EARLIER_VERSION, None, True),
        (CONTAINER, 60, True),
        (CONTAINER, 700, False),
        (BEFORE, 60, True),  # another machine of the same name
        (BEFORE, 300, False),
        (BEFORE, None, False),
        (replace(CONTAINER, namespace=namespace()), 1, False),
        (Owner.this(), None, True),
        (Owner(hostname(), Owner.this().process), None, True),
        (Owner(hostname(), NOBODY), None, False),
    ],
)
def test_who_may_live(tmp_path, heard, owner, silence, lives):
    if silence is not None:
        heard(owner, silence)
    assert Owner.parse(str(owner)) == owner
    assert may_live(owner, tmp_path) is lives


@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_clocks_of_machines_may_differ(tmp_path, heard, monkeypatch, ahead):
    heard(ELSEWHERE, 300)
    silent = replace(ELSEWHERE, host="silent")
    heard(silent, 900)
    now = time.time
    monkeypatch.setattr(heartbeat.time, "time", lambda: now() + ahead)
    assert may_live(ELSEWHERE, tmp_path)
    assert not may_live(silent, tmp_path)


async def test_a_kernel_with_jobs_gives_signs_of_life(manager, settings, work):
    job = await manager.submit(program("exit_with", 0, cwd=work), name="a")
    path = heartbeat._file(settings.state_dir, job.record.owner)
    assert time.time() - path.stat().st_mtime < 60
    assert path.stat().st_mode & 0o777 == 0o600
    await job.wait()
    await manager.shutdown()
    assert path.stat().st_mtime == 0, "it will not look after them any more"


async def test_a_planted_link_is_not_touched(tmp_path):
    victim = tmp_path / "victim"
    victim.touch()
    os.utime(victim, (1, 1))
    path = heartbeat._file(tmp_path, str(ELSEWHERE))
    path.parent.mkdir(mode=0o700)
    path.symlink_to(victim)
    heartbeat._beat(tmp_path, str(ELSEWHERE))
    assert victim.stat().st_mtime == 1


async def test_jobs_of_a_silent_kernel_elsewhere_are_taken_back(manager, settings, work):
    """Round robin: the next login is on another machine than the last one."""
    store = JobStore(settings.state_dir)
    job = local_job(work, owner=str(ELSEWHERE))
    store.save(job)
    store.flush()
    heartbeat._beat(settings.state_dir, str(ELSEWHERE))
    assert await manager.attach() == []
    path = heartbeat._file(settings.state_dir, str(ELSEWHERE))
    os.utime(path, (time.time() - 3600,) * 2)
    (taken,) = await manager.attach()
    assert taken.state is JobState.RUNNING, "it may run there: nothing says that it does not"
    (job.folder / "exit_code.0").write_text("0\n")
    assert (await taken.wait()).state is JobState.DONE


def local_job(work, **changes):
    folder = work / "job"
    folder.mkdir()
    job = JobRecord(
        "abc", "a", "local", program("exit_with", 0, cwd=work), folder, state=JobState.RUNNING,
        native_id=str(NOBODY), submitted=datetime.now(UTC), cluster="elsewhere 4026531836",
    )  # fmt: skip
    return replace(job, **changes)


def test_processes_of_another_machine_are_not_looked_for_here(work):
    job = local_job(work, owner=str(Owner.this()))
    launcher = LocalLauncher(lambda: None)
    assert launcher.look([job]) == {}
    assert launcher.look([replace(job, cluster="")])["abc"].state is JobState.LOST


async def test_a_kernel_that_was_stopped_lets_go_of_what_was_taken_from_it(kernel, manager, work):
    first = kernel()
    up, gate = work / "up", work / "gate"
    job_id = await first.submit(program("until_file", up, gate, cwd=work))
    await until_up(up)
    first.process.send_signal(signal.SIGSTOP)
    try:
        assert await manager.attach() == [], "it lives"
        (job,) = await manager.attach(force=True)
        assert (job.id, job.state) == (job_id, JobState.RUNNING)
    finally:
        first.process.send_signal(signal.SIGCONT)
    assert "was taken over by another kernel" in (await first.ask(wait=job_id))["error"]
    assert await first.ask(shutdown=True) == {}
    assert processes_of([job.record]), "the end of its first kernel means nothing to it"
    gate.touch()
    assert (await job.wait()).state is JobState.DONE
    await until(lambda: not processes_of([job.record]))
