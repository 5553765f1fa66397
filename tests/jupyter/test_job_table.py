import asyncio
import threading
from dataclasses import replace

import pytest
from pretend import PretendJobs

from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jupyter.widgets.jobs import JobTable
from asyncmd_jupyter.sampling.progress import RunState, WalkerSnapshot


@pytest.fixture
def jobs(here):
    return PretendJobs(here.events)


async def until(check):
    while not check():
        await asyncio.sleep(0.01)


def rows_sent(wire, table):
    return [[row["id"] for row in message["rows"]] for message in wire.custom(table.widget)]


async def test_only_changed_rows_are_sent(jobs, wire):
    for name in "abc":
        jobs.put(name)
    table = JobTable(jobs).open()
    await until(lambda: wire.custom(table.widget))
    assert rows_sent(wire, table) == [["a", "b", "c"]]
    jobs.put("b", JobState.DONE)
    await until(lambda: len(wire.custom(table.widget)) == 2)
    assert rows_sent(wire, table)[1] == ["b"]
    await table.aclose()


async def test_a_burst_of_changes_is_one_message(jobs, wire):
    table = JobTable(jobs).open()
    await asyncio.sleep(0)
    for i in range(300):
        jobs.put(f"j{i % 30}", JobState.RUNNING, reason=f"{i}")
    await until(lambda: wire.custom(table.widget))
    await asyncio.sleep(0.6)
    assert len(wire.custom(table.widget)) <= 2
    await table.aclose()


async def test_nothing_is_sent_while_only_the_clock_runs(jobs, wire):
    jobs.put("a")
    table = JobTable(jobs).open()
    await until(lambda: wire.custom(table.widget))
    for _ in range(3):
        table.mark_dirty()
        await asyncio.sleep(0.3)
    assert len(wire.custom(table.widget)) == 1
    await table.aclose()


async def test_a_page_is_never_left_with_older_rows(jobs, wire, monkeypatch):
    """It may ask from another thread, while a cell computes."""
    jobs.put("a", JobState.RUNNING)
    table = JobTable(jobs)
    records, may_go_on, has_read = jobs.records, threading.Event(), threading.Event()

    def slow_records():
        found = records()
        if threading.current_thread() is asking:
            has_read.set()
            may_go_on.wait()
        return found

    monkeypatch.setattr(jobs, "records", slow_records)
    asking = threading.Thread(target=wire.press, args=(table.widget, {"kind": "ready"}))
    refreshing = threading.Thread(target=lambda: asyncio.run(table.refresh()))
    asking.start()
    has_read.wait()
    jobs.put("a", JobState.DONE)
    refreshing.start()
    refreshing.join(0.2)  # it has to wait, or else it is done
    may_go_on.set()
    asking.join()
    refreshing.join()
    sent = [row["state"] for message in wire.custom(table.widget) for row in message["rows"]]
    assert sent[-1] == "done"


async def test_cancel_in_a_row_ends_the_job(jobs, wire):
    jobs.put("a")
    table = JobTable(jobs).open()
    await until(lambda: wire.custom(table.widget))
    wire.press(table.widget, {"kind": "cancel", "id": "a"})
    await until(lambda: len(wire.custom(table.widget)) == 2)
    row = wire.custom(table.widget)[1]["rows"][0]
    assert jobs.cancelled == ["a"]
    assert (row["label"], row["cancellable"], row["ticking"]) == ("cancelled", False, False)
    await table.aclose()


async def test_a_browser_that_comes_back_gets_everything(jobs, wire):
    jobs.put("a")
    jobs.put("b")
    table = JobTable(jobs)
    wire.press(table.widget, {"kind": "ready"})
    assert [message["kind"] for message in wire.custom(table.widget)] == ["all"]
    assert rows_sent(wire, table) == [["a", "b"]]


async def test_rows_no_longer_wanted_go(jobs, wire):
    jobs.put("a")
    table = JobTable(jobs, wanted=lambda record: record.state is JobState.RUNNING).open()
    await until(lambda: wire.custom(table.widget))
    jobs.put("a", JobState.DONE)
    await until(lambda: len(wire.custom(table.widget)) == 2)
    assert wire.custom(table.widget)[1] == {"kind": "rows", "rows": [], "gone": ["a"]}
    await table.aclose()


async def test_a_button_that_fails_says_so(jobs, wire, caplog):
    jobs.job = lambda job_id: (_ for _ in ()).throw(KeyError(job_id))
    table = JobTable(jobs).open()
    wire.press(table.widget, {"kind": "cancel", "id": "gone"})
    await until(lambda: table.widget.problem)
    assert "gone" in table.widget.problem
    await table.aclose()


def test_a_row_has_the_id_that_slurm_knows(jobs, wire):
    jobs.put("here", native_id="1234")
    jobs.put("waits", JobState.PENDING, launcher="slurm", native_id="22_1")
    jobs.put("one", launcher="slurm", native_id="22_0", nodes=("n1",))
    jobs.put("two", launcher="slurm", native_id="23", nodes=("n1", "n2"))
    jobs.put("new", JobState.PENDING, launcher="slurm")
    table = JobTable(jobs)
    assert {row["id"]: (row["native"], row["nodes"]) for row in table.rows()} == {
        "here": ("", ""),
        "waits": ("Slurm 22_1", ""),
        "one": ("Slurm 22_0", "n1"),
        "two": ("Slurm 23", "n1, n2"),
        "new": ("", ""),
    }
    assert "waits (Slurm 22_1)" in table.text()
    assert "two (Slurm 23 on n1, n2)" in table.html()


def test_what_runs_comes_first_and_walkers_in_their_order(jobs, wire):
    for name in ("scan_10", "scan_9", "scan_2", "scan_1", "array_0_10", "array_0_9"):
        jobs.put(name, JobState.WAITING)
    jobs.put("scan_9", JobState.RUNNING)
    jobs.put("scan_1", JobState.DONE)
    jobs.put("array_0_10", JobState.PENDING)
    shown = [row["id"] for row in JobTable(jobs).rows()]
    assert shown == ["scan_9", "array_0_9", "array_0_10", "scan_2", "scan_10", "scan_1"]


def test_progress_of_what_was_cancelled_is_what_was_done(jobs, wire):
    walker = WalkerSnapshot(0, RunState.CANCELLED, steps_done=250, step_limit=1000, time_done=1.0)
    jobs.put("a", JobState.CANCELLED)
    jobs.put("b", JobState.DONE)
    walkers = {"a": walker, "b": replace(walker, state=RunState.REACHED)}
    a, b = JobTable(jobs, walkers=lambda: walkers).rows()
    assert (a["fraction"], a["progress"]) == (0.25, "1.00 ps (25% of the step limit)")
    assert (b["fraction"], b["progress"]) == (None, "1.00 ps, 250 steps")


async def test_what_is_said_without_jobs_follows_the_run(jobs, wire):
    said = ["No job yet."]
    table = JobTable(jobs, empty=lambda: said[-1]).open()
    await until(lambda: table.task and not table._dirty.is_set())
    assert table.widget.empty == table.text() == "No job yet."
    said.append("It ended before its first job.")
    table.mark_dirty()
    await until(lambda: table.widget.empty == said[-1])
    assert table.html() == f"<p>{said[-1]}</p>"
    await table.aclose()


def test_reprs_read_well_without_scripts(jobs, wire):
    assert JobTable(jobs).text() == "No jobs yet."
    jobs.put("a<b>", JobState.FAILED, exit_code=3)
    table = JobTable(jobs)
    assert "✗ failed (exit code 3)" in table.text()
    assert "a&lt;b&gt;" in table.html()
    assert "<script" not in table.html()
