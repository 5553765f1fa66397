"""Cores are those of the machine: several kernels of a user take them together."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from job_helpers import program, until, until_up

from asyncmd_jupyter.jobs.model import Command, JobState
from asyncmd_jupyter.jobs.other_kernels import OtherKernels, RunningJob, Turns, WaitingJob
from asyncmd_jupyter.jobs.schema import (
    STARTED_BY_OTHERS,
    WAITING_OF_OTHERS,
    add_indices,
    check_schema,
)

# Counts the jobs that run at the same time, itself included.
COUNTING = "touch run.$$; ls run.* | wc -l >> counts; sleep 0.05; rm run.$$"


def until_file(work, name):
    return program("until_file", work / f"up {name}", work / f"gate {name}", cwd=work)


async def test_two_kernels_share_the_cores(manager, kernel, work, job_runtime):
    """The other one is killed; its job goes on, and so do its cores."""
    job_runtime.change_settings(max_cores=2)
    other = kernel()
    theirs = await other.submit(until_file(work, "theirs"))
    mine = [await manager.submit(until_file(work, name), name=name) for name in ("a", "b")]
    assert [job.state for job in mine][1] is JobState.WAITING
    await until_up(work / "up theirs")
    await until_up(work / "up a")
    await other.kill()
    for _ in range(3):  # looks at the other's jobs have nothing new to tell
        await manager._starter._shared.look(mine[1].record, 2)
    assert mine[1].state is JobState.WAITING
    (work / "gate theirs").touch()
    await until_up(work / "up b")
    for name in ("a", "b"):
        (work / f"gate {name}").touch()
    for job in mine:
        assert (await job.wait()).state is JobState.DONE
    assert theirs not in {record.id for record in manager.records()}


async def test_who_came_first_is_served_first(manager, kernel, work, job_runtime):
    job_runtime.change_settings(max_cores=1)
    other = kernel(max_cores=1)
    first = await manager.submit(until_file(work, "first"), name="first")
    await until_up(work / "up first")
    await other.submit(until_file(work, "theirs"))
    last = await manager.submit(until_file(work, "last"), name="last")
    assert last.state is JobState.WAITING
    (work / "gate first").touch()
    await first.wait()
    await until(lambda: (work / "up theirs").exists() or (work / "up last").exists())
    order = [name for name in ("theirs", "last") if (work / f"up {name}").exists()]
    assert order == ["theirs"]
    (work / "gate theirs").touch()
    await until_up(work / "up last")
    (work / "gate last").touch()
    await last.wait()


async def test_a_race_oversubscribes_nothing(kernel, work):
    command = Command(("bash", "-c", COUNTING), work)
    kernels = [kernel(max_cores=2) for _ in range(2)]
    orders = [{**each.order(command), "times": 6} for each in kernels]
    pairs = list(zip(kernels, orders, strict=True))
    found = await asyncio.gather(*(each.ask(**order) for each, order in pairs))
    for each, said in zip(kernels, found, strict=True):
        for job_id in said["ids"]:
            assert (await each.ask(wait=job_id))["state"] == "done"
    counts = [int(line) for line in (work / "counts").read_text().split()]
    assert len(counts) == 12
    assert max(counts) <= 2


async def test_a_kernel_that_takes_no_cores_keeps_none_idle(manager, kernel, work, job_runtime):
    """Its own limit is lower, so it leaves its turn to others."""
    job_runtime.change_settings(max_cores=2)
    other = kernel(max_cores=1)
    for name in ("theirs", "their next"):
        await other.submit(until_file(work, name))
    await until_up(work / "up theirs")
    mine = await manager.submit(until_file(work, "mine"), name="mine")
    await until_up(work / "up mine")
    assert not (work / "up their next").exists()
    for name in ("mine", "theirs", "their next"):
        (work / f"gate {name}").touch()
    assert (await mine.wait()).state is JobState.DONE
    await until_up(work / "up their next")


async def test_what_cannot_be_read_limits_this_kernel_alone(manager, work, job_runtime, caplog):
    job_runtime.change_settings(max_cores=1)
    record = '{"launcher": "local", "resources": {"cores": "many"}}'
    first = await manager.submit(program("exit_with", 0, cwd=work), name="first")
    await first.wait()
    with closing(sqlite3.connect(job_runtime.settings.state_dir / "jobs.sqlite")) as db:
        row = ("x", "another:1:2", "running", 0, 0, 1.0, record)
        db.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        db.commit()
    for name in ("a", "b"):
        job = await manager.submit(program("exit_with", 0, cwd=work), name=name)
        assert (await job.wait()).state is JobState.DONE
    assert caplog.text.count("the limit on cores holds for this kernel alone") == 1


def test_turns_are_lost_by_those_who_do_not_take_them():
    turns, waiting = Turns(3.0), (WaitingJob("slow", 1.0, 1),)
    others = OtherKernels((), waiting)
    assert turns.passed_over(others, 0.0) == frozenset()
    turns.left_to(others, 5.0, 0.0)
    assert turns.is_anybody_due
    assert turns.passed_over(others, 2.0) == frozenset()
    assert turns.passed_over(others, 4.0) == {"slow"}
    assert others.ahead(5.0) == 1
    assert others.ahead(5.0, {"slow"}) == others.ahead(0.5) == 0
    started = OtherKernels((RunningJob("a", "slow", 1),), waiting)
    assert turns.passed_over(started, 5.0) == frozenset()
    turns.left_to(started, 5.0, 6.0)
    turns.nothing_is_free()
    assert turns.passed_over(started, 60.0) == frozenset()


@pytest.mark.parametrize("query", [STARTED_BY_OTHERS, WAITING_OF_OTHERS])
def test_only_the_jobs_in_question_are_read(query):
    with closing(sqlite3.connect(":memory:")) as db:
        check_schema(db)
        add_indices(db)
        asked = {"launcher": "local", "owner": "me", "gone": "[]", "most": 2}
        plan = str(db.execute(f"EXPLAIN QUERY PLAN {query}", asked).fetchall())
    assert "USING INDEX" in plan
    assert "SCAN jobs" not in plan
    assert "TEMP B-TREE" not in plan
