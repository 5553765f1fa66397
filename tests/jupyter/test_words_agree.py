"""Whatever state a run is in, no two texts about it contradict each other. Pure functions."""

from dataclasses import replace
from pathlib import Path

import pytest

from asyncmd_jupyter.jupyter.closing import (
    Change,
    JobChange,
    brought_back_text,
    cancelled_text,
    held_text,
    no_longer_waiting_text,
)
from asyncmd_jupyter.jupyter.progress import progress_text
from asyncmd_jupyter.jupyter.widgets.preview_words import nothing_shown
from asyncmd_jupyter.jupyter.widgets.run_moment import RunMoment
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track, describe
from asyncmd_jupyter.jupyter.widgets.summary import progress, summary_html, summary_text
from asyncmd_jupyter.sampling.progress import (
    RunSnapshot,
    RunState,
    SeriesPieces,
    WalkerSnapshot,
    combined_state,
    states_in_words,
)

S = RunState
FRESH = {"job_id": None, "part": 0}
BEGUN = {"job_id": "j1", "part": 1}
FRAMES = {"n_frames": 715, "time_done": 1383.0, "steps_done": 400, "structure_file": Path("a.pdb")}
END = {"reached": ("a",), "reached_time": 1383.0}
# What a run may be seen as: from nothing to its end, and brought back by another kernel, which
# knows frames before it has read them.
MOMENTS = {
    "nothing yet": (S.PREPARING, FRESH),
    "waiting": (S.WAITING, {"job_id": "j1", "part": 0}),
    "held before its first job": (S.HELD, FRESH),
    "running before its first frame": (S.RUNNING, BEGUN),
    "running": (S.RUNNING, BEGUN | FRAMES),
    "held": (S.HELD, BEGUN | FRAMES),
    "resumed": (S.PREPARING, BEGUN | FRAMES),
    "resumed, waiting": (S.WAITING, BEGUN | FRAMES),
    "reached": (S.REACHED, BEGUN | FRAMES | END),
    "reached by its start": (S.REACHED, FRESH | END | {"n_frames": 1, "reached_time": 0.0}),
    "done": (S.DONE, BEGUN | FRAMES),
    "at its limit": (S.LIMIT, BEGUN | FRAMES),
    "cancelled before its first job": (S.CANCELLED, FRESH),
    "cancelled before its first frame": (S.CANCELLED, BEGUN),
    "cancelled": (S.CANCELLED, BEGUN | FRAMES),
    "failed before its first frame": (S.FAILED, BEGUN | {"error": "it blew up"}),
    "failed": (S.FAILED, BEGUN | FRAMES | {"error": "it blew up"}),
}
OVER = ("yet", "wait", "begins", "so far", "being prepared", "goes on", "not begun")
GOING = ("ended", "cancelled", "could not be read", "There is no frame")
NO_FRAME = ("first frame", "no frame", "0 frames")


def run_of(*moments):
    walkers = tuple(
        WalkerSnapshot(i, state, step_limit=1000, time_limit=3457.5, **fields)
        for i, (state, fields) in enumerate(moments)
    )
    state = combined_state([walker.state for walker in walkers])
    return RunSnapshot("first", ("a",), "any", Path("/tmp"), state, walkers, 4.0, launcher="local")


def texts(run, *, is_read=True):
    """All that is said of a run of which nothing has been drawn yet."""
    scene = Scene(tuple(Track(run, w, SeriesPieces((), is_read=is_read)) for w in run.walkers))
    moment = RunMoment(run, scene)
    return {
        "head": summary_text(run),
        "page": summary_html(run),
        "plot": describe(scene),
        "jobs": moment.no_jobs,
        "molecule": nothing_shown(run.walkers, were_read=False),
        "line": progress_text([run]),
    }


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("is_read", [True, False], ids=["known", "attached"])
def test_no_text_contradicts_the_state(name, is_read):
    run = run_of(MOMENTS[name])
    said = texts(run, is_read=is_read)
    walker = run.walkers[0]
    for where, text in said.items():
        known = text.replace("it blew up", "").replace("took", "")
        if run.state.is_final and not (where == "plot" and not is_read):
            assert not [word for word in OVER if word in known], (where, text)
        if not run.state.is_final:
            assert not [word for word in GOING if word in known], (where, text)
        if walker.n_frames:
            assert not [word for word in NO_FRAME if word in known], (where, text)
    if walker.part:
        assert said["jobs"] != "No job yet."
    if walker.time_done and is_read and not run.state.is_final:
        assert "1,383 ps" in said["plot"]
        assert "1,383 ps" in said["head"]


@pytest.mark.parametrize("name", MOMENTS)
def test_what_was_cut_short_is_not_whole(name):
    run = run_of(MOMENTS[name])
    is_whole = run.state in (S.REACHED, S.DONE, S.LIMIT)
    assert progress(run) == (1.0 if is_whole else run.walkers[0].steps_done / 1000)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([S.REACHED] * 5 + [S.FAILED] + [S.RUNNING] * 3, "5 of 9 reached, 1 failed, 3 running"),
        ([S.CANCELLED, S.REACHED], "1 of 2 reached, 1 cancelled"),
        ([S.RUNNING, S.WAITING, S.WAITING], "1 of 3 running, 2 waiting"),
        ([S.LIMIT] * 3, "all 3 at the limit"),
        ([S.FAILED], "failed"),
    ],
)
def test_groups_say_counts(states, said):
    assert states_in_words(states) == said
    run = run_of(*((state, {}) for state in states))
    assert f"Run first: {said}" in summary_text(run).replace("✗ ", "").replace("■ ", "")
    assert said in summary_html(run)


def test_the_lines_of_a_cell_that_waits():
    going = run_of(MOMENTS["reached"], MOMENTS["failed"], MOMENTS["running"])
    text = (
        "first: 1 of 3 reached, 1 failed, 1 running, the furthest at 1,383 ps (40 % of the limit)"
    )
    assert progress_text([going]) == text
    over = run_of(MOMENTS["reached"], MOMENTS["failed"])
    assert progress_text([over]) == "first: 1 of 2 reached, 1 failed, ended after 4.0 s"
    assert no_longer_waiting_text([going, replace(over, id="over")]) == (
        "No longer waiting. Ended: over (1 of 2 reached, 1 failed). The run 'first' goes on; "
        "'%asyncmd cancel' would end it."
    )
    assert no_longer_waiting_text([over]) == (
        "No longer waiting. Ended: first (1 of 2 reached, 1 failed)."
    )


def change(before, after, name="first"):
    old, new = (run_of(*(MOMENTS[one] for one in names)) for names in (before, after))
    return Change(replace(old, id=name), replace(new, id=name))


def test_what_was_cancelled():
    hit = change(["running"], ["cancelled"])
    some = change(["reached", "running"], ["reached", "cancelled"], "some")
    late = change(["running"], ["reached"], "late")
    over = change(["failed"], ["failed"], "over")
    assert cancelled_text([hit]) == "Cancelled: first."
    assert cancelled_text([over]) == "Had ended before: over (failed)."
    jobs = [JobChange("j1", False, "cancelled"), JobChange("j2", True, "done")]
    assert cancelled_text([hit, some, late, over], jobs) == (
        "Cancelled: first, some (1 of 2 reached, 1 cancelled), j1. "
        "Ended before it could be cancelled: late (reached). "
        "Had ended before: over (failed), j2 (done)."
    )


def test_what_was_held():
    hint = "'%asyncmd resume NAME' lets them go on."
    assert held_text([change(["running"], ["held"])]) == f"Held: first. {hint}"
    assert held_text([change(["running"], ["reached"])]) == (
        "Ended before it could be held: first (reached)."
    )
    assert held_text([change(["done"], ["done"])]) == "Had ended before: first (done)."


def test_what_was_brought_back():
    assert brought_back_text(["a", "b"], 1, ["c"], 0) == (
        "1 job taken back.\nBrought back: a, b.\nIn this kernel already: c."
    )
    assert brought_back_text([], 0, ["a", "b"], 0) == "In this kernel already: a, b."
    assert brought_back_text([], 0, [], 1) == ""
    assert brought_back_text([], 0, [], 0).startswith("There is nothing to bring back")


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("running", "for its full length"),
        ("done", "for its full length"),
        ("cancelled", "before its full length"),
        ("failed", "before its full length"),
    ],
)
def test_runs_without_conditions_have_a_length(moment, said):
    assert said in summary_text(replace(run_of(MOMENTS[moment]), conditions=()))
