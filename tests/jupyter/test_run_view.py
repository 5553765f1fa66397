import asyncio
from datetime import UTC, datetime

import numpy as np
import pytest
from pretend import PretendJobs, PretendRun

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jupyter.progress import progress_text
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.run import RunView
from asyncmd_jupyter.jupyter.widgets.summary import progress, summary_html, summary_text
from asyncmd_jupyter.jupyter.widgets.trajectory import TrajectoryPreview
from asyncmd_jupyter.jupyter.widgets.words import duration, listed, outcome, picoseconds, speed_of
from asyncmd_jupyter.sampling.progress import RunState


@pytest.fixture
def run(here):
    return PretendRun(here.events)


async def until(check):
    while not check():
        await asyncio.sleep(0.02)


def reach(run, walker=0):
    run.change(walker, RunState.REACHED, reached=("C7eq",), reached_time=31.2, n_frames=157)


async def test_the_plot_follows_and_ends_with_a_still_image(run, wire):
    plot = ConditionPlot(run).open()
    await until(lambda: plot._drawn)
    assert (plot.widget.png, plot.widget.overlay) == (b"", {})
    run.grow(50)
    await until(lambda: plot.widget.png)
    assert "psi of run first over 9.80 ps" in plot.widget.alt
    reach(run)
    await plot.closed()
    assert 'src="data:image/svg+xml;base64,' in plot.html()
    assert "alt=" in plot.html()
    assert "<script" not in plot.html()


async def test_the_same_is_not_drawn_twice(run, wire):
    run.grow(50)
    plot = ConditionPlot(run).open()
    await until(lambda: plot.widget.png)
    first = plot.widget.png
    sent = len(wire.log)
    plot.mark_dirty()
    await asyncio.sleep(0.4)
    assert plot.widget.png is first
    assert len(wire.log) == sent
    await plot.aclose()


async def test_a_dark_page_gets_another_image_even_after_the_end(run, wire):
    run.grow(50)
    reach(run)
    plot = ConditionPlot(run).open()
    await plot.closed()
    light = plot.widget.png
    plot.widget.dark = True
    await until(lambda: plot.widget.png != light)
    await plot.closed()


async def test_everything_of_a_run_in_one_view(here, run, wire):
    jobs = PretendJobs(here.events)
    jobs.put("other", JobState.RUNNING)
    jobs.put("job0", JobState.RUNNING, tags={"run": "first"})
    view = RunView(run, jobs).open()
    run.grow(20)
    await until(lambda: wire.custom(view.table.widget))
    row = wire.custom(view.table.widget)[-1]["rows"][0]
    assert row["id"] == "job0"
    assert row["progress"] == "4.00 ps (10% of the step limit)"
    jobs.put("job0", JobState.DONE, ended=datetime.now(tz=UTC))
    reach(run)
    await view.closed()
    bundle = view._repr_mimebundle_()
    assert "C7eq reached after 31.2 ps, frame 156" in bundle["text/plain"]
    assert "✓ done" in bundle["text/plain"]
    assert "data:image/svg+xml" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]
    assert all(part.task.done() for part in view.parts)


async def test_jobs_of_an_earlier_run_of_the_same_name_are_not_shown(here, run, wire):
    jobs = PretendJobs(here.events)
    jobs.put("old", JobState.DONE, tags={"run": "first"})
    view = RunView(run, jobs)
    assert view.table.rows() == []
    # What another kernel left unfinished may become known later.
    jobs.put("older", JobState.CANCELLED, tags={"run": "first"})
    assert view.table.rows() == []
    jobs.put("next", tags={"run": "first"}, submitted=datetime.now(tz=UTC))
    jobs.put("job0", tags={"run": "first"})
    assert [row["id"] for row in view.table.rows()] == ["job0", "next"]


async def test_cancel_run(here, run, wire):
    run.grow(5)
    view = RunView(run, PretendJobs(here.events)).open()
    wire.press(view._cancel, {"event": "click"})
    await view.closed()
    assert run.was_cancelled
    assert "cancelled after 1.00 ps" in view.text()


def test_progress_counts_walkers_that_arrived_as_whole(here):
    run = PretendRun(here.events, n_walkers=2, step_limit=1000)
    run.grow(10, walker=1)
    assert progress(run.snapshot()) == 0.25
    reach(run, 0)
    assert progress(run.snapshot()) == 0.75
    run.change(1, RunState.CANCELLED)
    assert progress(run.snapshot()) == 0.75
    run.change(step_limit=None)
    assert progress(run.snapshot()) is None


def test_the_head_of_several_walkers(here):
    run = PretendRun(here.events, name="a<b", n_walkers=2)
    run.grow(10, walker=1)
    reach(run, 0)
    text = summary_text(run.snapshot())
    assert "walker 0: ★ C7eq at 31.2 ps" in text
    assert "walker 1: ▶ running, 2.00 ps" in text
    assert "at most 42 s left" in text
    html = summary_html(run.snapshot())
    assert "a&lt;b" in html
    assert "<script" not in html


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (RunState.LIMIT, "step limit reached after 0.00 ps without alphaR or C7eq"),
        (RunState.CANCELLED, "cancelled after 0.00 ps"),
        (RunState.FAILED, "failed after 0.00 ps: it blew up"),
    ],
)
def test_what_happened_in_one_sentence(run, state, said):
    run.change(state=state, error="it blew up" if state is RunState.FAILED else "")
    assert outcome(run.snapshot()) == said


def test_numbers_as_people_read_them():
    spans = [3.21, 59, 61, 3700, 90000, float("inf")]
    words = ["3.2 s", "59 s", "1 min 1 s", "1 h 1 min", "1 d 1 h", "unknown"]
    assert [duration(s) for s in spans] == words
    assert [picoseconds(t) for t in (31.2, 4321.0, 54321.0)] == ["31.2 ps", "4,321 ps", "54.3 ns"]
    assert listed(["a", "b", "c"], "or") == "a, b or c"


def write_frames(path, first, last, n_atoms=22):
    with path.open("ab") as file:
        for i in range(first, last):
            positions = np.full((n_atoms, 3), i, dtype=np.float32)
            write_trr_frame(file, TrrFrame(i * 50, i * 0.2, np.zeros((3, 3)), positions, None))


def sent_coordinates(wire, widget):
    return [
        np.frombuffer(buffers[0], dtype=np.float32)[0] / 10
        for comm_id, kind, data, buffers in wire.log
        if comm_id == widget.comm.comm_id
        and kind == "comm_msg"
        and (data.get("content") or {}).get("type") == "binary_single"
    ]


async def test_the_preview_shows_the_newest_frame_then_the_chosen_one(run, wire, tmp_path):
    part = tmp_path / "a.trr"
    preview = TrajectoryPreview(run).open()
    write_frames(part, 0, 3)
    run.change(state=RunState.RUNNING, structure_file=alanine_dipeptide(), trajectory_files=(part,))
    await until(lambda: preview.stage and sent_coordinates(wire, preview.stage.widget))
    assert sent_coordinates(wire, preview.stage.widget)[-1] == 2
    write_frames(part, 3, 6)
    run.change(n_frames=6)
    await until(lambda: preview._player._slider.max == 5)
    preview._player._slider.value = 1
    await until(lambda: sent_coordinates(wire, preview.stage.widget)[-1] == 1)
    write_frames(part, 6, 8)
    run.change(n_frames=8)
    await until(lambda: preview._player._slider.max == 7)
    assert preview._player.frame == 1
    preview._player._newest.value = True
    await until(lambda: sent_coordinates(wire, preview.stage.widget)[-1] == 7)
    assert "1.40 ps, frame 7" in preview._player._said.value
    await preview.aclose()
    preview.stage.close()


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.FAILED])
async def test_the_preview_of_an_ended_run_shows_its_last_frame(run, wire, tmp_path, state):
    part = tmp_path / "a.trr"
    preview = TrajectoryPreview(run).open()
    write_frames(part, 0, 3)
    run.change(state=RunState.RUNNING, structure_file=alanine_dipeptide(), trajectory_files=(part,))
    await until(lambda: preview._player._said.value == "0.40 ps, frame 2")
    write_frames(part, 3, 8)
    run.change(state=state, trajectory_files=())
    await preview.closed()
    assert preview._player._said.value == "1.40 ps, frame 7"
    assert preview._player._slider.max == 7
    assert sent_coordinates(wire, preview.stage.widget)[-1] == 7
    preview.stage.close()


async def test_the_preview_says_what_it_waits_for(run, wire):
    preview = TrajectoryPreview(run)
    assert "first frame" in preview.widget.children[-1].value


def test_a_speed_says_whose_it_is():
    assert speed_of([]) == ""
    assert speed_of([412.0]) == "412 ns/day"
    assert speed_of([400.0, 12.0]) == "412 ns/day (sum of 2 walkers)"
    many = PretendRun(EventBus(), n_walkers=3)
    for walker in (0, 2):
        many.grow(50, walker)
    assert "824 ns/day (sum of 2 walkers)" in summary_text(many.snapshot())
    assert "824 ns/day (sum of 2 walkers)" in progress_text([many.snapshot()])
