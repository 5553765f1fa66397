"""What becomes of a job, from its files, the queue and accounting."""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asyncmd_jupyter.jobs.folder import Marker, ended_status
from asyncmd_jupyter.jobs.follower import is_newer, updated
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Status
from asyncmd_jupyter.jobs.slurm.broken import NodeRecords
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry
from asyncmd_jupyter.jobs.slurm.states import sentence_on, sentence_on_waiting, state_of
from asyncmd_jupyter.jobs.slurm.traces import Traces, read_traces
from asyncmd_jupyter.jobs.slurm.verdict import Evidence, Grace, Open, judge
from asyncmd_jupyter.settings import SlurmSettings

START = Marker(1, datetime(2026, 1, 1, tzinfo=UTC))
JOB = JobRecord("abc", "a", "slurm", Command(("x",), Path("/w")), Path("/w/f"), native_id="7")
GRACE = Grace()
LONG = 1000.0

STARTED = Traces(0, START)
NOTHING = Traces(0)


def entry(state, **more):
    return QueueEntry("7", state, nodes="n[1-2]", exit_code=0, reason="None", **more)


def ended(code, signalled=False):
    return Traces(0, START, ended_status(code), signalled)


def look(traces=NOTHING, seen=None, job=JOB, **more):
    return judge(Evidence(job, traces, seen, **more), GRACE)


def test_whoever_asked_for_the_end_is_not_told_that_somebody_did():
    asked = replace(JOB, cancel_requested=True)
    seen = {"seen": entry("CANCELLED"), "is_fresh": True, "waited": LONG}
    assert look(**seen).reason == "Somebody cancelled it in Slurm."
    assert look(job=asked, **seen).reason == "It was cancelled as asked."
    assert look(job=asked, **seen).state is JobState.CANCELLED


@pytest.mark.parametrize("code", [0, 1, 3])
def test_an_exit_code_decides_whatever_the_queue_says(code):
    for seen in (None, entry("RUNNING"), entry("COMPLETED")):
        verdict = look(ended(code), seen)
        assert verdict.exit_code == code
        assert verdict.state is (JobState.DONE if code == 0 else JobState.FAILED)


@pytest.mark.parametrize("traces", [ended(0, signalled=True), ended(1, signalled=True), ended(-9)])
def test_when_somebody_wanted_the_end_the_queue_is_asked_who(traces):
    assert look(traces, entry("CANCELLED")) is Open.NEWS
    by_hand = look(traces, entry("CANCELLED"), is_fresh=True)
    assert (by_hand.state, by_hand.cause) == (JobState.CANCELLED, "CANCELLED")
    assert look(traces, entry("COMPLETING"), is_fresh=True) is Open.NEWS
    assert look(traces, entry("COMPLETING"), is_fresh=True, waited=LONG).state.is_final
    assert look(traces, None, is_fresh=True) is Open.ACCOUNTING
    forgotten = look(traces, None, is_fresh=True, was_accounted=True)
    assert forgotten.exit_code == traces.end.exit_code
    again = look(traces, entry("PENDING", restarts=1))
    assert (again.state, again.attempt) == (JobState.PENDING, 1)


@pytest.mark.parametrize("wish", ["cancel_requested", "stop_requested"])
def test_our_own_wish_needs_no_explanation(wish):
    verdict = look(ended(-15, signalled=True), None, replace(JOB, **{wish: True}))
    assert verdict.exit_code == -15


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("TIMEOUT", "time limit"),
        ("NODE_FAIL", "node"),
        ("OUT_OF_MEMORY", "memory"),
        ("PREEMPTED", "more important"),
        ("DEADLINE", "deadline"),
        ("BOOT_FAIL", "could not be started"),
    ],
)
def test_ends_without_an_exit_code_are_explained(state, words):
    assert look(STARTED, entry(state)) is Open.TIME
    verdict = look(STARTED, entry(state), waited=LONG)
    assert (verdict.state, verdict.cause) == (JobState.FAILED, state)
    assert verdict.nodes == ("n1", "n2")
    assert words in verdict.reason
    with_code = look(ended(1, signalled=True), entry(state), is_fresh=True)
    assert (with_code.reason, with_code.exit_code) == (verdict.reason, 1)


def test_one_that_saved_its_work_in_time_is_done():
    verdict = look(ended(0, signalled=True), entry("TIMEOUT"), is_fresh=True)
    assert (verdict.state, verdict.cause) == (JobState.DONE, "TIMEOUT")


def test_the_queue_knows_the_exit_code_when_the_file_is_missing():
    gone = replace(entry("FAILED"), exit_code=3)
    assert look(STARTED, gone, waited=GRACE.explained + 1) is Open.TIME
    assert look(STARTED, gone, waited=LONG).exit_code == 3
    launch = look(NOTHING, replace(gone, exit_code=-53), waited=LONG)
    assert "folder" in launch.reason


def test_one_that_was_cancelled_before_it_began_is_so_at_once():
    verdict = look(NOTHING, replace(entry("CANCELLED"), nodes=""))
    assert verdict.state is JobState.CANCELLED


def test_going_on():
    assert look(NOTHING, None) is Open.NEWS
    waiting = look(NOTHING, replace(entry("PENDING"), reason="Priority"))
    assert (waiting.state, "priority" in waiting.reason) == (JobState.PENDING, True)
    assert look(NOTHING, entry("RUNNING")).state is JobState.RUNNING
    assert look(STARTED, None).state is JobState.RUNNING
    assert look(STARTED, entry("PENDING")).state is JobState.RUNNING
    assert look(STARTED, entry("SOMETHING_NEW")).state is JobState.RUNNING
    assert look(NOTHING, entry("COMPLETING")) is Open.TIME
    assert look(NOTHING, None, replace(JOB, native_id=None)) is Open.NEWS


def test_vanished_it_is_looked_up_then_lost():
    missing = {"is_missing": True}
    assert look(STARTED, **missing) is Open.NEWS
    missing["is_fresh"] = True
    assert look(STARTED, **missing) is Open.ACCOUNTING
    missing["was_accounted"] = True
    assert look(STARTED, **missing) is Open.TIME
    for state in ("PENDING", "RUNNING", "SUSPENDED"):
        going_on = look(STARTED, accounted=entry(state), waited=LONG, **missing)
        assert going_on is Open.ACCOUNTING
    strange = look(STARTED, accounted=entry("STRANGE"), waited=LONG, **missing)
    assert strange.state is JobState.LOST
    assert "STRANGE" in strange.reason
    lost = look(STARTED, waited=LONG, **missing)
    assert lost.state is JobState.LOST
    assert "accounting" in lost.reason
    known = look(STARTED, waited=LONG, accounted=entry("NODE_FAIL"), **missing)
    assert known.cause == "NODE_FAIL"


def test_never_in_the_queue():
    job = replace(JOB, native_id=None)
    gone = {"is_missing": True, "is_fresh": True}
    assert look(NOTHING, None, job, may_arrive=True, **gone) is Open.NEWS
    assert look(NOTHING, None, job, **gone) is Open.TIME
    assert look(NOTHING, None, job, waited=LONG, **gone) is Open.TIME
    assert look(NOTHING, None, job, answered=LONG, **gone).state is JobState.LOST
    found = look(NOTHING, entry("PENDING"), job)
    assert found.native_id == "7"


def test_later_attempts_are_seen_in_the_queue_and_on_disk():
    for traces, seen in ((STARTED, entry("RUNNING", restarts=2)), (Traces(2, START), None)):
        assert look(traces, seen).attempt == 2
    assert look(Traces(2, START), None).state is JobState.RUNNING


def test_nodes_are_those_that_the_script_has_left(tmp_path):
    job = replace(JOB, folder=tmp_path)
    (tmp_path / "started.0").write_text("1\n")
    (tmp_path / "nodes.0").write_text("n[7-8],m1\n")
    traces = read_traces([job], frozenset())[job.id]
    assert traces.nodes == ("n7", "n8", "m1")
    assert look(traces, None).nodes == look(traces, entry("RUNNING")).nodes == traces.nodes
    job = updated(job, look(traces, entry("COMPLETING")))
    assert job.nodes == traces.nodes
    assert read_traces([job], frozenset())[job.id].nodes == ()
    assert look(ended(0), entry("COMPLETING"), job).nodes == job.nodes
    (tmp_path / "started.1").write_text("1\n")
    (tmp_path / "nodes.1").write_text("n3\n")
    again = read_traces([job], frozenset([job.id]))[job.id]
    assert updated(job, look(again, None, job)).nodes == ("n3",)
    assert updated(job, look(traces, entry("PENDING", restarts=1), job)).nodes == ()


@pytest.mark.parametrize("left", ["n[", "", None])
def test_without_a_list_of_nodes_the_queue_tells(tmp_path, left):
    job = replace(JOB, folder=tmp_path)
    (tmp_path / "started.0").write_text("1\n")
    if left is not None:
        (tmp_path / "nodes.0").write_text(left)
    traces = read_traces([job], frozenset())[job.id]
    assert look(traces, entry("RUNNING"), job).nodes == ("n1", "n2")


def test_only_a_new_attempt_moves_states_backward():
    running = replace(JOB, state=JobState.RUNNING, attempt=1, started=START.time)
    assert not is_newer(running, Status(JobState.PENDING))
    assert not is_newer(running, Status(JobState.PENDING, attempt=1))
    assert not is_newer(running, Status(JobState.RUNNING, attempt=0, reason="old"))
    again = Status(JobState.PENDING, attempt=2)
    assert is_newer(running, again)
    job = updated(running, again)
    assert (job.state, job.attempt, job.started) == (JobState.PENDING, 2, None)
    found = Status(JobState.RUNNING, native_id="8")
    assert is_newer(running, found)
    assert updated(running, found).native_id == "8"


def test_words_of_slurm():
    assert state_of("NEVER_HEARD") is None
    assert sentence_on("NEVER_HEARD") == "Slurm says NEVER_HEARD."
    assert sentence_on_waiting("None") == ""
    assert "limit of its quality" in sentence_on_waiting("QOSMaxJobsPerUserLimit")
    assert "limit of its user" in sentence_on_waiting("AssocGrpCpuLimit")
    for word in ("PartitionConfig", "NodeDown", "InvalidQOS"):
        assert word not in sentence_on_waiting(word)
    assert "not available" in sentence_on_waiting("(ReqNodeNotAvail, UnavailableNodes:n1)")
    assert "Fancy" in sentence_on_waiting("FancyNewReason")


def test_nodes_are_blamed_for_their_own_failures_only(caplog):
    settings = SlurmSettings(
        num_fails_for_broken_node=2, success_to_fail_ratio=2, exclude_nodes=("x",)
    )
    nodes = NodeRecords(lambda: settings)
    for _ in range(12):
        nodes.count(Status(JobState.FAILED, exit_code=1, nodes=("n1",)))
    assert nodes.excluded() == ["x"]
    failure = Status(JobState.FAILED, cause="NODE_FAIL", nodes=("n1",))
    nodes.count(failure)
    assert nodes.excluded() == ["x"]
    with caplog.at_level(logging.WARNING):
        nodes.count(failure)
        nodes.count(failure)
    assert nodes.excluded() == ["n1", "x"]
    assert caplog.text.count("n1 failed") == 1
    for _ in range(6):
        nodes.count(Status(JobState.DONE, exit_code=0, nodes=("n1",)))
    assert nodes.excluded() == ["x"]


ONCE = replace(JOB, command=replace(JOB.command, repeatable=False))


@pytest.mark.parametrize("state", ["PENDING", "RUNNING", "COMPLETED"])
def test_what_may_run_once_is_interrupted_when_it_is_put_back(state):
    verdict = look(ended(0, signalled=True), entry(state, restarts=1), job=ONCE)
    assert (verdict.state, verdict.cause) == (JobState.FAILED, "REQUEUED")
    assert verdict.interrupted
    assert updated(ONCE, verdict).interrupted


@pytest.mark.parametrize(
    ("state", "is_interruption"),
    [
        ("TIMEOUT", True),
        ("PREEMPTED", True),
        ("NODE_FAIL", True),
        ("BOOT_FAIL", True),
        ("OUT_OF_MEMORY", False),
        ("DEADLINE", False),
        ("CANCELLED", False),
        ("FAILED", False),
    ],
)
def test_what_it_makes_sense_to_start_again(state, is_interruption):
    for traces in (STARTED, ended(-9), ended(1, signalled=True)):
        verdict = look(traces, entry(state), is_fresh=True, waited=LONG)
        assert verdict.interrupted is is_interruption


def test_the_start_may_be_known_later():
    seen = replace(JOB, state=JobState.RUNNING)
    status = Status(JobState.RUNNING, started=START.time)
    assert is_newer(seen, status)
    assert updated(seen, status).started == START.time
    assert not is_newer(updated(seen, status), status)
