"""A store with very many jobs: what is read for one of them, and what leaves it."""

import os
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs import heartbeat
from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState
from asyncmd_jupyter.jobs.office import Office
from asyncmd_jupyter.jobs.pruning import prune
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.settings import Settings

NOW = datetime.now(UTC)


def record(job_id, days=0.0, **changes):
    """A job that ended so many days ago."""
    ended = NOW - timedelta(days=days)
    made = JobRecord(
        job_id, f"name of {job_id}", "local", Command(("x",), Path("/w")), Path("/w/f"),
        state=JobState.DONE, owner="host:1:2", submitted=ended - timedelta(hours=1), ended=ended,
        tags={"run": f"run {job_id}"}, native_id=f"{job_id}:1",
    )  # fmt: skip
    return replace(made, **changes)


class WatchedStore(JobStore):
    """Notes how SQLite finds the rows that it is asked for."""

    def __init__(self, folder):
        super().__init__(folder)
        self.plans = []

    @contextmanager
    def _connect(self):
        statements = []
        with super()._connect() as db:
            db.set_trace_callback(statements.append)
            yield db
            db.set_trace_callback(None)
            for text in statements:
                if text.startswith(("SELECT", "\nDELETE", "DELETE", "UPDATE")):
                    plan = db.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()
                    self.plans.append((text, [row[3] for row in plan]))


@pytest.fixture
def store(tmp_path):
    store = WatchedStore(tmp_path / "state")
    for number in range(200):
        store.save(record(f"{number:04d}"))
    store.save(record("open", state=JobState.RUNNING, native_id="77_1", launcher="slurm"))
    store.flush()
    store.plans.clear()
    yield store
    store.close()


def test_nothing_reads_the_whole_table_but_who_asks_for_all(store):
    assert [job.id for job in store.find(id_prefix="0007")] == ["0007"]
    assert [job.id for job in store.find(ids=["0008"])] == ["0008"]
    assert [job.id for job in store.find(runs=["run 0009"])] == ["0009"]
    assert [job.id for job in store.find(unfinished=True)] == ["open"]
    for text in ("open", "77", "77_1", "name of open", "op"):
        assert [job.id for job in store.named(text)] == ["open"], text
    assert store.cancel_requests("host:1:2") == set()
    assert store.taken_over("other", ["open"]) == {"open": "host:1:2"}
    assert [row.id for row in store.recent(time.time(), time.time(), 10)] == ["open"]
    assert [row.id for row in store.states("slurm", 200)] == ["open"]
    assert len(store.spells(["0001"])) == 1
    store.request_cancel(["open"])
    assert store.prune(0.0, 0.0) == 0
    scans = [
        (text, line)
        for text, lines in store.plans
        for line in lines
        if line.startswith("SCAN jobs") and "USING INDEX unfinished" not in line
    ]
    assert scans == []
    assert len(store.plans) >= 15


def test_the_command_line_reads_only_the_jobs_that_are_meant(store, monkeypatch):
    def refuse(**_):
        raise AssertionError("all jobs")

    monkeypatch.setattr(store, "find", refuse)
    office = Office(Settings(store.folder, 1, 1), store)
    assert [job.id for job in office.pick(["0007", "77"])] == ["0007", "open"]
    with pytest.raises(JobError, match="Did you mean 0077"):
        office.pick(["0077x"])


def test_a_store_of_an_earlier_version_gets_the_indices(store):
    with store._connect() as db:
        for name in ("by_native_id", "by_run", "by_time", "to_be_cancelled"):
            db.execute(f"DROP INDEX {name}")
    again = WatchedStore(store.folder)
    assert [job.id for job in again.named("77")] == ["open"]
    ((_, plan),) = [each for each in again.plans if "UNION" in each[0]]
    assert not any(line == "SCAN jobs" for line in plan)


def test_what_ended_long_ago_is_forgotten(tmp_path):
    store = JobStore(tmp_path)
    kept = {
        "late": record("late", 89),
        "open": record("open", 400, state=JobState.RUNNING, ended=None),
        "long": record("long", 1, submitted=NOW - timedelta(days=400)),
        "given up": record("given up", 400, cancel_requested=True, state=JobState.CANCELLED),
    }
    gone = {
        "good": record("good", 91),
        "bad": record("bad", 400, state=JobState.FAILED),
        "undated": record("undated", 400, ended=None, state=JobState.LOST),
    }
    for job in (*gone.values(), *kept.values(), newest := record("newest", 500)):
        store.save(job)
    store.flush()
    prune(store, timedelta(days=90), None)
    assert {job.id for job in store.find()} == {*kept, newest.id}
    store.close()


def test_core_hours_of_a_budget_are_not_forgotten(tmp_path):
    store = JobStore(tmp_path)
    for job in (record("a", 100, launcher="slurm"), record("b", 300, launcher="slurm")):
        store.save(job)
    store.save(record("newest"))
    store.flush()
    prune(store, timedelta(days=90), NOW - timedelta(days=200))
    assert {job.id for job in store.find()} == {"a", "newest"}
    assert Budget(tmp_path).since() is None
    store.close()


def test_signs_of_kernels_leave_with_their_jobs(tmp_path, monkeypatch):
    heartbeat._beat(tmp_path, "host:1:2")
    store = JobStore(tmp_path)
    prune(store, timedelta(days=90), None)
    path = heartbeat._file(tmp_path, "host:1:2")
    assert path.exists()
    os.utime(path, (0, 0))
    prune(store, timedelta(days=90), None)
    assert path.exists(), "it has ended just now"
    heartbeat.forget_kernels(tmp_path, time.time() + 1)
    assert not path.exists()


async def test_a_kernel_forgets_them_at_its_first_job(manager, settings, work):
    store = JobStore(settings.state_dir)
    store.save(record("old", 91))
    store.flush()
    job = await manager.submit(Command(("true",), work), name="a")
    await job.wait()
    while [each.id for each in await manager.history()] != [job.id]:
        pass


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_folders_of_good_ends_are_removed_where_that_is_wanted(
    manager, job_runtime, work, is_wanted
):
    job_runtime.change_settings(remove_good_folders=is_wanted)
    good = await manager.submit(Command(("true",), work), name="good")
    bad = await manager.submit(Command(("false",), work), name="bad")
    for job in (good, bad):
        await manager.tidy_up(await job.wait())
    assert good.record.folder.exists() is not is_wanted
    assert bad.record.folder.exists(), "it is what 'why' reads"
    stored = {each.id: each.state for each in await manager.history()}
    assert stored == {good.id: JobState.DONE, bad.id: JobState.FAILED}
