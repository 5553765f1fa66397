"""Transition paths from the halves of two-way shots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from handmade import frame, places, trajectory
from toy_states import in_a, in_b, position

from asyncmd_jupyter.frames.extract import (
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
)
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import write_trr_frame
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory.convert import construct_tp_from_plus_and_minus_traj_segments

pytestmark = pytest.mark.usefixtures("runtime")


def left(traj) -> np.ndarray:
    return places(traj) < 0


async def right(traj) -> np.ndarray:
    return places(traj) > 1


def later(folder: Path, x: list[float], name: str, first: int) -> Trajectory:
    """A part that begins with a later step."""
    made = trajectory(folder, x, name)
    with made.paths[0].open("wb") as file:
        for number, place in enumerate(x):
            write_trr_frame(file, frame(first + number, place))
    return Trajectory(made.paths[0], made.structure_path)


async def join(folder: Path, minus: list[Trajectory], plus: list[Trajectory], **changes) -> list:
    arguments = {
        "minus_trajs": minus,
        "minus_state": 0,
        "plus_trajs": plus,
        "plus_state": 1,
        "state_funcs": [left, right],
        "tra_out": folder / "tp.trr",
        **changes,
    }
    result = await construct_tp_from_plus_and_minus_traj_segments(**arguments)
    assert result.paths == (Path(arguments["tra_out"]),)
    return [round(float(x), 3) for x in places(result)]


async def test_the_shooting_frame_is_there_once(tmp_path: Path):
    minus = trajectory(tmp_path, [0.5, 0.3, 0.1, -0.1, -0.2, -0.3], "minus")
    plus = trajectory(tmp_path, [0.5, 0.6, 0.9, 1.1, 1.2], "plus")
    wanted = [-0.1, 0.1, 0.3, 0.5, 0.6, 0.9, 1.1]
    assert await join(tmp_path, [minus], [plus]) == wanted
    back = {"minus_state": 1, "plus_state": 0, "overwrite": True}
    assert await join(tmp_path, [plus], [minus], **back) == wanted[::-1]


async def test_parts_with_doubled_and_repeated_frames(tmp_path: Path):
    minus = [
        trajectory(tmp_path, [0.5, 0.4, 0.3], "minus1"),
        later(tmp_path, [0.3, 0.2], "minus2", 2),  # begins with the last frame once more
        later(tmp_path, [0.2, 0.0, -0.1], "minus3", 3),
    ]
    plus = [
        trajectory(tmp_path, [0.5, 0.6, 0.7, 0.8], "plus1"),
        later(tmp_path, [0.71, 0.9, 1.1, 3.0], "plus2", 2),  # went on from an earlier frame
    ]
    wanted = [-0.1, 0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.71, 0.9, 1.1]
    assert await join(tmp_path, minus, plus) == wanted


async def test_frames_behind_the_state_and_later_parts_are_not_looked_at(tmp_path: Path):
    minus = trajectory(tmp_path, [0.5, -0.1], "minus")
    plus = [trajectory(tmp_path, [0.5, 1.1], "plus1"), trajectory(tmp_path, [9.0], "plus2")]
    asked = []

    def watched(traj) -> np.ndarray:
        asked.append(traj.paths[0].name)
        return places(traj) > 1

    plus[1] = later(tmp_path, [9.0], "plus2", 2)
    assert await join(tmp_path, [minus], plus, state_funcs=[left, watched]) == [-0.1, 0.5, 1.1]
    assert asked == ["plus1.trr"]


async def test_a_shooting_frame_in_a_state_is_the_end_of_the_path(tmp_path: Path):
    minus = trajectory(tmp_path, [-0.5, -0.6], "minus")
    plus = trajectory(tmp_path, [-0.5, 0.5, 1.5], "plus")
    assert await join(tmp_path, [minus], [plus]) == [-0.5, 0.5, 1.5]
    swapped = {"minus_state": 1, "plus_state": 0, "overwrite": True}
    assert await join(tmp_path, [plus], [minus], **swapped) == [1.5, 0.5, -0.5]
    with pytest.raises(ValueError, match=r"lies in state 0 \(left\) and in state 0"):
        await join(tmp_path, [minus], [plus], plus_state=0, overwrite=True)


async def test_what_can_not_be_joined_is_refused_before_anything_is_written(tmp_path: Path):
    minus = trajectory(tmp_path, [0.5, -0.1], "minus")
    plus = trajectory(tmp_path, [0.5, 1.1], "plus")
    other = trajectory(tmp_path, [0.8, 1.1], "other")
    before = sorted(tmp_path.iterdir())
    for error, match, changes in (
        (
            ValueError,
            r"The minus half reaches state 1 \(right\) in none of its 2",
            {"minus_state": 1},
        ),
        (ValueError, r"The plus half reaches state 0", {"plus_state": 0}),
        (ValueError, "plus_state=2: there is no state 2, state_funcs has 2", {"plus_state": 2}),
        (TypeError, "minus_state='A': a state is told by its index", {"minus_state": "A"}),
        (TypeError, "has to be a list of state functions", {"state_funcs": left}),
        (TypeError, "has to be a function", {"state_funcs": [left, 3]}),
        (ValueError, "minus_trajs is empty", {"minus_trajs": []}),
        (TypeError, "into a list: plus_trajs", {"plus_trajs": plus}),
        (TypeError, "Each of plus_trajs has to be a Trajectory", {"plus_trajs": ["plus.trr"]}),
        (ValueError, "do not begin with the same frame", {"plus_trajs": [other]}),
        (FileExistsError, "overwrite=True", {"tra_out": tmp_path / "plus.trr"}),
        (TypeError, "wrong", {"wrong": 1}),
        (ValueError, "one bool per frame", {"state_funcs": [places, right]}),
    ):
        with pytest.raises(error, match=match):
            await join(tmp_path, [minus], [plus], **changes)
    assert [p for p in sorted(tmp_path.iterdir()) if not p.name.startswith(".")] == before


async def shoot(
    folder: Path, name: str, start: Trajectory, seed: int
) -> tuple[list[Trajectory], int]:
    propagator = ConditionalTrajectoryPropagator(
        [in_a, in_b],
        engine_cls=ToyEngine,
        engine_kwargs={"x": 0.0, "seed": seed, "launcher": "memory"},
        walltime_per_part=1.0,
    )
    return await propagator.propagate(start, folder, name)


async def test_two_way_shots_of_the_toy_engine(manager, tmp_path: Path):
    engine = ToyEngine(0.0, launcher="memory", seed=3)
    drawn = await engine.generate_velocities(None, tmp_path / "drawn.trr", workdir=tmp_path)
    start = NoModificationFrameExtractor().extract(tmp_path / "sp.trr", drawn, 0)
    inverted = InvertedVelocitiesFrameExtractor().extract(tmp_path / "inverted.trr", start, 0)
    for seed in range(30):
        plus, reached = await shoot(tmp_path, f"plus{seed}", start, seed)
        minus, left_from = await shoot(tmp_path, f"minus{seed}", inverted, 100 + seed)
        if (left_from, reached) == (0, 1):
            break
    path = await construct_tp_from_plus_and_minus_traj_segments(
        minus_trajs=minus,
        minus_state=0,
        plus_trajs=plus,
        plus_state=1,
        state_funcs=[in_a, in_b],
        tra_out=tmp_path / "tp.trr",
    )
    x = position(path)
    assert (in_a(path).sum(), in_b(path).sum()) == (1, 1)
    assert in_a(path)[0]
    assert in_b(path)[-1]
    before, after = int(in_a(minus[0]).argmax()) + 1, int(in_b(plus[0]).argmax()) + 1
    assert len(path) == before + after - 1
    assert np.array_equal(x, [*position(minus[0])[:before][::-1], *position(plus[0])[1:after]])
    for number in range(len(path)):
        found = read_frame(path, number)
        source, sign = (minus[0], -1) if number < before else (plus[0], 1)
        index = before - 1 - number if number < before else number - before + 1
        wanted = read_frame(source, index)
        assert np.array_equal(found.positions, wanted.positions)
        assert np.array_equal(found.velocities, sign * wanted.velocities)
    shooting = read_frame(path, before - 1)
    assert np.array_equal(shooting.velocities, read_frame(start, 0).velocities)
