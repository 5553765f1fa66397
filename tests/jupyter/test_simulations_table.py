"""The table of simulations: rows, what is sent, and what its buttons do."""

import asyncio
import gettext
import json
import os
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pretend import PretendJobs, PretendRun, series

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState
from asyncmd_jupyter.jupyter.showing.simulations import simulation_table
from asyncmd_jupyter.jupyter.widgets.simulations import SimulationTable, SimulationWidget
from asyncmd_jupyter.jupyter.widgets.simulations_details import LONGEST_TAIL, Subject, Tail
from asyncmd_jupyter.jupyter.widgets.simulations_distance import distance
from asyncmd_jupyter.jupyter.widgets.simulations_rows import FIELDS, SimulationRow
from asyncmd_jupyter.jupyter.widgets.simulations_still import values_words
from asyncmd_jupyter.jupyter.widgets.simulations_words import form, table_words
from asyncmd_jupyter.sampling.events import RunChanged
from asyncmd_jupyter.sampling.progress import Band, RunState
from asyncmd_jupyter.sampling.run import Runs, start_run
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine, toy_worker

WORKER = "asyncmd_jupyter.testing.toy_worker"


@pytest.fixture
def jobs(here):
    return PretendJobs(here.events)


@pytest.fixture
def toys(here):
    """Toy simulations in threads of this process, in the runtime of the test."""
    manager = JobManager.current()
    manager.register(MemoryLauncher({WORKER: toy_worker.main}))
    yield manager
    manager.shutdown_now()


async def until(check):
    while not check():
        await asyncio.sleep(0.01)


def table_of(runs, jobs, **options):
    return SimulationTable(lambda: runs, jobs, **options)


def press(wire, table, **content):
    wire.press(table.widget, content)


def unpacked(message):
    columns = [
        c["values"] if "values" in c else [c["words"][place] for place in c["places"]]
        for c in message["columns"]
    ]
    rows = [dict(zip(FIELDS, row, strict=True)) for row in zip(*columns, strict=True)]
    return dict(zip(message["numbers"], rows, strict=True))


class Page:
    """What a page makes of the messages, as simulations_rows.js does."""

    def __init__(self, wire, table):
        self.wire, self.table = wire, table

    def messages(self, kind):
        return [m for m in self.wire.custom(self.table.widget) if m["kind"] == kind]

    @property
    def rows(self):
        rows = {}
        for message in self.wire.custom(self.table.widget):
            if message["kind"] == "all":
                rows = {}
            elif message["kind"] == "rows":
                rows |= unpacked(message)
            elif message["kind"] == "gone":
                rows = {n: row for n, row in rows.items() if n not in message["numbers"]}
            elif message["kind"] == "changes":
                for number, *parts in message["changes"]:
                    fields = [FIELDS[place] for place in parts[::2]]
                    rows[number] |= dict(zip(fields, parts[1::2], strict=True))
        return rows

    def states(self):
        return {f"{row['run']}/{row['walker']}": row["state"] for row in self.rows.values()}

    def number(self, name):
        [number] = [n for n, r in self.rows.items() if f"{r['run']}/{r['walker']}" == name]
        return number


@pytest.fixture
def opened(wire):
    """Open a table with a page that listens."""
    tables = []

    def opened(table):
        table.open()
        press(wire, table, kind="ready")
        tables.append(table)
        return Page(wire, table)

    yield opened
    for table in tables:
        table.close()


async def test_each_walker_has_a_row(here, jobs, opened):
    run = PretendRun(here.events, "first", n_walkers=3)
    page = opened(table_of([run, PretendRun(here.events, "second")], jobs))
    await until(lambda: len(page.rows) == 4)
    assert set(page.states()) == {"first/0", "first/1", "first/2", "second/0"}


async def test_a_row_says_what_a_walker_does(here, jobs, opened):
    run = PretendRun(here.events, "first")
    nodes = {"native_id": "42_7", "nodes": ("n1", "n2"), "tags": {"run": "first"}}
    jobs.put("job0", launcher="slurm", reason="", **nodes)
    run.grow(300)
    run.change(state=RunState.RUNNING, time_limit=200.0)
    page = opened(table_of([run], jobs))
    await until(lambda: page.rows)
    [row] = page.rows.values()
    assert (row["done"], row["limit"], row["speed"], row["parts"]) == (60.0, 200.0, 412.0, 4)
    assert (row["native"], row["nodes"], row["job"]) == ("42_7", "n1, n2", "job0")
    assert row["started"] is not None
    assert row["ended"] is None


async def test_values_are_compared_with_the_bands_of_their_states(here, jobs, opened):
    run = PretendRun(here.events)
    run.grow(300)
    page = opened(table_of([run], jobs))
    await until(lambda: page.rows)
    [row] = page.rows.values()
    last = run.series(0).observables[0].values[-1]
    assert [list(aim) for aim in row["aims"]] == [["psi", ("alphaR", "C7eq")]]
    value, alpha, c7 = row["values"]
    assert value == pytest.approx(last, rel=1e-3)
    assert alpha == pytest.approx(min((-100 - last) % 360, (last - 50) % 360), rel=1e-3) or (
        alpha == 0 and -100 <= last <= 50
    )
    assert (c7 == 0) == bool(run.series(0).fulfilled["C7eq"][-1])


@pytest.mark.parametrize(
    ("value", "band", "away"),
    [
        (-63.2, Band("C7eq", -180, -75), 11.8),
        (3.0, Band("b", 2.0, float("inf")), 0.0),
        (1.5, Band("b", 2.0, float("inf")), 0.5),
        (5.0, Band("b", float("-inf"), 2.0), 3.0),
        (-170.0, Band("c", 120, 200, 360.0), 0.0),
        (-150.0, Band("c", 120, 200, 360.0), 10.0),
        (110.0, Band("c", 120, 200, 360.0), 10.0),
        (-20.0, Band("c", 120, 200, 360.0), 140.0),
        (179.0, Band("c", -180, -160, 360.0), 1.0),
    ],
)
def test_distance_goes_the_shorter_way(value, band, away):
    assert distance(value, band) == pytest.approx(away)


async def test_conditions_that_compare_nothing_say_yes_or_no(here, jobs, opened):
    run = PretendRun(here.events)
    run.grow(300, observables=False)
    page = opened(table_of([run], jobs))
    await until(lambda: page.rows)
    [row] = page.rows.values()
    assert [list(aim) for aim in row["aims"]] == [["alphaR", None], ["C7eq", None]]
    assert row["values"] == tuple(float(v[-1]) for v in run.series(0).fulfilled.values())
    assert "not yet" in page.table.text()


async def test_a_condition_that_the_start_fulfilled_holds(here, jobs, opened):
    run = PretendRun(here.events)
    run.grow(0, observables=False)
    run.change(state=RunState.REACHED, reached=("alphaR",))
    page = opened(table_of([run], jobs))
    await until(lambda: page.rows)
    [row] = page.rows.values()
    assert row["values"] == (1.0, None)
    said = page.table.text()
    assert "alphaR: holds" in said
    assert "C7eq:" not in said  # nothing is known of it


async def test_values_that_are_read_after_the_end_are_shown(here, jobs, opened):
    run = PretendRun(here.events)
    run.grow(0, observables=False)
    run.change(state=RunState.LIMIT)
    page = opened(table_of([run], jobs))
    await until(lambda: page.rows)
    assert "not yet" not in page.table.text()
    run._series = [series(300, observables=False)]
    here.events.publish(RunChanged(run.id))
    await until(lambda: None not in next(iter(page.rows.values()))["values"])
    assert "did not hold" in page.table.text()


def test_a_value_that_fits_one_limit_is_not_said_to_be_in_the_state():
    words = table_words()
    row = SimulationRow(*[""] * len(FIELDS))._replace(
        aims=(("phi", ("alphaR", "C7eq")), ("psi", ("alphaR", "C7eq"))),
        values=(-121.7, 0.0, 0.0, -40.0, 0.0, 97.0),
    )
    said = values_words(row, words)
    assert said.startswith("phi -121.7 (fits alphaR, fits C7eq)")


async def test_only_changed_fields_of_changed_rows_are_sent(here, jobs, opened):
    runs = [PretendRun(here.events, f"run{i}", n_walkers=5) for i in range(20)]
    page = opened(table_of(runs, jobs))
    await until(lambda: len(page.rows) == 100)
    runs[3].change(walker=2, state=RunState.RUNNING)
    await until(lambda: page.messages("changes"))
    [message] = page.messages("changes")
    assert message["changes"] == [[page.number("run3/2"), FIELDS.index("state"), "running"]]


async def test_nothing_is_sent_when_nothing_changed(here, jobs, opened, wire):
    run = PretendRun(here.events)
    run.grow(10)
    page = opened(table_of([run], jobs))
    await until(lambda: page.rows)
    before = len(wire.custom(page.table.widget))
    for _ in range(3):
        run.change()
        await asyncio.sleep(0.3)
    assert len(wire.custom(page.table.widget)) == before


async def test_nothing_is_sent_before_a_page_listens(here, jobs, wire):
    run = PretendRun(here.events)
    table = table_of([run], jobs).open()
    await until(table.rows)
    run.grow(10)
    await until(lambda: table.rows()[0].state == "running")
    assert wire.custom(table.widget) == []
    await table.aclose()


async def test_only_runs_that_changed_are_looked_at(here, jobs, opened):
    class Counting(PretendRun):
        looks = 0

        def snapshot(self):
            self.looks += 1
            return super().snapshot()

    runs = [Counting(here.events, f"run{i}") for i in range(10)]
    page = opened(table_of(runs, jobs))
    await until(lambda: len(page.rows) == 10)
    runs[4].grow(5)
    await until(lambda: page.messages("changes"))
    assert [run.looks for run in runs] == [2 if i == 4 else 1 for i in range(10)]


async def test_a_browser_that_comes_back_gets_everything(here, jobs, opened, wire):
    runs = [PretendRun(here.events, f"run{i}", n_walkers=60) for i in range(10)]
    page = opened(table_of(runs, jobs))
    await until(lambda: len(page.rows) == 600)
    press(wire, page.table, kind="ready")
    await until(lambda: len(page.messages("all")) == 2 and len(page.rows) == 600)
    # Rows come in slices, so that no message holds up the others for long.
    assert max(len(m["numbers"]) for m in page.messages("rows")) <= 250


async def test_runs_that_are_gone_and_new_ones(here, jobs, opened):
    runs = [PretendRun(here.events, "a"), PretendRun(here.events, "b", n_walkers=2)]
    page = opened(table_of(runs, jobs))
    await until(lambda: len(page.rows) == 3)
    numbers = {page.number("b/0"), page.number("b/1")}
    del runs[1]
    runs.append(PretendRun(here.events, "c"))
    runs[1].change()
    await until(lambda: set(page.states()) == {"a/0", "c/0"})
    assert set(page.messages("gone")[0]["numbers"]) == numbers


async def test_a_run_that_replaces_another_takes_its_rows(here, jobs, opened):
    runs = [PretendRun(here.events, "a", n_walkers=3)]
    runs[0].change(state=RunState.CANCELLED)
    page = opened(table_of(runs, jobs))
    await until(lambda: len(page.rows) == 3)
    number = page.number("a/0")
    runs[0] = PretendRun(here.events, "a", n_walkers=1)
    runs[0].grow(3)
    await until(lambda: page.states() == {"a/0": "running"})
    assert page.number("a/0") == number


async def test_other_campaigns_are_left_out(here, jobs, opened):
    mine, other = PretendRun(here.events, "mine"), PretendRun(here.events, "other")
    mine._snapshot = replace(mine._snapshot, campaign="folding")
    page = opened(table_of([mine, other], jobs, campaign="folding"))
    await until(lambda: page.rows)
    other.grow(3)
    mine.grow(3)
    await until(lambda: page.messages("changes"))
    assert page.states() == {"mine/0": "running"}
    assert page.table.widget.caption == "Simulations: folding"


async def test_how_much_is_sent_is_limited(here, jobs, opened):
    class Slow(SimulationTable):
        bytes_per_second = 1000.0

    run = PretendRun(here.events, n_walkers=100)
    page = opened(Slow(lambda: [run], jobs))
    await until(lambda: page.rows)
    began = time.perf_counter()
    for n_frames in range(1, 400):
        run.change(state=RunState.RUNNING, time_done=n_frames * 0.2)
        await asyncio.sleep(0.005)
    spent = time.perf_counter() - began
    sizes = [len(json.dumps(message)) for message in page.messages("changes")]
    assert sizes[0] > 1000
    # All but the last one had their time.
    assert sum(sizes[:-1]) <= 1000 * spent


async def test_many_rows_leave_the_loop_to_others(here, jobs, opened):
    runs = [PretendRun(here.events, f"run{i}", n_walkers=50) for i in range(100)]
    page = opened(table_of(runs, jobs))
    turns = 0
    while len(page.table.rows()) < 5000:
        await asyncio.sleep(0)
        turns += 1
    # Whoever builds all of them in one go leaves two or three.
    assert turns > 5


async def test_the_wish_to_cancel_is_a_state(here, jobs, opened):
    run = PretendRun(here.events)
    run.grow(3)
    jobs.put("job0", tags={"run": "first"})
    page = opened(table_of([run], jobs))
    await until(lambda: page.rows)
    assert [row["can"] & 1 for row in page.rows.values()] == [1]
    jobs.put("job0", cancel_requested=True)
    await until(lambda: page.states() == {"first/0": "cancelling"})
    assert [row["can"] & 1 for row in page.rows.values()] == [0]


async def test_reasons_and_notes(here, jobs, opened):
    run = PretendRun(here.events, n_walkers=2)
    run.change(0, RunState.WAITING)
    run.change(1, RunState.FAILED, error="It blew up.\nAnd more.")
    jobs.put("job0", JobState.PENDING, reason="(QOSMaxCpuPerUserLimit)", tags={"run": "first"})
    page = opened(table_of([run], jobs))
    await until(lambda: len(page.rows) == 2)
    rows = page.rows
    assert "QOSMaxCpuPerUserLimit" not in rows[page.number("first/0")]["reason"].split()[0]
    assert len(rows[page.number("first/0")]["reason"]) > 30
    assert rows[page.number("first/1")]["note"] == "It blew up."


async def test_what_waits_on_this_machine_says_for_what(here, jobs, opened):
    here.change_settings(max_cores=2)
    run = PretendRun(here.events, n_walkers=6)
    run.change(state=RunState.WAITING)
    for walker in (4, 5):
        run.change(walker, RunState.PREPARING, job_id=None)
    run.change(1, job_id=None)
    queued = {"launcher": "slurm", "tags": {"run": "first"}}
    jobs.put("job0", JobState.WAITING, tags={"run": "first"})
    jobs.put("job2", JobState.PENDING, reason="(Odd)", **queued)
    jobs.put("job3", JobState.WAITING, **queued)
    page = opened(table_of([run], jobs))
    await until(lambda: len(page.rows) == 6)

    def reason(walker):
        return page.rows[page.number(f"first/{walker}")]["reason"]

    assert reason(0) == "waits for free cores (2 may be used)"
    assert reason(1) == "waits for its turn"
    assert reason(2).startswith("Slurm lets it wait")
    assert reason(3) == "waits for room in the queue"
    assert (reason(4), reason(5)) == ("", "waits for its turn")
    run.change(4, RunState.WAITING, job_id="job4")
    await until(lambda: reason(5) == "")
    run.grow(1)
    jobs.put("job0", tags={"run": "first"})
    await until(lambda: reason(0) == "")


def a_time(minute):
    return datetime(2026, 1, 1, 12, minute, tzinfo=UTC)


async def test_elapsed_leaves_out_what_was_held_and_waited(here, jobs, opened):
    run = PretendRun(here.events)
    tags = {"run": "first"}
    jobs.put("job0", started=a_time(0), tags=tags)
    run.grow(3)
    page = opened(table_of([run], jobs))
    await until(lambda: page.rows)

    def elapsed():
        row = page.rows[0]
        return None if row["ended"] is None else row["ended"] - row["started"]

    assert elapsed() is None
    jobs.put("job0", JobState.DONE, ended=a_time(5), tags=tags)
    run.change(state=RunState.HELD)
    await until(lambda: elapsed() == 300)
    jobs.put("job1", JobState.WAITING, tags=tags)
    run.change(state=RunState.WAITING, job_id="job1")
    await until(lambda: page.states()["first/0"] == "waiting")
    assert elapsed() == 300
    jobs.put("job1", started=a_time(30), tags=tags)
    run.change(state=RunState.RUNNING)
    await until(lambda: elapsed() is None)
    assert page.rows[0]["started"] == a_time(25).timestamp()
    jobs.put("job1", JobState.DONE, ended=a_time(32), tags=tags)
    run.change(state=RunState.DONE)
    await until(lambda: elapsed() == 420)


# Buttons


async def test_cancel_of_all_walkers_ends_the_run(here, jobs, opened, wire):
    run = PretendRun(here.events, n_walkers=2)
    page = opened(table_of([run], jobs))
    await until(lambda: len(page.rows) == 2)
    press(wire, page.table, kind="act", action="cancel", rows=[0, 1])
    await until(lambda: set(page.states().values()) == {"cancelled"})
    assert run.was_cancelled


async def test_an_error_is_said_beside_its_rows(here, jobs, opened, wire):
    runs = [PretendRun(here.events, name) for name in "ab"]

    async def fail():
        raise OSError("no such queue")

    runs[0].cancel = fail
    page = opened(table_of(runs, jobs))
    await until(lambda: len(page.rows) == 2)
    press(wire, page.table, kind="act", action="cancel", rows=[0, 1])
    await until(lambda: page.rows[0]["trouble"] and page.states()["b/0"] == "cancelled")
    assert page.rows[0]["trouble"] == "OSError: no such queue"
    assert page.rows[1]["trouble"] == ""
    # The next one is seen although another run takes its time.
    runs[1].cancel = asyncio.Event().wait
    runs[1].grow(3)
    await until(lambda: page.states()["b/0"] == "running")
    runs[0].cancel = lambda: asyncio.sleep(0)
    press(wire, page.table, kind="act", action="cancel", rows=[0, 1])
    await until(lambda: page.rows[0]["trouble"] == "")


async def test_hold_and_resume_only_where_a_run_can(here, jobs, opened, wire):
    class Holding(PretendRun):
        held = 0

        async def hold(self):
            self.held += 1

        def resume(self, *, max_steps=None):
            return self

    runs = [PretendRun(here.events, "plain"), Holding(here.events, "able", n_walkers=2)]
    page = opened(table_of(runs, jobs))
    await until(lambda: len(page.rows) == 3)
    can = {f"{r['run']}/{r['walker']}": r["can"] for r in page.rows.values()}
    assert can == {"plain/0": 1, "able/0": 3, "able/1": 3}
    press(wire, page.table, kind="act", action="hold", rows=list(page.rows))
    await until(lambda: runs[1].held)
    assert runs[1].held == 1
    runs[1].change(state=RunState.CANCELLED)
    await until(lambda: page.rows[page.number("able/0")]["can"] == 4)


def never(traj):
    return np.zeros(len(traj), dtype=bool)


def toy_run(name, *, n_walkers=1, conditions=(never,), **options):
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    return start_run(engine, None, until=conditions, name=name, n_walkers=n_walkers, **options)


def position(traj):
    return np.zeros(len(traj))


async def test_one_walker_of_a_real_run_is_cancelled_and_the_other_goes_on(toys, opened, wire):
    run = toy_run("real", n_walkers=2, campaign="toys")
    page = opened(simulation_table())
    await until(lambda: [row["done"] > 0 for row in page.rows.values()] == [True, True])
    press(wire, page.table, kind="act", action="cancel", rows=[page.number("real/1")])
    await until(lambda: page.states()["real/1"] == "cancelled")
    assert page.states()["real/0"] == "running"
    assert run.walkers[0].snapshot().state is RunState.RUNNING
    await run.cancel()
    await until(lambda: page.states() == {"real/0": "cancelled", "real/1": "cancelled"})
    rows = page.rows.values()
    assert {(row["campaign"], row["engine"]) for row in rows} == {("toys", "ToyEngine")}
    assert all(row["ended"] >= row["started"] for row in rows)


async def test_a_real_run_is_held_and_goes_on(toys, opened, wire):
    run = toy_run("held", n_walkers=2)
    page = opened(simulation_table())
    await until(lambda: "running" in page.states().values())
    press(wire, page.table, kind="act", action="hold", rows=[0])
    await until(lambda: list(page.states().values()) == ["held", "held"])
    assert {row["can"] for row in page.rows.values()} == {1 + 4}
    press(wire, page.table, kind="act", action="resume", rows=[1])
    await until(lambda: "running" in page.states().values())
    assert {row["trouble"] for row in page.rows.values()} == {""}
    await run.cancel()
    await until(lambda: list(page.states().values()) == ["cancelled", "cancelled"])
    press(wire, page.table, kind="act", action="resume", rows=[0, 1])
    await until(lambda: "running" in page.states().values())
    await Runs.current().get("held").cancel()


async def test_submitting_again_leaves_the_first_run_alone(toys, opened, wire, tmp_path):
    run = toy_run("again", conditions=[Within(position, 1, 2)], max_steps=50)
    await until(lambda: run.done)
    page = opened(simulation_table([run]))
    await until(lambda: page.states() == {"again/0": "limit"})
    await until(lambda: page.table.task.done())
    before = sorted((tmp_path / "again").iterdir())
    press(wire, page.table, kind="act", action="resubmit", rows=[0])
    # The table had ended; what a button starts is followed again.
    await until(lambda: page.states() == {"again/0": "limit", "again-2/0": "limit"})
    assert Runs.current().get("again-2").done
    assert sorted((tmp_path / "again").iterdir()) == before
    assert "position 0 (1 from" in page.table.text()


# Opened rows


async def test_the_log_is_followed_while_a_row_is_open(toys, opened, wire):
    run = toy_run("logged")
    page = opened(simulation_table())
    await until(lambda: page.states() == {"logged/0": "running"})
    log = run.workdir / "logged.log"
    log.write_text("step 1\n")
    press(wire, page.table, kind="open", row=0, tab="log")
    await until(lambda: [m for m in page.messages("detail") if m.get("text")])
    with log.open("a") as file:
        file.write("step 2\n")
    await until(lambda: len([m for m in page.messages("detail") if m.get("text")]) == 2)
    said = [(m["replace"], m["text"]) for m in page.messages("detail") if "text" in m]
    assert said == [(True, "step 1\n"), (False, "step 2\n")]
    press(wire, page.table, kind="close")
    assert page.table._opened._task is None
    await run.cancel()


async def test_other_tabs(toys, opened, wire):
    run = toy_run("tabs")
    page = opened(simulation_table())
    await until(lambda: page.rows and page.rows[0]["job"] and page.rows[0]["done"])
    for place, tab in enumerate(("script", "files", "triage"), start=1):
        press(wire, page.table, kind="open", row=0, tab=tab)
        await until(lambda n=place: len(page.messages("detail")) == n)
    script, files, _ = [message["content"] for message in page.messages("detail")]
    assert script.startswith("#!")
    names = {Path(path).name for path, _ in files}
    assert {"script.sh", "tabs.part0001.trr"} <= names
    await run.cancel()


async def test_only_files_that_were_offered_are_read(toys, opened, wire):
    run = toy_run("safe")
    page = opened(simulation_table())
    await until(lambda: page.rows and page.rows[0]["job"])
    press(wire, page.table, kind="open", row=0, tab="log", file="/etc/passwd")
    await until(lambda: page.messages("detail"))
    assert [m for m in page.messages("detail") if m.get("text")] == []
    press(wire, page.table, kind="open", row=99, tab="log")
    await until(lambda: page.messages("detail")[-1].get("gone"))
    await run.cancel()


def test_the_end_of_a_long_log(tmp_path):
    path = tmp_path / "long.log"
    tail = Tail(path)
    assert tail.more() == (True, "")
    assert tail.more() is None
    path.write_text("".join(f"line {i}\n" for i in range(100_000)))
    is_new, text = tail.more()
    assert is_new
    assert text.endswith("line 99999\n")
    assert len(text) <= LONGEST_TAIL
    assert text.count("\n") == 200
    path.write_text("anew\n")
    assert tail.more() == (True, "anew\n")


def test_what_happened_falls_back_to_the_error(tmp_path):
    subject = Subject(tmp_path, "run", None, said="Particles left the box.")
    assert subject.triage() == "Particles left the box."
    raised = Subject(tmp_path, "run", None, OSError(28, "No space left on device"))
    assert "space" in raised.triage()
    assert subject.logs() == []
    assert subject.script() == ""


def test_nobody_waits_for_a_pipe_in_the_place_of_a_file(tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    record = JobRecord("a", "a", "local", Command(("true",), tmp_path), folder)
    for path in (record.script, record.user_script, record.stdout, tmp_path / "run.log"):
        os.mkfifo(path)
    subject = Subject(tmp_path, "run", record)
    assert subject.script() == ""
    assert subject.logs() == []
    assert Tail(record.stdout).more() == (True, "")


def test_files_of_one_walker_are_not_those_of_another(tmp_path):
    for name in ("run_1.trr", "run_10.trr", "run_1.part0001.log", "run_1[0].log"):
        (tmp_path / name).write_text("x")
    record = JobRecord("a", "a", "local", Command(("true",), tmp_path), tmp_path / "job")
    subject = Subject(tmp_path, "run_1", record)
    assert subject.files() == [
        (str(tmp_path), None),
        ("run_1.part0001.log", 1),
        ("run_1.trr", 1),
    ]


# Still pictures and words


async def test_still_pictures_of_thousands_are_short(here, jobs, wire):
    runs = [PretendRun(here.events, f"r<{i}>", n_walkers=100) for i in range(20)]
    runs[0].grow(100)
    table = table_of(runs, jobs).open()
    await until(lambda: len(table.rows()) == 2000)
    assert table.text().splitlines()[
        0
    ] == "2,000 simulations: 100 of 2,000 running, 1,900 preparing" or (
        table.text().splitlines()[0] == "2,000 simulations: 1 of 2,000 running, 1,999 preparing"
    )
    assert "1,970 more simulations" in table.text()
    assert len(table.html()) < 20_000
    assert "r&lt;0&gt;/0" in table.html()
    assert "<script" not in table.html()
    await table.aclose()


def test_still_pictures_before_anything_was_drawn(here, jobs, wire):
    table = table_of([PretendRun(here.events)], jobs)
    assert "1 simulation: 1 preparing" in table.text()
    assert table_of([], jobs).text() == "No simulations yet."


class Pirate(gettext.NullTranslations):
    def gettext(self, message):
        return f"arr {message}"

    def ngettext(self, one, many, n):
        return "{n} ship" if n == 1 else "{n} fleet" if n % 100 >= 11 else "{n} ships"


def test_words_and_plurals_of_other_languages():
    words = table_words(Pirate())
    assert words["states"]["running"] == "arr running"
    forms = words["counted"]["simulations"]
    said = [form(forms, n).split()[1] for n in (0, 1, 2, 11, 101, 211, 1302)]
    assert said == ["ships", "ship", "ships", "fleet", "ships", "fleet", "ships"]
    assert form(forms, 1302) == "1,302 ships"


def test_the_front_end_has_all_its_words():
    words = table_words()
    used = set(re.findall(r"words\.(\w+)", SimulationWidget._esm)) - {"py"}
    assert used <= words.keys()
    by_place = {word for word in words if word.startswith(("tab_", "group_"))}
    assert words.keys() - used - by_place == {"simulations"}


def test_english_where_there_is_no_translation():
    assert form(table_words()["counted"]["selected"], 1) == "1 selected"
    assert form(table_words()["counted"]["simulations"], 2) == "2 simulations"


def test_cancelling_does_not_claim_what_resuming_would_belie():
    assert "for good" not in table_words()["actions"]["cancel"]["text"]
