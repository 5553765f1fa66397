"""Where runs would have ended with other conditions, without any new MD."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import numpy as np
import pytest
from toy_states import in_a, in_b, position

from asyncmd_jupyter.sampling.edited import edited, edited_all, intervals
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.sampling.what_if import rejudged, what_if
from asyncmd_jupyter.testing import ToyEngine


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Counted:
    """A function that knows how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, traj) -> np.ndarray:
        self.calls += 1
        return position(traj)


def counted() -> tuple[Counted, PyTrajectoryFunctionWrapper]:
    function = Counted()
    return function, PyTrajectoryFunctionWrapper(function, id="position")


def go(until, name="run", **options):
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    return start_run(engine, None, until=until, name=name, **options)


async def test_a_nearer_threshold_would_have_ended_it_earlier(manager):
    run = go([Within(position, 0.25, math.inf, name="b"), Within(position, -9, -0.25, name="a")])
    result = await run
    x = position(result)
    [told] = await what_if(run, [("near", Within(position, low=0.1)), in_a])
    expected = int(np.argmax((x >= 0.1) | (x <= -0.2)))
    assert told.frame == expected < len(x) - 1
    assert told.reached == (("near",) if x[expected] >= 0.1 else ("in_a",))
    assert told.time == pytest.approx(result.frame_table().times[expected])
    assert told.step == result.frame_table().steps[expected]
    assert told.part == 1
    assert not told.is_as_it_was
    assert "would have ended with" in str(told)
    assert "instead of" in str(told)


async def test_the_same_conditions_give_the_same_end(manager):
    run = go([in_a, in_b], n_walkers=3)
    results = await run
    for told, result in zip(await what_if(run, [in_a, in_b]), results, strict=True):
        assert told.is_as_it_was
        assert told.frame == len(result) - 1
        assert str(told).startswith("would have ended as it did, with in_")


async def test_only_the_threshold_changed_so_the_function_is_not_called_again(manager):
    function, wrapped = counted()
    run = go([Within(wrapped, 0.2, name="b"), Within(wrapped, -9, -0.2, name="a")])
    await run
    calls = function.calls
    assert calls > 0
    first = await what_if(run, [Within(wrapped, 0.1)])
    second = await what_if(run, [Within(wrapped, 0.05) | Within(wrapped, -9, -0.05)])
    assert first[0].reached or second[0].reached
    assert function.calls == calls
    await what_if(run, [Within(lambda traj: position(traj) * 2, 0.1)])
    assert function.calls == calls


async def test_frames_behind_the_deciding_one_count_as_long_as_the_parts_are_there(manager):
    run = go([Within(position, -0.05, 0.05, name="start")])
    result = await run
    assert len(result) == 1  # the start fulfils it
    run = go([Within(position, low=0.01) | Within(position, high=-0.01)], name="short")
    result = await run
    parts = sum(len(part) for part in stored(run))
    [told] = await what_if(run, [Within(position, 5, 6, name="far")])
    assert told.reached == ()
    assert told.frame is told.time is told.part is None
    assert told.n_frames == parts >= len(result)
    assert told.frames_end_too_early
    assert "which end there: only new MD can tell" in str(told)
    for part in stored(run):
        part.paths[0].unlink()
    [told] = await what_if(run, [Within(position, 5, 6)])
    assert told.n_frames == len(result)


def stored(run):
    return ToyEngine.parts_in_folder(run.spec.folder, run.spec.deffnm(0), "trr")


async def test_a_step_limit_would_have_come_first_again(manager):
    run = go([Within(position, 5, 6)], max_steps=200)
    await run
    assert run.state is RunState.LIMIT
    [far] = await what_if(run, [Within(position, 7, 8)])
    assert not far.frames_end_too_early
    assert "its step limit would have come first again" in str(far)
    [near] = await what_if(run, [Within(position, -1, 1, name="everywhere")])
    assert (near.frame, near.step, near.was) == (0, 0, ())
    assert str(near).startswith("would have ended with everywhere at 0 ps")


async def test_all_of_several_parts_are_looked_at(manager):
    run = go([Within(position, 5, 6)], max_steps=100)
    await run
    again = go([Within(position, 5, 6)], max_steps=300, continuation=True)
    await again
    parts = stored(again)
    assert len(parts) == 2
    [one] = await rejudged(again, [Within(position, -1, 1)], "all")
    assert one.outcome.n_frames == 31
    late = float(parts[1].frame_table().times[5])

    def time_reached(traj):
        return traj.frame_table().times >= late

    [told] = await what_if(again, [time_reached])
    assert (told.part, told.time) == (2, pytest.approx(late))
    assert told.step == round(late / 0.01)


async def test_a_run_that_goes_on_is_told_by_its_finished_parts(manager):
    run = go([Within(position, 5, 6)])
    while run.snapshot().walkers[0].n_frames < 5:
        await asyncio.sleep(0.01)
    [told] = await what_if(run, [Within(position, -1, 1)])
    assert told.n_frames == 0
    assert str(told) == "has no stored frames to look at"
    await run.cancel()
    [told] = await what_if(run, [Within(position, 7, 8)])
    assert told.n_frames >= 5


async def test_what_can_not_be_judged_is_said(manager):
    run = go([in_a, in_b])
    await run
    for wrong, said in (([], "empty"), ("in_a", "list of conditions"), ([3], "condition")):
        with pytest.raises((TypeError, ValueError), match=said):
            await what_if(run, wrong)
    with pytest.raises(ValueError, match="mode='some'"):
        await what_if(run, [in_a], mode="some")


def test_an_edited_condition_is_a_new_one():
    inner = Within(position, 0, 1) & ~Within(in_a, 2, 3)
    whole = (inner | Within(position, 4, 5)).renamed("state")
    assert [w.interval.low for w in intervals(whole)] == [0, 2, 4]
    [other] = edited_all([whole], {("state", 1): (2.5, 2.6), ("other", 0): (7, 8)})
    assert other.name == "state"
    assert [(w.interval.low, w.interval.high) for w in intervals(other)] == [
        (0, 1),
        (2.5, 2.6),
        (4, 5),
    ]
    assert [w.interval.low for w in intervals(whole)] == [0, 2, 4]
    assert edited_all([whole], {}) == [whole]
    with pytest.raises(ValueError, match="above"):
        edited(whole, {0: (2, 1)})
