import errno
import os
import sqlite3
import stat
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs import store as jobs_store
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources
from asyncmd_jupyter.jobs.store import JobExistsError, JobStore


@pytest.fixture
def store(tmp_path):
    store = JobStore(tmp_path / "state")
    yield store
    store.close()


def record(job_id="abcdefgh", **changes):
    made = JobRecord(
        id=job_id,
        name="a\nb \udc80 水",
        launcher="local",
        command=Command(("x", "\udcff", ""), Path("/a b"), {"A": "1"}),
        folder=Path("/a b/c"),
        resources=Resources(2, timedelta(minutes=1.5), {"partition": "p"}),
        nodes=("n1", "n2"),
        owner="host:1:2",
        submitted=datetime.now(UTC),
        tags={"run": "first"},
    )
    return replace(made, **changes)


def away(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def disk_error(code: int = sqlite3.SQLITE_IOERR_READ) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


class NowAndThen:
    """Lets a function raise an error at every second call."""

    def __init__(self, call, error) -> None:
        self._call = call
        self._error = error
        self.calls = 0

    def __call__(self, *arguments, **options):
        self.calls += 1
        if self.calls % 2:
            raise self._error
        return self._call(*arguments, **options)


ERRORS = {
    "ESTALE": away(errno.ESTALE),
    "EIO": away(errno.EIO),
    "read": disk_error(),
    "read-only": disk_error(sqlite3.SQLITE_READONLY),
    "open": disk_error(sqlite3.SQLITE_CANTOPEN),
}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS.keys())
def test_a_file_system_that_is_away_for_a_moment(store, monkeypatch, error):
    monkeypatch.setattr(jobs_store, "_PAUSES", (0.0, 0.001))
    found = NowAndThen(jobs_store.check_schema, error)
    monkeypatch.setattr(jobs_store, "check_schema", found)
    store.save(record("a")).result()
    store.add_alone(record("b"), {"run": "another"}).result()
    store.request_cancel(["a"])
    assert [each.id for each in store.find()] == ["b", "a"]
    assert store.cancel_requests("host:1:2") == {"a"}
    assert store.prune(0.0, 0.0) == 0
    assert found.calls == 12


def test_a_file_system_that_stays_away(store, monkeypatch):
    monkeypatch.setattr(jobs_store, "_PAUSES", (0.0,))
    store.save(record("a")).result()
    monkeypatch.setattr(jobs_store, "check_schema", lambda db: (_ for _ in ()).throw(disk_error()))
    with pytest.raises(JobError, match="disk I/O error"):
        store.find()


def test_a_full_disk_is_named(store, monkeypatch):
    def full(_db):
        raise disk_error(sqlite3.SQLITE_FULL)

    store.save(record("a")).result()
    monkeypatch.setattr(jobs_store, "check_schema", full)
    with pytest.raises(JobError, match=r"There is no room on the file system .*: make some"):
        store.find()


def test_an_answer_that_was_lost_is_no_other_job(store):
    """Where adding is done again, the record may be there from the first time."""
    mine = record("a")
    store.add_alone(mine, mine.tags).result()
    store.add_alone(mine, mine.tags).result()
    with pytest.raises(JobExistsError, match="Job a "):
        store.add_alone(record("b"), mine.tags).result()


def test_records_come_back_as_they_were(store):
    records = [
        record("a", state=JobState.RUNNING, native_id="1:2", started=datetime.now(UTC)),
        record("b", state=JobState.FAILED, exit_code=-9, reason="killed", attempt=2),
        record("c", resources=Resources(), cancel_requested=True),
    ]
    for each in records:
        store.save(each)
    store.flush()
    assert store.find() == records[::-1]


def test_finding(store):
    for number in range(5):
        state = JobState.DONE if number % 2 else JobState.RUNNING
        store.save(record(f"{'ab'[number % 2]}{number}", state=state))
    store.flush()

    def ids(**conditions):
        return [each.id for each in store.find(**conditions)]

    assert ids() == ["a4", "b3", "a2", "b1", "a0"]
    assert ids(unfinished=True) == ["a4", "a2", "a0"]
    assert ids(id_prefix="b") == ["b3", "b1"]
    assert ids(ids=["a0", "b3", "%"]) == ["b3", "a0"]
    assert ids(limit=2) == ["a4", "b3"]


def test_the_last_of_many_changes_is_kept(store):
    for number in range(300):
        store.save(record(reason=str(number)))
    store.flush()
    assert [each.reason for each in store.find()] == ["299"]


def test_nothing_follows_an_end(store):
    store.save(record(state=JobState.DONE))
    store.save(record(state=JobState.RUNNING))
    store.request_cancel(["abcdefgh"])
    store.flush()
    (found,) = store.find()
    assert (found.state, found.cancel_requested) == (JobState.DONE, False)


def test_the_wish_of_another_process_is_kept(store):
    mine = record(state=JobState.RUNNING)
    store.save(mine).result()
    JobStore(store.path.parent).request_cancel(["abcdefgh", "unknown"])
    store.save(mine).result()
    assert store.find()[0].cancel_requested
    assert store.cancel_requests("host:1:2") == {"abcdefgh"}
    assert store.cancel_requests("host:1:3") == set()


def test_only_one_can_claim(store):
    old = record(state=JobState.RUNNING)
    store.save(old).result()
    assert store.claim(old, "new")
    assert not store.claim(old, "too late")
    store.save(replace(old, reason="by the old owner")).result()
    (found,) = store.find()
    assert (found.owner, found.reason) == ("new", "")


def test_only_the_user_may_look(store):
    store.save(record()).result()
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_reading_makes_no_file(store):
    assert store.find() == []
    assert store.cancel_requests("x") == set()
    assert not store.path.parent.exists()


@pytest.mark.parametrize("damage", ["text", "folder", "newer"])
def test_damage_is_explained(store, damage):
    store.path.parent.mkdir()
    if damage == "text":
        store.path.write_text("no database " * 100)
    elif damage == "folder":
        store.path.mkdir()
    else:
        store.save(record()).result()
        with store._connect() as db:
            db.execute("PRAGMA user_version = 99")
    with pytest.raises(JobError, match=r"jobs\.sqlite.*ASYNCMD_STATE_DIR"):
        store.find()
    with pytest.raises(JobError, match=r"jobs\.sqlite.*ASYNCMD_STATE_DIR"):
        store.save(record("other")).result()
    if damage == "folder":
        store.path.rmdir()
    else:
        store.path.unlink()
    store.flush()
    assert store.find()[-1].id == "other"


def test_saving_after_closing_still_saves(store):
    store.close()
    store.save(record()).result()
    assert len(store.find()) == 1


def test_wishes_are_seen_at_once_also_when_nothing_else_changes(store):
    job = record("a", owner="h:1:1")
    store.save(job)
    store.flush()
    old = time.time() - 60
    os.utime(store.path, (old, old))
    assert store.cancel_requests("h:1:1") == set()
    assert store.cancel_requests("h:1:1") == set()
    JobStore(store.path.parent).request_cancel(["a"])
    assert store.cancel_requests("h:1:1") == {"a"}


def test_of_several_kernels_one_adds_a_job_that_has_to_be_alone(tmp_path):
    stores = [JobStore(tmp_path) for _ in range(8)]
    tags = {"files": 'it\'s "$(x)"'}
    records = [replace(record(f"job{n}"), tags=tags) for n in range(8)]
    adding = [store.add_alone(each, tags) for store, each in zip(stores, records, strict=True)]
    errors = [each.exception(timeout=60) for each in adding]
    assert errors.count(None) == 1
    winner = records[errors.index(None)]
    refused = [error for error in errors if error is not None]
    assert {(type(error), error.job_id) for error in refused} == {(JobExistsError, winner.id)}
    other = replace(record("other"), tags={"files": "other"})
    stores[0].add_alone(other, other.tags).result(timeout=60)
    stores[0].save(replace(winner, state=JobState.DONE)).result(timeout=60)
    stores[1].add_alone(replace(records[0], id="again"), tags).result(timeout=60)
    for store in stores:
        store.close()
