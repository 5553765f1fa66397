"""A queue that is missing, slow, broken or without accounting; its commands are scripts."""

import asyncio
import json
import os

import pytest
from job_helpers import until

from asyncmd_jupyter.jobs.process import ProcessId
from asyncmd_jupyter.jupyter.server.desk import Desk
from asyncmd_jupyter.jupyter.server.options import Options

LINE = "\x1f".join(
    [
        *("12_3", "RUNNING", "None", "n1", "1", "main", "2026-11-23T12:00:00"),
        *("2026-11-23T12:00:01", "N/A", "1:00", "0", "0", "/w", "name", "", "one"),
    ]
)


HISTORY = "\x1f".join(
    [
        *("{id}", "{state}", "n[1-2]", "4", "main", "2026-11-23T12:00:00", "2026-11-23T12:00:01"),
        *("{end}", "1:00:00", "{code}", "/w", "old {id}", "{comment}", "one"),
    ]
)


def recorded(**fields):
    """A line of sacct."""
    known = {"id": "7", "state": "TIMEOUT", "end": "2026-11-23T13:00:00", "code": "0:0"}
    return HISTORY.format(**known | {"comment": ""} | fields)


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Makes commands of Slurm, which leave a line with each call."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def make(name, script):
        path = folder / name
        path.write_text(f'#!/bin/bash\necho "$$" >>{tmp_path}/{name}.calls\n{script}\n')
        path.chmod(0o755)

    make("squeue", f"printf '%s\\n' '{LINE}'")
    make("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    make.folder = folder
    make.calls = lambda name: (tmp_path / f"{name}.calls").read_text().split()
    return make


async def looked(desk, others=True):
    return json.loads((await desk.poll.board(others=others)).snapshot(others=others))


async def until_looked(desk, holds):
    while not holds(seen := await looked(desk)):
        desk.poll.wake()
    return seen


@pytest.fixture
async def desk(commands):
    desks = []

    def make(**options):
        desks.append(Desk(Options(**{"poll_interval": 0.01, **options}), ""))
        return desks[-1]

    yield make
    for each in desks:
        await each.close()


async def test_without_accounting_there_is_no_history_and_no_problem(commands, desk):
    seen = await looked(desk())
    assert (seen["scheduler"], seen["queue_problem"]) == ("slurm", "")
    assert [job["id"] for job in seen["jobs"]] == ["slurm:12_3"]
    assert len(commands.calls("sacct")) == 1


async def test_without_slurm_nothing_is_said(commands, desk, monkeypatch):
    monkeypatch.setenv("PATH", str(commands.folder / "none"))
    seen = await looked(desk())
    assert (seen["scheduler"], seen["queue_problem"], seen["jobs"]) == ("", "", [])


async def test_slurm_is_not_asked_for_nothing(commands, desk):
    seen = await looked(desk(), others=False)
    assert (seen["scheduler"], seen["jobs"]) == ("slurm", [])
    with pytest.raises(FileNotFoundError):
        commands.calls("squeue")


async def test_many_looks_share_one_call(commands, desk):
    one = desk(queue_interval=1000.0, history_interval=1000.0)
    for _ in range(5):
        await looked(one)
        one.poll.wake()
    assert (len(commands.calls("squeue")), len(commands.calls("sacct"))) == (1, 1)


async def test_a_failure_is_said_and_what_was_known_stays(commands, desk):
    one = desk(queue_interval=0.01)
    await looked(one)
    commands("squeue", "echo 'slurm_load_jobs error: no controller' >&2; exit 1")
    seen = await until_looked(one, lambda seen: seen["queue_problem"])
    assert "no controller" in seen["queue_problem"]
    assert [job["id"] for job in seen["jobs"]] == ["slurm:12_3"]
    commands("squeue", f"printf '%s\\n' '{LINE}'")
    await until_looked(one, lambda seen: not seen["queue_problem"])


async def test_a_command_that_hangs_is_given_up(commands, desk):
    commands("squeue", "exec sleep 600")
    one = desk(command_seconds=0.2)
    seen = await until_looked(one, lambda seen: seen["queue_problem"])
    assert "did not answer within 0.2 s" in seen["queue_problem"]
    (outcome,) = await one.do("cancel", ["slurm:12_3"])
    assert not outcome.ok
    assert "did not answer" in outcome.message


async def test_the_end_of_the_server_ends_a_command_that_hangs(commands, desk):
    commands("squeue", "exec sleep 600")
    one = desk(command_seconds=600)
    looking = asyncio.create_task(looked(one))
    called = commands.folder.parent / "squeue.calls"
    await until(lambda: called.exists() and called.read_text().endswith("\n"))
    process = ProcessId.of(int(commands.calls("squeue")[0]))
    await one.close()
    await looking
    await until(lambda: not process.is_alive())


async def test_replies_that_make_no_sense_are_no_jobs(commands, desk):
    (commands.folder / "noise").write_bytes(os.urandom(20_000))
    commands("squeue", f"cat {commands.folder}/noise")
    assert (await looked(desk()))["jobs"] == []


async def test_what_only_accounting_remembers(commands, desk):
    lines = [
        recorded(),
        recorded(id="8_2", state="CANCELLED by 1000", code="0:15"),
        recorded(id="9", comment="asyncmd:abcdefgh"),
        recorded(id="10", state="RUNNING", end="Unknown"),
        recorded(id="12_3", state="COMPLETED"),
    ]
    (commands.folder / "lines").write_text("\n".join(lines))
    commands("sacct", f"cat {commands.folder}/lines")
    jobs = {job["id"]: job for job in (await looked(desk()))["jobs"]}
    assert set(jobs) == {"slurm:12_3", "slurm:7", "slurm:8_2"}
    assert (jobs["slurm:12_3"]["state"], jobs["slurm:12_3"]["can"][0]) == ("running", "cancel")
    old = jobs["slurm:7"]
    assert (old["state"], old["cause"], old["can"]) == ("failed", "TIMEOUT", [])
    assert old["nodes"] == ["n1", "n2"]
    assert (old["name"], old["cores"], old["time_limit"]) == ("old 7", 4, 3600)
    assert (jobs["slurm:8_2"]["state"], jobs["slurm:8_2"]["exit_code"]) == ("cancelled", -15)
