"""What every launcher has to do. Put another one through it in conftest.py."""

import asyncio
import json
import sys

import pytest
from job_helpers import program, until, until_up

from asyncmd_jupyter.errors import SubmissionError
from asyncmd_jupyter.jobs.model import Command, JobChanged, JobState, Resources

HOSTILE = [
    "a b",
    "a'; touch pwned; echo '",
    'a"b',
    "a\nb",
    "$(touch pwned)",
    "`touch pwned`",
    "-n",
    "--",
    "{cmd}%s\\",
    "*?[a]~",
    "!#&|;<>",
    "Grüße 水 🧪",
    " ",
    "",
]


async def submit(manager, launcher, name, *args, cwd, **options):
    command = program(name, *args, cwd=cwd)
    return await manager.submit(command, name=name, launcher=launcher, **options)


async def test_success(manager, launcher, work):
    job = await submit(manager, launcher, "exit_with", 0, cwd=work)
    record = await job.wait()
    assert (record.state, record.exit_code, record.reason) == (JobState.DONE, 0, "")
    assert record.submitted <= record.ended
    assert record.folder.parent == work / ".asyncmd_jobs"
    assert record.folder.name.startswith("exit_with.")


async def test_exit_code(manager, launcher, work):
    job = await submit(manager, launcher, "exit_with", 3, cwd=work)
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.FAILED, 3)
    assert "3" in record.reason


async def test_what_it_wrote_last_can_be_read(manager, launcher, work):
    job = await submit(manager, launcher, "exit_with", "no number", cwd=work)
    assert (await job.wait()).exit_code == 1
    assert "invalid literal" in job.tail(1)
    assert job.tail(500).startswith("Traceback")
    assert job.tail(stream="stdout") == ""


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
async def test_arguments_are_data(manager, launcher, work, text):
    out = work / "arguments"
    job = await submit(manager, launcher, "show_arguments", out, text, "end", cwd=work)
    assert (await job.wait()).state is JobState.DONE
    assert json.loads(out.read_text()) == [text, "end"]
    assert not list(work.rglob("pwned"))


@pytest.mark.parametrize("text", [text for text in HOSTILE if text], ids=repr)
async def test_names_and_folders_are_data(manager, launcher, work, text):
    folder = work / text
    folder.mkdir()
    out = folder / "arguments"
    command = program("show_arguments", out, cwd=folder)
    job = await manager.submit(command, name=text, launcher=launcher)
    assert (await job.wait()).state is JobState.DONE
    assert job.record.name == text
    assert job.id in repr(job)
    assert not list(work.rglob("pwned"))


async def test_many_wait_for_one_job(manager, launcher, work):
    up = work / "up"
    job = await submit(manager, launcher, "until_stop", up, cwd=work)
    impatient = asyncio.create_task(job.wait())
    waiters = [asyncio.create_task(job.wait()) for _ in range(5)]
    await until_up(up)
    impatient.cancel()
    await manager.job(job.id[:5]).ask_to_stop()
    records = await asyncio.gather(*waiters)
    assert {record.state for record in records} == {JobState.DONE}
    assert await job.wait() == records[0]
    assert impatient.cancelled()


async def test_asked_to_stop_it_saves_and_is_done(manager, launcher, work):
    up = work / "up"
    job = await submit(manager, launcher, "until_stop", up, cwd=work)
    await until_up(up)
    await job.ask_to_stop()
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.DONE, 0)
    assert up.read_text() == "saved"


async def test_cancelled(manager, launcher, work):
    up = work / "up"
    job = await submit(manager, launcher, "until_stop", up, cwd=work)
    await until_up(up)
    await job.cancel()
    record = await job.wait()
    assert record.state is JobState.CANCELLED
    assert record.cancel_requested
    await job.cancel()
    await job.ask_to_stop()
    assert job.record == record


async def test_many_are_cancelled_at_once(manager, launcher, work):
    jobs = [
        await submit(manager, launcher, "until_stop", work / str(number), cwd=work)
        for number in range(6)
    ]
    await manager.cancel([job.record for job in jobs])
    records = await asyncio.gather(*(job.wait() for job in jobs))
    assert {record.state for record in records} == {JobState.CANCELLED}


async def test_states_move_forward_and_are_told(manager, launcher, work, job_runtime):
    told = []
    job_runtime.events.subscribe(lambda event: told.append(event.record.state), JobChanged)
    up = work / "up"
    job = await submit(manager, launcher, "until_stop", up, cwd=work)
    await until(lambda: job.state is JobState.RUNNING)
    await until_up(up)
    await job.ask_to_stop()
    await job.wait()
    order = list(JobState)
    assert [*dict.fromkeys(told)] == sorted(set(told), key=order.index)
    assert told[0] is JobState.WAITING
    assert told[-1] is JobState.DONE
    assert JobState.RUNNING in told


async def test_the_limit_on_cores_holds_and_may_change(manager, launcher, work, job_runtime):
    job_runtime.change_settings(max_cores=2)
    ups, gates = ([work / f"{kind}{number}" for number in range(4)] for kind in ("up", "gate"))
    jobs = [
        await submit(manager, launcher, "until_file", up, gate, cwd=work)
        for up, gate in zip(ups, gates, strict=True)
    ]
    await asyncio.gather(until_up(ups[0]), until_up(ups[1]))
    assert [job.state for job in jobs[2:]] == [JobState.WAITING] * 2
    job_runtime.change_settings(max_cores=3)
    await until_up(ups[2])
    assert jobs[3].state is JobState.WAITING
    gates[1].touch()
    await until_up(ups[3])
    for gate in gates:
        gate.touch()
    records = await asyncio.gather(*(job.wait() for job in jobs))
    assert {record.state for record in records} == {JobState.DONE}


async def test_a_job_larger_than_the_limit_runs_alone(manager, launcher, work):
    gate = work / "gate"
    small = await submit(manager, launcher, "until_file", work / "up", gate, cwd=work)
    large = await submit(
        manager, launcher, "exit_with", 0, cwd=work, resources=Resources(cores=100)
    )
    behind = await submit(manager, launcher, "exit_with", 0, cwd=work)
    assert (large.state, behind.state) == (JobState.WAITING, JobState.WAITING)
    gate.touch()
    ends = [await job.wait() for job in (small, large, behind)]
    assert {record.state for record in ends} == {JobState.DONE}
    assert ends[0].ended <= ends[1].started
    assert ends[1].ended <= ends[2].started


async def test_cancelled_while_it_waits(manager, launcher, work, job_runtime):
    job_runtime.change_settings(max_cores=1)
    gate = work / "gate"
    first = await submit(manager, launcher, "until_file", work / "up", gate, cwd=work)
    second = await submit(manager, launcher, "exit_with", 0, cwd=work)
    third = await submit(manager, launcher, "exit_with", 0, cwd=work)
    await second.cancel()
    await third.ask_to_stop()
    for job in (second, third):
        record = await job.wait()
        assert record.state is JobState.CANCELLED
        assert "before it was started" in record.reason
    gate.touch()
    assert (await first.wait()).state is JobState.DONE


async def test_cancelling_the_submission_cancels_the_job(manager, launcher, work):
    """At whatever moment of it the cancellation arrives."""
    for turns in range(12):
        task = asyncio.create_task(
            submit(manager, launcher, "until_stop", work / f"up{turns}", cwd=work)
        )
        for _ in range(turns):
            await asyncio.sleep(0.001 if turns > 5 else 0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            await task.result().cancel()
    for record in manager.records():
        assert (await manager.wait(record)).state is JobState.CANCELLED


async def test_an_unknown_program_says_so(manager, work):
    command = Command(("no-such-program-anywhere", "x"), work)
    job = await manager.submit(command, name="x")
    record = await job.wait()
    assert (record.state, record.exit_code) == (JobState.FAILED, 127)
    assert "not found" in record.reason
    assert "no-such-program-anywhere" in job.tail()


async def test_a_program_whose_name_begins_with_a_dash(manager, work):
    folder = work / "bin"
    folder.mkdir()
    (folder / "-x").symlink_to(sys.executable)
    command = Command(("-x", "-c", "print('ran')"), work, {"PATH": str(folder)})
    job = await manager.submit(command, name="dash")
    await job.wait()
    assert job.tail(stream="stdout") == "ran"


async def test_variables_reach_the_command_only(manager, work):
    command = Command(
        (sys.executable, "-c", "import os; print(os.environ['IFS'], os.environ['TEXT'])"),
        work,
        {"IFS": "/", "TEXT": "$HOME 'x'", "LC_ALL": "C"},
    )
    job = await manager.submit(command, name="env")
    assert (await job.wait()).state is JobState.DONE
    assert job.tail(stream="stdout") == "/ $HOME 'x'"


async def test_a_folder_that_cannot_be_made_refuses_the_job(manager, launcher, work):
    (work / ".asyncmd_jobs").write_text("in the way")
    with pytest.raises(SubmissionError, match="Choose a working folder"):
        await submit(manager, launcher, "exit_with", 0, cwd=work)
    assert manager.records() == []
