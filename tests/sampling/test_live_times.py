"""Times and steps of frames that are seen while they are written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from toy_parts import part

from asyncmd_jupyter.jupyter.widgets.walker_frames import WalkerFrames
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.conditions import as_condition
from asyncmd_jupyter.sampling.live import LiveLook
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.stop import AnyOf

DT = 0.002


class Heard(PropagationObserver):
    def __init__(self) -> None:
        self.steps: list[int] = []
        self.times: list[float] = []

    def frames_written(self, part, new):
        self.steps += new.steps.tolist()

    def examined(self, number, times, examinations, *, live):
        self.times += times.tolist()


def never(traj):
    return [False] * len(traj)


@pytest.mark.parametrize("first", [0, 2**31 - 10, 2**32, 3 * 2**32 + 40])
async def test_steps_and_times_are_those_since_the_start(runtime, tmp_path: Path, first: int):
    """Whatever the file says: its steps have wrapped, its clock began with another time."""
    steps = [first + 10 * number for number in range(4)]
    growing = part(tmp_path, 3, steps, times=[7.0, 7.02, 7.04, 7.06])
    heard = Heard()
    running = SimpleNamespace(
        number=3,
        first_step=first,
        last_step=None,
        trajectory_file=growing.paths[0],
        structure_file=growing.structure_path,
    )
    conditions = [("never", as_condition(never))]
    await LiveLook(running, conditions, AnyOf(), heard, clock=Clock(DT))._look()
    assert heard.steps == steps
    assert heard.times == pytest.approx([step * DT for step in steps], rel=1e-12)


def test_frames_of_a_molecule_view(runtime, tmp_path: Path):
    end = 2**32 - 10
    parts = [
        part(tmp_path, 1, [end - 10, end], times=[7.0, 7.02]),
        part(tmp_path, 2, [end, end + 10, end + 20], times=[7.02, 7.04, 7.06]),
    ]
    frames = WalkerFrames(parts[0].structure_path)
    assert frames.follow([one.paths[0] for one in parts], Clock(DT)) == 4
    expected = [(end + 10 * number) * DT for number in range(-1, 3)]
    assert frames.times == pytest.approx(expected, rel=1e-12)
    assert frames.follow([one.paths[0] for one in parts]) == 4
    assert frames.times == pytest.approx([7.0, 7.02, 7.04, 7.06])
