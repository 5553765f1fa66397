"""Other conditions on the plot of real runs, and fields that change limits."""

import asyncio

import pytest
from sampling.toy_states import position

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jupyter.showing.plot import show_plot
from asyncmd_jupyter.jupyter.widgets.editing import EDIT, HIDE, ConditionEditor
from asyncmd_jupyter.jupyter.widgets.verdict_line import verdict_lines
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.sampling.what_if import WhatIf
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.toy_worker import main as toy_main

RIGHT = Within(position, low=0.2, name="right")
LEFT = Within(position, high=-0.2, name="left")


@pytest.fixture
async def runs(here):
    """Two runs that have ended, of one walker and of two."""
    here.change_settings(max_cores=4)
    manager = JobManager.current()
    manager.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    made = [start_run(engine, None, until=[RIGHT, LEFT], name="one")]
    made.append(start_run(engine, None, until=[RIGHT, LEFT], name="two", n_walkers=2))
    for run in made:
        await run
    yield made
    here.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(
        "asyncmd_jupyter.jupyter.widgets.shown.publish",
        lambda bundle, *_, **__: bundles.append(bundle),
    )
    return bundles


async def until(check):
    while not check():
        await asyncio.sleep(0.02)


async def test_other_conditions_are_drawn_and_said(runs, wire, shown):
    plot = show_plot(runs, until=[Within(position, low=0.05, name="near"), LEFT])
    await plot.closed()
    assert len(plot.verdict) == 3
    assert plot.verdict[0].startswith("Run one would have ended")
    assert plot.verdict[1].startswith("Walker 0 of run two would have ended")
    assert "near" in plot.figure.alt
    assert "right" not in plot.figure.alt.split(".")[0]
    assert plot.verdict[0] in plot.text()
    assert "With these conditions instead" in plot.html()
    assert "<script" not in plot.html()
    assert 'role="status"' in plot._line.value


async def test_a_typed_limit_changes_the_plot_and_the_line(runs, wire, shown):
    plot = show_plot(runs)
    await plot.closed()
    before = plot.figure.png
    assert plot.verdict == []
    editor = plot.editor
    assert [row.place[0] for row in editor._rows] == ["right", "left"]
    assert editor._rows[0].high.value == ""
    editor._rows[0].low.value = "-0.01"
    await until(lambda: plot.figure.png != before)
    assert "would have ended with right" in plot.verdict[0] + plot.verdict[1] + plot.verdict[2]
    editor._reset.click()
    await until(lambda: not plot.verdict)
    await until(lambda: plot.figure.png == before)


async def test_what_was_edited_is_saved_when_the_typing_is_over(runs, wire, shown, monkeypatch):
    quiet = "asyncmd_jupyter.jupyter.widgets.conditions.QUIET_TO_SAVE"
    monkeypatch.setattr(quiet, 3600)
    plot = show_plot(runs)
    plot.figure.in_page = True
    await plot.closed()
    n_shown = len(shown)
    plot.edit({("right", 0): (-0.01, 9.0)})
    await until(lambda: plot.verdict)
    assert len(shown) == n_shown
    monkeypatch.setattr(quiet, 0.05)
    plot.edit({("right", 0): (-0.02, 9.0)})
    await until(lambda: len(shown) > n_shown and "right at" in "".join(plot.verdict))
    assert plot.verdict[0] in shown[-1]["text/html"]
    plot.edit({})
    plot.close()


async def test_a_limit_that_is_none_is_said_and_changes_nothing(runs, wire, shown):
    plot = show_plot(runs[0])
    await plot.closed()
    row = plot.editor._rows[0]
    for low, high, said in (("0,1", "", "no number"), ("3", "2", "nothing lies in between")):
        row.low.value, row.high.value = low, high
        await until(lambda said=said: said in plot.editor._problem.value)
        assert 'role="alert"' in plot.editor._problem.value
        assert plot.verdict == []
    row.low.value, row.high.value = "0.2", ""
    await until(lambda: plot.editor._problem.value == "")


async def test_only_the_last_of_quick_keystrokes_counts(here, wire):
    seen = []
    editor = ConditionEditor([RIGHT & ~LEFT], seen.append)
    assert len(editor._rows) == 2
    for text in ("0", "0.", "0.3"):
        editor._rows[0].low.value = text
        await asyncio.sleep(0.01)
    await until(lambda: seen)
    await asyncio.sleep(0.5)
    place = editor._rows[0].place
    assert seen == [{place: (0.3, float("inf"))}]
    assert not editor._reset.disabled
    editor.close()


def outcome(walker, **fields):
    plain = {
        "run": "r",
        "walker": walker,
        "reached": (),
        "frame": None,
        "step": None,
        "time": None,
        "part": None,
        "n_frames": 10,
        "last_time": 9.0,
        "was": ("a",),
        "was_time": 9.0,
        "state": RunState.REACHED,
    }
    return WhatIf(**{**plain, **fields})


def test_many_walkers_are_summed_up():
    ended = [outcome(i, reached=("b",), time=float(i), frame=i, step=i, part=1) for i in range(8)]
    lines = verdict_lines([*ended, *(outcome(i) for i in range(8, 14))])
    assert lines[0] == (
        "8 of 14 walkers would have ended within their stored frames (14 did): the first at "
        "0.00 ps, half by 3.50 ps; 8 in b."
    )
    assert lines[1] == (
        "Of r 8, r 9, r 10, r 11 and 2 more the stored frames end before; only new MD can tell."
    )


def test_one_walker_is_told_in_a_sentence():
    assert verdict_lines([outcome(0)]) == [
        "Run r would not have ended within its 10 stored frames (9 ps), which end there: only "
        "new MD can tell."
    ]


def test_the_fields_have_names_and_a_button_shows_them():
    editor = ConditionEditor([RIGHT], lambda edits: None)
    opener, box = editor.widget.children
    [row] = editor._rows
    assert row.low.description == f"Lower limit of position for {RIGHT.name}"
    assert row.high.description.startswith("Upper limit of")
    assert box.layout.display == "none"
    opener.click()
    assert (box.layout.display, opener.description) == ("", HIDE)
    opener.click()
    assert (box.layout.display, opener.description) == ("none", EDIT)
