"""What processes can do to the local launcher, and it to them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import psutil
import pytest
from job_helpers import processes_of, program, until, until_up

from asyncmd_jupyter.errors import SubmissionError
from asyncmd_jupyter.jobs.model import Command, JobState, Resources
from asyncmd_jupyter.jobs.process import ProcessId, find_members


async def start(manager, name, up, *args, cwd, **options):
    job = await manager.submit(program(name, up, *args, cwd=cwd), name=name, **options)
    await until(lambda: up.exists() and up.read_text())
    return job


def bash_of(job):
    return ProcessId.parse(job.record.native_id)


def command_of(job):
    """The command's own process, for which the inner of the two shells waits."""
    (inner,) = psutil.Process(bash_of(job).pid).children()
    (command,) = inner.children()
    return command


async def test_killed_command(manager, work):
    job = await start(manager, "until_stop", work / "up", cwd=work)
    command_of(job).kill()
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.FAILED, -signal.SIGKILL)
    assert "SIGKILL" in record.reason
    assert "memory" in record.reason


async def test_command_ended_by_another_signal(manager, work):
    job = await start(manager, "until_stop", work / "up", cwd=work)
    command_of(job).send_signal(signal.SIGUSR1)
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.FAILED, -signal.SIGUSR1)
    assert "SIGUSR1" in record.reason


@pytest.mark.parametrize("send", [os.kill, os.killpg])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_to_the_script_or_its_group_lets_the_command_save(manager, work, send, number):
    count = (
        "import signal, sys, time; from pathlib import Path; seen = []\n"
        f"signal.signal({int(number)}, lambda *_: seen.append(1))\n"
        "Path('up').write_text('up')\n"
        "while not seen: time.sleep(0.01)\n"
        "time.sleep(0.2); sys.exit(len(seen) - 1)"
    )
    job = await manager.submit(Command((sys.executable, "-c", count), work), name="count")
    await until_up(work / "up")
    send(bash_of(job).pid, number)
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.DONE, 0)


async def test_the_exit_code_reaches_the_disk(manager, work, monkeypatch):
    sync = work / "programs/sync"
    sync.parent.mkdir()
    sync.write_text(f'#!/bin/bash\necho "$@ $(cat "${{@: -1}}")" >>{work}/synced\n')
    sync.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sync.parent}:{os.environ['PATH']}")
    job = await manager.submit(Command(("bash", "-c", "exit 7"), work), name="ends")
    assert (await job.wait()).exit_code == 7
    assert (work / "synced").read_text() == "-- exit_code.0 7\n"


async def test_many_signals_do_not_lose_the_exit_code(manager, work):
    # os._exit: Python itself dies of a signal that comes while it shuts down.
    deaf = (
        "import os, signal, time; from pathlib import Path\n"
        "signal.signal(signal.SIGTERM, lambda *_: None)\n"
        "Path('up').write_text('up')\n"
        "while not Path('gate').exists(): time.sleep(0.005)\n"
        "os._exit(5)"
    )
    job = await manager.submit(Command((sys.executable, "-c", deaf), work), name="deaf")
    await until_up(work / "up")
    for number in range(200):
        bash_of(job).send(signal.SIGTERM)
        if number == 100:
            (work / "gate").touch()
    assert (await job.wait()).exit_code == 5


async def test_paused_command_is_not_ended(manager, work):
    gate = work / "gate"
    job = await start(manager, "until_file", work / "up", gate, cwd=work)
    await until(lambda: job.state is JobState.RUNNING)
    command = command_of(job)
    command.suspend()
    await until(lambda: command.status() == psutil.STATUS_STOPPED)
    await asyncio.sleep(0.2)
    assert job.state is JobState.RUNNING
    command.resume()
    gate.touch()
    assert (await job.wait()).exit_code == 0


async def test_stubborn_command_is_killed_after_the_grace(manager, work, job_runtime):
    job_runtime.change_settings(cancel_grace=timedelta(seconds=0.2))
    job = await start(manager, "stubborn", work / "up", cwd=work)
    await job.cancel()
    record = await job.wait()
    assert record.state is JobState.CANCELLED
    # As the system tells it, or the shell that had a moment left to tell it.
    assert record.exit_code in (-signal.SIGKILL, 128 + signal.SIGKILL)


async def test_cancelling_ends_the_whole_family(manager, work):
    up = work / "up"
    job = await start(manager, "family", up, cwd=work)
    children = await asyncio.to_thread(
        lambda: [ProcessId.of(pid) for pid in json.loads(up.read_text())]
    )
    assert all(child.is_alive() for child in children)
    await job.cancel()
    assert (await job.wait()).state is JobState.CANCELLED
    await until(lambda: not any(child.is_alive() for child in children))


async def test_cancelling_without_bash_ends_what_it_left(manager, work):
    job = await start(manager, "until_stop", work / "up", cwd=work)
    bash_of(job).send(signal.SIGKILL)
    await until(lambda: "without it" in job.record.reason)
    assert job.state is JobState.RUNNING
    await job.cancel()
    assert (await job.wait()).state is JobState.CANCELLED
    assert processes_of([job.record]) == set()


async def test_stopping_without_bash(manager, work):
    up = work / "up"
    job = await start(manager, "until_stop", up, cwd=work)
    bash_of(job).send(signal.SIGKILL)
    await until(lambda: not bash_of(job).is_alive())
    await job.ask_to_stop()
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.DONE, 0)
    assert up.read_text() == "saved"


async def test_both_shells_killed(manager, work):
    job = await start(manager, "until_stop", work / "up", cwd=work)
    command = ProcessId.of(command_of(job).pid)
    (inner,) = psutil.Process(bash_of(job).pid).children()
    bash_of(job).send(signal.SIGKILL)
    inner.kill()
    await until(lambda: "without it" in job.record.reason)
    command.send(signal.SIGTERM)
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.FAILED, -signal.SIGKILL)
    assert "shell" in record.reason


async def test_what_a_command_leaves_behind_is_ended(manager, work):
    job = await start(manager, "hand_over", work / "up", cwd=work)
    assert (await job.wait()).state is JobState.DONE
    left = ProcessId.of(int((work / "up").read_text()))
    await until(lambda: left is None or not left.is_alive())


async def test_time_limit(manager, work):
    limit = Resources(time_limit=timedelta(seconds=0.2))
    command = program("stubborn", work / "up", cwd=work)
    job = await manager.submit(command, name="long", resources=limit)
    record = await job.wait()
    assert record.state is JobState.FAILED
    assert "time limit of 0:00:00.2" in record.reason


async def test_time_limit_of_a_command_that_saves(manager, work):
    limit = Resources(time_limit=timedelta(seconds=0.5))
    job = await start(manager, "until_stop", work / "up", cwd=work, resources=limit)
    assert (await job.wait()).state is JobState.DONE
    assert (work / "up").read_text() == "saved"


async def test_asked_to_stop_right_after_the_start(manager, work):
    """The signal must not hit bash before it can hand it on."""
    for number in range(10):
        job = await manager.submit(program("until_stop", work / str(number), cwd=work), name="x")
        await job.ask_to_stop()
        record = await job.wait()
        assert record.exit_code in (0, -signal.SIGTERM)
        assert "shell" not in record.reason


async def test_no_bash_refuses_the_job(manager, work, monkeypatch):
    monkeypatch.setenv("PATH", str(work))
    with pytest.raises(SubmissionError, match="bash"):
        await manager.submit(program("exit_with", 0, cwd=work), name="nothing")
    (record,) = manager.records()
    assert record.state is JobState.FAILED
    monkeypatch.undo()
    resources = Resources(cores=4)
    job = await manager.submit(program("exit_with", 0, cwd=work), name="next", resources=resources)
    assert (await job.wait()).state is JobState.DONE


async def test_jobs_do_not_share_the_session_of_the_kernel(manager, work):
    job = await start(manager, "until_stop", work / "up", cwd=work)
    assert os.getsid(bash_of(job).pid) == bash_of(job).pid != os.getsid(0)


async def test_children_are_reaped(manager, work):
    jobs = [
        await manager.submit(program("exit_with", 0, cwd=work), name=str(number))
        for number in range(4)
    ]
    for job in jobs:
        await job.wait()
    known = {bash_of(job).pid for job in jobs}

    def zombies():
        return known & {child.pid for child in psutil.Process().children()}

    await until(lambda: not zombies())
    assert not [thread for thread in threading.enumerate() if thread.name == "asyncmd-end"]


def test_a_number_used_again_is_another_process():
    child = subprocess.Popen(["sleep", "600"])
    try:
        real = ProcessId.of(child.pid)
        other = ProcessId(child.pid, "1")
        assert real.is_alive()
        assert not other.is_alive()
        assert not other.send(signal.SIGKILL)
        assert find_members({"nobody": other}) == {"nobody": set()}
        assert ProcessId.parse(str(real)) == real
    finally:
        child.kill()
        child.wait()
    assert not real.is_alive()
    assert ProcessId.of(child.pid) != real
