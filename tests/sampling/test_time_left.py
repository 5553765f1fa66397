"""How fast, and how long still: by a clock of the test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from asyncmd_jupyter.frames.xdr import FrameIndex
from asyncmd_jupyter.jupyter.widgets.summary import summary_text
from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot
from asyncmd_jupyter.sampling.run import new_walker
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.running import Run
from asyncmd_jupyter.sampling.speed import Speed
from asyncmd_jupyter.sampling.time_left import seconds_left
from asyncmd_jupyter.testing import ToyEngine

SECONDS_PER_DAY = 86_400


def test_speed_by_a_fake_clock():
    now = iter([10.0, 12.0, 14.0])
    speed = Speed(lambda: next(now))
    speed.seen(1000)
    assert speed.ns_per_day(0.002) is None
    speed.seen(1500)
    assert speed.ns_per_day(0.002) == pytest.approx(250 * 0.002 / 1000 * SECONDS_PER_DAY)
    assert speed.seconds_left(1500, 2000) == pytest.approx(2.0)
    speed.seen(2600)
    assert speed.ns_per_day(0.002) == pytest.approx(400 * 0.002 / 1000 * SECONDS_PER_DAY)
    assert speed.seconds_left(2600, 4600) == pytest.approx(5.0)
    assert speed.seconds_left(2600, None) is None


def index_of(*steps: int) -> FrameIndex:
    places = np.arange(len(steps), dtype=np.int64)
    return FrameIndex(places, places, np.array(steps, dtype=np.int64), np.array(steps) * 0.01)


async def test_what_a_walker_shows_by_a_fake_clock(runtime, tmp_path: Path):
    engine = ToyEngine(0.0)  # steps of 0.01 ps
    spec = RunSpec(engine, None, (), "run", tmp_path, max_steps=1000)
    walker = new_walker(Run(spec), 0, False)
    now = iter([0.0, 4.0])
    walker._speed = Speed(lambda: next(now))
    part = SimpleNamespace(number=1)
    walker.frames_written(part, index_of(0))
    walker.frames_written(part, index_of(10, 200))
    seen = walker.snapshot()
    assert (seen.steps_done, seen.time_done, seen.time_limit) == (200, 2.0, 10.0)
    assert seen.ns_per_day == pytest.approx(50 * 0.01 / 1000 * SECONDS_PER_DAY)
    assert seen.seconds_left == pytest.approx(800 / 50)


def running(done: int, seconds: float | None, limit: int | None = 1000) -> WalkerSnapshot:
    return WalkerSnapshot(
        0, RunState.RUNNING, steps_done=done, step_limit=limit, seconds_left=seconds
    )


def waiting(state: RunState = RunState.WAITING, done: int = 0) -> WalkerSnapshot:
    return WalkerSnapshot(0, state, steps_done=done, step_limit=1000)


def run_of(*walkers: WalkerSnapshot, **changes) -> RunSnapshot:
    made = RunSnapshot("r", ("c",), "any", Path(), RunState.RUNNING, walkers, 10.0)
    return replace(made, **changes)


LEFT = {
    "one": ((running(500, 60.0),), 60.0),
    "the slower one": ((running(500, 60.0), running(0, 50.0)), 60.0),
    "one waits for one": ((running(500, 60.0), waiting()), 60.0 + 120.0),
    "two wait for one": ((running(500, 60.0), waiting(), waiting()), 60.0 + 240.0),
    "one waits for the first of two": ((running(500, 60.0), running(900, 12.0), waiting()), 132.0),
    "two wait for two": ((running(500, 60.0), running(900, 12.0), waiting(), waiting()), 180.0),
    "one that has begun before": ((running(500, 60.0), waiting(done=500)), 120.0),
    "one is prepared": ((running(500, 60.0), waiting(RunState.PREPARING)), 180.0),
    "no speed yet": ((running(0, None),), None),
    "no speed yet of one": ((running(500, 60.0), running(0, None)), 120.0),
    "no limit": ((running(500, 60.0, limit=None),), None),
    "nothing runs": ((waiting(),), None),
    "ended ones": ((running(500, 60.0), waiting(RunState.DONE)), 60.0),
}


@pytest.mark.parametrize("case", LEFT)
def test_time_left(case: str):
    walkers, expected = LEFT[case]
    assert seconds_left(run_of(*walkers)) == pytest.approx(expected)


def test_what_is_said_of_walkers_that_wait():
    alone = run_of(running(500, 60.0), waiting(), waiting())
    assert "at most 5 min 0 s left;" in summary_text(alone)
    queued = replace(alone, takes_cores_here=False)
    assert "at most 1 min 0 s left for those that run, 2 walkers not counted" in summary_text(
        queued
    )
    held = run_of(running(500, 60.0), waiting(RunState.HELD))
    assert "at most 1 min 0 s left for those that run, 1 walker not counted" in summary_text(held)
