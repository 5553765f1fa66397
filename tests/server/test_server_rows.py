"""What jobs become on the page."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.slurm.listing import (
    ListedJob,
    list_history,
    list_queue,
    parse_history,
    parse_queue,
)
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jobs.wishes import Wish, Wishes
from asyncmd_jupyter.jupyter.server.actions import Actions
from asyncmd_jupyter.jupyter.server.desk import Desk
from asyncmd_jupyter.jupyter.server.facts import facts_of
from asyncmd_jupyter.jupyter.server.left_runs import judged, state_of
from asyncmd_jupyter.jupyter.server.options import Options
from asyncmd_jupyter.jupyter.server.places import Places
from asyncmd_jupyter.jupyter.server.queue import UserQueue
from asyncmd_jupyter.jupyter.server.rows import row_of_other, row_of_ours
from asyncmd_jupyter.jupyter.server.run_actions import RunActions
from asyncmd_jupyter.jupyter.server.runs import RunInfo, _possible, _progress, run_key
from asyncmd_jupyter.jupyter.server.stored import StoredJobs
from asyncmd_jupyter.settings import Settings, SlurmSettings

FIELDS = {
    "id", "ours", "name", "launcher", "native_id", "state", "reason", "cause", "nodes", "cores",
    "partition", "submitted", "started", "ended", "time_limit", "exit_code", "attempt", "held",
    "run", "walker", "part", "campaign", "engine", "notebook", "folder", "path", "host", "can",
    "logs",
}  # fmt: skip
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def places(tmp_path):
    return Places(str(tmp_path))


@pytest.fixture
def record(tmp_path):
    return JobRecord(
        id="abcdefgh", name="n", launcher="slurm", command=Command(("x",), tmp_path / "w"),
        folder=tmp_path / "w" / "f", native_id="12_3", owner=str(Owner.this()), submitted=NOW,
        resources=Resources(time_limit=timedelta(minutes=5)),
    )  # fmt: skip


def ours(record, places, entry=None, partition=""):
    return json.loads(row_of_ours(facts_of(record), None, entry, partition, places))


def test_both_kinds_of_rows_have_the_same_fields(record, places):
    assert set(ours(record, places)) == FIELDS
    assert set(json.loads(row_of_other(ListedJob("12", "RUNNING"), places))) == FIELDS


@pytest.mark.parametrize(
    ("state", "native_id", "entry", "can"),
    [
        (JobState.WAITING, None, None, ["cancel"]),
        (JobState.PENDING, None, None, ["cancel"]),
        (JobState.PENDING, "1", None, ["cancel", "hold"]),
        (JobState.PENDING, "1", ListedJob("1", "PENDING"), ["cancel", "hold"]),
        (JobState.PENDING, "1", ListedJob("1", "PENDING", "JobHeldUser"), ["cancel", "release"]),
        (JobState.PENDING, "1", ListedJob("1", "PENDING", "JobHeldAdmin"), ["cancel"]),
        (JobState.PENDING, "1", ListedJob("1", "REQUEUE_HOLD"), ["cancel", "release"]),
        (JobState.RUNNING, "1", ListedJob("1", "RUNNING"), ["cancel", "requeue"]),
        (JobState.RUNNING, "1", ListedJob("1", "COMPLETED"), ["cancel"]),
        (JobState.DONE, "1", ListedJob("1", "COMPLETED"), []),
        (JobState.LOST, "1", None, []),
    ],
)
def test_what_can_be_done_with_ours(record, places, state, native_id, entry, can):
    record = replace(record, state=state, native_id=native_id)
    assert ours(record, places, entry)["can"] == can


def test_what_may_run_only_once_is_not_requeued(record, places):
    record = replace(record, state=JobState.RUNNING)
    once = replace(record, command=replace(record.command, repeatable=False))
    told = replace(record, resources=Resources(options={"no-requeue": ""}))
    for each in (once, told):
        assert ours(each, places)["can"] == ["cancel"]


def test_a_local_job_of_another_machine_can_not_be_reached(record, places):
    there = replace(record, launcher="local", owner="elsewhere:1:1", state=JobState.RUNNING)
    row = ours(there, places)
    assert (row["can"], row["host"]) == ([], "elsewhere")
    assert ours(replace(there, owner=str(Owner.this())), places)["can"] == ["cancel"]


def test_times_and_limits(record, places):
    entry = ListedJob("12_3", "PENDING", "Resources", time_limit=60)
    row = ours(replace(record, state=JobState.PENDING), places, entry, "main")
    assert (row["time_limit"], row["partition"]) == (60, "main")
    assert row["submitted"] == "2026-11-23T12:00:00.000+00:00"
    assert (row["cause"], row["logs"], row["started"]) == ("Resources", [], None)
    assert ours(record, places)["time_limit"] == 300


def test_names_that_are_no_unicode_become_json(record, places):
    assert ours(replace(record, name="a\udcff"), places)["name"] == "a\udcff"


SEPARATOR = "\x1f"


def test_a_reply_of_squeue():
    fields = (
        *("12_3", "PENDING", "(Resources)", "", "4", "main", "2026-11-23T12:00:00"),
        *(
            "2026-11-24T12:00:00",
            "N/A",
            "1-02:00:03",
            "0",
            "2",
            "/a b",
            "née | x",
            "asyncmd:abc",
            "t0",
        ),
    )
    text = SEPARATOR.join(fields) + SEPARATOR
    (job,) = parse_queue(f"CLUSTER: x\n{text}\ntorn{SEPARATOR}line\n")
    assert (job.id, job.state, job.cores, job.partition) == ("12_3", "PENDING", 4, "main")
    assert (job.name, job.workdir, job.is_ours, job.attempt) == ("née | x", "/a b", True, 2)
    assert job.time_limit == 26 * 3600 + 3
    assert job.started is None, "Slurm only guesses"
    assert job.submitted is not None
    assert (job.entry.job_id, job.entry.cluster, job.entry.restarts) == ("abc.3", "t0", 2)


def test_a_reply_of_sacct():
    fields = (
        *("7", "CANCELLED by 0", "n1", "1", "main", "2026-11-23T12:00:00", "Unknown"),
        *("2026-11-23T12:00:09", "UNLIMITED", "0:9", "/w", "n", "", "t0"),
    )
    (job,) = parse_history(SEPARATOR.join(fields))
    assert (job.id, job.state, job.exit_code, job.time_limit) == ("7", "CANCELLED", -9, None)
    assert (job.started, job.is_ours, job.in_queue) == (None, False, False)


def test_commands_ask_for_one_user_and_one_cluster():
    settings = SlurmSettings(cluster="c")
    for argv in (list_queue(settings, 7), list_history(settings, 7, NOW)):
        assert "--user=7" in argv
        assert argv[-1] == "--clusters=c"


def test_places(tmp_path):
    root = tmp_path / "root"
    (root / "a b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(root)
    places = Places(str(root))
    assert places.below_root(str(root / "a b")) == "a b"
    assert places.below_root(str(tmp_path / "link" / "a b")) == "a b"
    assert places.below_root(str(root)) == ""
    for outside in (str(tmp_path), f"{root}/../x", "relative", "", f"{root}x"):
        assert places.below_root(outside) is None
    assert places.notebook(str(root / "n.ipynb")) == "n.ipynb"
    assert places.notebook(str(root / "n.txt")) == places.notebook("/n.ipynb") == ""
    assert Places("").below_root("/a") is None
    assert Places(str(tmp_path / "link")).below_root(str(root / "a b")) == "a b"


@pytest.fixture
def store(tmp_path):
    store = JobStore(tmp_path / "state")
    yield store
    store.close()


def test_ended_jobs_are_shown_for_some_days(store, record):
    now = datetime.now(UTC)
    ago = {f"ended{days:03}": now - timedelta(days=days) for days in (1, 6, 8, 300)}
    for job_id, ended in ago.items():
        done = replace(record, id=job_id, state=JobState.DONE, ended=ended)
        store.save(replace(done, submitted=ended - timedelta(days=20)))
    old = replace(record, id="unfinished", submitted=now - timedelta(days=400))
    store.save(old).result()
    stored = StoredJobs(store, ended_days=7, most=1000)
    stored.read()
    assert set(stored.jobs) == {"unfinished", "ended001", "ended006"}


def test_of_too_many_jobs_those_that_go_on_are_shown(store, record):
    now = datetime.now(UTC)
    for number in range(3):
        done = replace(record, id=f"ended{number}", state=JobState.DONE, ended=now)
        store.save(replace(done, submitted=now - timedelta(minutes=number)))
    store.save(record).result()
    stored = StoredJobs(store, ended_days=7, most=2)
    stored.read()
    assert list(stored.jobs) == [record.id, "ended0"]
    assert "more than 2 jobs" in stored.problem


def test_what_has_not_changed_is_not_read_again(store, record):
    store.save(replace(record, id="same")).result()
    store.save(record).result()
    stored = StoredJobs(store, ended_days=7, most=1000)
    stored.read()
    before = dict(stored.jobs)
    store.save(replace(record, state=JobState.RUNNING)).result()
    stored.read()
    assert stored.jobs["same"] is before["same"]
    assert stored.jobs[record.id].state is JobState.RUNNING


def test_a_store_at_rest_is_not_opened(store, record):
    """Its content is spoilt behind the back of its time and size, which nobody notices."""
    store.save(record).result()
    stored, then = StoredJobs(store, ended_days=7, most=1000), (1_600_000_000, 1_600_000_000)
    os.utime(store.path, then)
    stored.read()
    store.path.write_bytes(b"x" * store.path.stat().st_size)
    os.utime(store.path, then)
    stored.read()
    assert set(stored.jobs) == {record.id}
    os.utime(store.path, None)
    with pytest.raises(JobError, match="can't be used"):
        stored.read()


def test_rows_that_can_not_be_read_are_left_out_and_said(store, record):
    store.save(record).result()
    store.save(replace(record, id="damaged1")).result()
    with store._connect() as db:
        db.execute("UPDATE jobs SET record = ? WHERE id = ?", ('{"new": 1}', "damaged1"))
    stored = StoredJobs(store, ended_days=7, most=1000)
    stored.read()
    assert set(stored.jobs) == {record.id}
    assert stored.problem.startswith("1 jobs")


@pytest.mark.parametrize(
    ("jobs", "state"),
    [
        ({}, "interrupted"),
        ({"0": JobState.RUNNING, "1": JobState.CANCELLED}, "running"),
        ({"0": JobState.PENDING, "1": JobState.FAILED}, "waiting"),
        ({"0": JobState.CANCELLED, "1": JobState.CANCELLED}, "cancelled"),
        ({"0": JobState.CANCELLED, "1": JobState.DONE}, "interrupted"),
    ],
)
def test_what_a_run_without_a_kernel_comes_to(record, jobs, state):
    wanted = replace(record, cancel_requested=True)
    facts = {walker: facts_of(replace(wanted, state=found)) for walker, found in jobs.items()}
    assert state_of(facts) == state


def test_a_job_that_its_dying_kernel_held_back_was_not_cancelled_by_hand(record):
    assert state_of({"0": facts_of(replace(record, state=JobState.CANCELLED))}) == "interrupted"


def test_only_runs_that_are_left_alone_are_judged_by_their_newest_jobs(record):
    def job(number, walker, state):
        tags = {"run": "r", "walker": walker}
        late = NOW + timedelta(seconds=number)
        changed = replace(record, id=f"job{number}", state=state, submitted=late, tags=tags)
        return facts_of(replace(changed, cancel_requested=True))

    jobs = [
        job(2, "1", JobState.CANCELLED),
        job(1, "1", JobState.RUNNING),
        job(3, "0", JobState.RUNNING),
    ]
    key = run_key(str(record.command.cwd), "r")
    states = {"reached": 4, "running": 1}
    row = json.dumps({"state": "running", "name": "r", "states": states})
    left = RunInfo(row, open_walkers=frozenset({"1"}))
    (told,) = judged({key: left}, jobs).values()
    states = {"reached": 4, "cancelled": 1}
    assert json.loads(told.text) == {"state": "cancelled", "name": "r", "states": states}
    for calm in (replace(left, is_followed=True), replace(left, open_walkers=frozenset())):
        assert judged({key: calm}, jobs) == {key: calm}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20", 1200), ("1:30", 90), ("2:00:00", 7200), ("1-0", 86400), ("1-2:3", 93780),
        ("1-02:03:04", 93784), ("UNLIMITED", None), ("", None), ("x-1", None), ("1:", None),
    ],
)  # fmt: skip
def test_limits_that_were_given_to_sbatch(record, places, text, seconds):
    options = Resources(time_limit=timedelta(days=1), options={"time": text})
    chosen = replace(record, resources=options)
    assert ours(chosen, places)["time_limit"] == seconds
    entry = ListedJob("12_3", "RUNNING", time_limit=60)
    assert ours(chosen, places, entry)["time_limit"] == 60


def test_progress_of_what_was_cut_short_is_what_was_done():
    def walker(state, done):
        return {"state": state, "time_done": done, "time_limit": 100.0}

    for state, whole in [("cancelled", False), ("failed", False), ("limit", True), ("done", True)]:
        assert _progress([walker(state, 25.0)])["progress"] == (1.0 if whole else 0.25)
    both = [walker("reached", 5.0), walker("cancelled", 50.0)]
    assert _progress(both)["progress"] == 0.75


@pytest.mark.parametrize(
    ("state", "launcher", "can"),
    [
        ("running", "local", ("hold",)),
        ("held", "local", ("release",)),
        ("reached", "local", ()),
        ("running", "slurm", ()),
    ],
)
def test_what_a_kernel_can_do_with_its_run(state, launcher, can):
    assert _possible({"state": state, "launcher": launcher}) == can


def test_runs_are_held_by_their_kernels_only(tmp_path):
    going = RunInfo("", is_followed=True, open_walkers=frozenset("0"), owner="o:1", can=("hold",))
    runs = {
        "/work/first": going,
        "/work/left": replace(going, is_followed=False, can=()),
        "/work/over": replace(going, open_walkers=frozenset(), can=()),
    }
    outcomes = RunActions(tmp_path, lambda: runs).do("hold", [*runs, "/etc/passwd"])
    assert [(outcome.ok, outcome.message.partition(" '")[0]) for outcome in outcomes] == [
        (True, "The run"),
        (False, "No kernel follows the run"),
        (False, "The run"),
        (False, "There is no run"),
    ]
    (outcome,) = RunActions(tmp_path, lambda: runs).do("release", ["/work/first"])
    assert outcome.message == "The run 'first' is not held."
    wishes = Wishes(tmp_path)
    assert wishes.take("o:2") == []
    assert wishes.take("o:1") == [Wish("hold", "/work", "first")]
    assert wishes.take("o:1") == []
    RunActions(tmp_path, lambda: runs).do("hold", ["/work/first"])
    (left,) = (tmp_path / "wishes").iterdir()
    os.utime(left, (0, 0))  # nobody means it any more
    assert Wishes(tmp_path).take("o:1") == []
    (tmp_path / "wishes" / left.name).write_text("{")
    assert Wishes(tmp_path).take("o:1") == []


def test_a_job_that_waits_says_for_what(record, places):
    waiting = replace(record, state=JobState.WAITING)
    assert ours(waiting, places)["reason"] == "Its kernel has not submitted it yet."
    here = replace(waiting, launcher="local", resources=Resources(cores=4))
    assert ours(here, places)["reason"] == "It starts when its kernel has 4 cores free."


async def test_jobs_of_others_are_left_alone_where_that_was_chosen(store, tmp_path):
    settings, options = Settings(tmp_path, 1, 1), Options(show_other_jobs=False)
    queue = UserQueue(settings.slurm, options)
    actions = Actions(store, settings, queue, may_touch_others=options.show_other_jobs)
    (outcome,) = await actions.do("cancel", ["slurm:1"])
    assert not outcome.ok
    assert "leave jobs alone" in outcome.message
    assert not queue.has_been_asked


@pytest.mark.parametrize("may_show", [True, False])
async def test_pages_are_told_whether_they_may_show_others(tmp_path, monkeypatch, may_show):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(tmp_path))
    board = await Desk(Options(show_other_jobs=may_show), "").poll.board(others=True)
    assert json.loads(board.snapshot(others=True))["can_show_others"] is may_show


async def test_a_variable_that_is_wrong_is_said_and_the_store_is_still_found(
    tmp_path, monkeypatch, record
):
    store = JobStore(tmp_path / "there")
    store.save(replace(record, launcher="local")).result()
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(tmp_path / "there"))
    monkeypatch.setenv("ASYNCMD_MAX_CORES", "many")
    board = await Desk(Options(), "").poll.board(others=False)
    assert set(board.jobs) == {record.id}
    assert "ASYNCMD_MAX_CORES='many'" in board.problems[0]
