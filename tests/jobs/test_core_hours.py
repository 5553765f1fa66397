"""Core hours of jobs in Slurm: counted from the store, once for what has ended."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.core_hours import Budget, CoreHours
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources, ScriptTemplate
from asyncmd_jupyter.jobs.process import hostname
from asyncmd_jupyter.jobs.slurm.guard import Guard
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jobs.tally import Tally, n_cores

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """The session may have begun long ago."""
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC))


def record(
    number,
    *,
    hours=1.0,
    begun=2.0,
    state=JobState.DONE,
    launcher="slurm",
    owner="h:1:1",
    folder=Path("/w/f"),
    **resources,
):
    """A job that began some hours ago and ran for some."""
    started = None if begun is None else NOW - timedelta(hours=begun)
    ended = started + timedelta(hours=hours) if state.is_final and started else None
    command = Command(("x",), Path("/w"))
    return JobRecord(
        f"j{number}",
        "x",
        launcher,
        command,
        folder,
        Resources(**resources),
        state=state,
        submitted=NOW,
        started=started,
        ended=ended,
        owner=owner,
    )


@pytest.fixture
def store(tmp_path):
    store = JobStore(tmp_path)
    yield store
    store.close()


def save(store, *records):
    for each in records:
        store.save(each)
    store.flush()


def test_ended_and_running_jobs_count_with_their_cores(store):
    save(
        store,
        record(1, cores=4),
        record(2, cores=2, state=JobState.RUNNING),
        record(3, begun=None, state=JobState.PENDING),
        record(4, begun=None, state=JobState.CANCELLED),
        record(5, cores=100, launcher="local"),
    )
    found = Tally(store, "slurm", None).read()
    assert found.hours == pytest.approx(4 + 2 * 2, abs=0.1)
    assert (found.running, found.waiting) == (1, 1)


def test_what_has_ended_is_read_once(store, monkeypatch):
    save(store, record(1), record(2, state=JobState.RUNNING), record(3, state=JobState.RUNNING))
    tally = Tally(store, "slurm", None)
    tally.read()
    asked = []
    real = store.spells
    monkeypatch.setattr(store, "spells", lambda ids: asked.append(set(ids)) or real(ids))
    save(store, record(2), record(4))
    found = tally.read()
    assert asked == [{"j2", "j3", "j4"}]
    assert found.hours == pytest.approx(1 + 1 + 2 + 1, abs=0.1)
    tally.read()
    assert asked[1:] == [{"j3"}]


def test_a_job_whose_begin_is_not_known_runs_from_when_it_is_seen(store):
    save(store, record(1, begun=None, state=JobState.RUNNING))
    tally = Tally(store, "slurm", None)
    assert tally.read().hours == 0
    assert 0 < tally.read().hours < 0.1


def test_only_what_was_used_since_a_moment_counts(store):
    save(store, record(1, begun=3, hours=2), record(2, begun=10, hours=1))
    found = Tally(store, "slurm", NOW - timedelta(hours=2)).read()
    assert found.hours == pytest.approx(1, abs=0.1)


def test_a_job_that_nobody_looks_after_ends_at_its_limit(store):
    limit = timedelta(hours=3)
    save(store, record(1, begun=1000, state=JobState.RUNNING, time_limit=limit))
    assert Tally(store, "slurm", None).read().hours == pytest.approx(3)


DEAD = f"{hostname()}:{2**22 + 1}:1"


def leave(folder, **files):
    """Make a folder with files that were written so many hours ago."""
    folder.mkdir()
    for name, hours in files.items():
        path = folder / name.replace("_at_", ".")
        path.write_text("0\n")
        moment = (NOW - timedelta(hours=hours)).timestamp()
        os.utime(path, (moment, moment))
    return folder


RUNNING, PENDING = JobState.RUNNING, JobState.PENDING


@pytest.mark.parametrize(
    ("state", "begun", "files", "hours", "counts"),
    [
        (RUNNING, 10, {"started_at_0": 10, "exit_code_at_0": 7}, 3, (0, 0)),
        (RUNNING, None, {"started_at_0": 10, "exit_code_at_0": 7}, 3, (0, 0)),
        (RUNNING, 10, {"started_at_0": 10, "stdout.txt": 8}, 2, (1, 0)),
        (RUNNING, 10, {"exit_code_at_0": 9, "started_at_1": 6, "stdout.txt": 5}, 5, (1, 0)),
        (RUNNING, 10, {}, 0, (1, 0)),
        (RUNNING, None, {}, 0, (1, 0)),
        (PENDING, None, {"script.sh": 5}, 0, (0, 1)),
        (PENDING, None, {"started_at_0": 5, "exit_code_at_0": 4}, 1, (0, 0)),
    ],
)
def test_jobs_of_a_dead_kernel_never_grow_with_the_clock(
    store, tmp_path, state, begun, files, hours, counts
):
    folder = leave(tmp_path / "job", **files)
    save(store, record(1, begun=begun, state=state, owner=DEAD, folder=folder))
    tally = Tally(store, "slurm", None)
    for _ in range(2):
        found = tally.read()
        assert found.hours == pytest.approx(hours)
        assert (found.running, found.waiting) == counts


def test_a_job_of_a_dead_kernel_counts_once_when_its_end_is_stored(store, tmp_path):
    folder = leave(tmp_path / "job", started_at_0=2, exit_code_at_0=1)
    save(store, record(1, state=RUNNING, owner=DEAD, folder=folder))
    tally = Tally(store, "slurm", None)
    assert tally.read().hours == pytest.approx(1)
    save(store, record(1, owner=DEAD, folder=folder))
    assert tally.read().hours == pytest.approx(1)
    assert tally.read().hours == pytest.approx(1)


def test_a_job_whose_kernel_can_not_be_seen_runs_on_unless_it_has_ended(store, tmp_path):
    folder = leave(tmp_path / "job", started_at_0=2, exit_code_at_0=1.5)
    save(store, record(1, state=RUNNING, folder=folder))
    save(store, record(2, state=RUNNING, folder=tmp_path / "none"))
    found = Tally(store, "slurm", None).read()
    assert found.hours == pytest.approx(0.5 + 2, abs=0.1)
    assert found.running == 1


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ({}, 3),
        ({"cpus-per-task": "4", "ntasks": "2"}, 8),
        ({"nodes": "2"}, 6),
        ({"nodes": "1-2", "ntasks-per-node": "5"}, 30),
        ({"nodes": "4", "ntasks": "2"}, 12),
        ({"ntasks": "many"}, 3),
    ],
)
def test_cores(options, number):
    assert n_cores(Resources(cores=3, options=options), None) == number


def test_cores_that_a_script_asks_for():
    script = ScriptTemplate("#!/bin/sh\n#SBATCH -n 4 -c 2\n")
    assert n_cores(Resources(), script) == 8


def test_a_budget_is_kept_and_goes_on_counting(store, tmp_path):
    save(store, record(1, begun=5, hours=1))
    Budget(tmp_path).grant(2.5)
    assert Budget(tmp_path).limit() == 2.5
    spent = Budget(tmp_path).count()
    assert (spent.used, spent.limit, spent.is_used_up) == (0, 2.5, False)
    since = spent.since
    Budget(tmp_path).grant(1e-9)
    save(store, record(2, begun=1, state=JobState.RUNNING))
    spent = Budget(tmp_path).count()
    assert spent.since == since
    assert spent.is_used_up
    budget = Budget(tmp_path)
    budget.grant(None)
    assert budget.limit() is None
    assert budget.count().used == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(("number", "words"), [(1, "1 job is asked"), (2, "2 jobs are asked")])
async def test_who_has_to_stop_is_said(store, tmp_path, caplog, number, words):
    budget = Budget(tmp_path)
    budget.grant(1e-9)
    jobs = [record(n, begun=1, state=JobState.RUNNING) for n in range(number)]
    save(store, *jobs)
    stopped = asyncio.Event()
    Guard(budget, lambda _: stopped.set()).look_when_due(jobs)
    await stopped.wait()
    assert words in caplog.text


def test_no_budget_is_never_used_up(tmp_path):
    assert not CoreHours(1e9).is_used_up
    assert str(Budget(tmp_path).count()) == "Slurm: 0.0 core hours used, 0 running, 0 waiting"


def test_what_is_said():
    spent = CoreHours(12.34, 10, NOW, 3, 20)
    assert str(spent) == "Slurm: 12.3 of 10 core hours used, 3 running, 20 waiting"
    for words in ("10 core hours", "12.3 were used", f"{NOW.astimezone():%Y-%m-%d}", "inf"):
        assert words in spent.refusal()
    little = CoreHours(0.00213, 0.002, NOW)
    assert "0.00213 were used" in little.refusal()
    assert str(little).startswith("Slurm: 0.00213 of 0.002 core hours")
    assert str(CoreHours(0.0)).startswith("Slurm: 0.0 core hours")
