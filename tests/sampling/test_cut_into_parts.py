"""However a simulation is cut into parts, it ends at the same frame for the same reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from handmade import GRO, frame, places
from toy_parts import grid, part, steps_of
from toy_states import position

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import write_trr_frame
from asyncmd_jupyter.sampling.conditions import as_condition
from asyncmd_jupyter.sampling.live_comparison import LiveComparison
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.path import construct_tp_from_plus_and_minus_traj_segments
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.sampling.states import Examination, Within
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import PyTrajectoryFunctionWrapper

EVERY, N_FRAMES = 10, 84
CUTS = {1: [84], 2: [41, 43], 7: [12] * 7, 83: [2, *[1] * 82]}


def x_of_frames() -> np.ndarray:
    """A walk that settles on one side late."""
    steps = np.random.default_rng(3).normal(0, 0.1, N_FRAMES)
    drift = np.where(np.arange(N_FRAMES) < 30, 0.0, 0.03)
    return np.cumsum(steps + drift) - steps[0]


def parts_of(folder: Path, frames_of_parts: list[int]) -> list[Trajectory]:
    """The same frames in so many parts."""
    folder.mkdir()
    ends = np.cumsum(frames_of_parts)
    made = []
    for number, (begin, end) in enumerate(zip(ends - frames_of_parts, ends, strict=True), 1):
        path = folder / f"sim.part{number:04d}.trr"
        with path.open("wb") as file:
            for index in range(begin, end):
                write_trr_frame(file, frame(index, x_of_frames()[index]))
        (folder / "one.gro").write_text(GRO)
        made.append(Trajectory(path, folder / "one.gro"))
    return made


def in_a_row(flags: np.ndarray, n: int) -> np.ndarray:
    """Whether each frame is at least the n-th in a row of which something is true."""
    count, counts = 0, []
    for flag in flags:
        count = count + 1 if flag else 0
        counts.append(count)
    return np.array(counts) >= n


def settled(traj) -> np.ndarray:
    """On the right for twenty frames in a row."""
    return in_a_row(places(traj) > 0, 20)


def frames_since_start(traj) -> np.ndarray:
    return np.arange(len(traj))


def far(traj) -> np.ndarray:
    return np.abs(places(traj)) > 0.9


def nowhere(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def late(traj) -> np.ndarray:
    return traj.frame_table().steps >= 500


def early(traj) -> np.ndarray:
    return traj.frame_table().steps >= 200


def looks_back(function) -> PyTrajectoryFunctionWrapper:
    return PyTrajectoryFunctionWrapper(function, needs_whole_part=True)


def propagator(conditions, **options) -> ConditionalTrajectoryPropagator:
    engine = {"x": 0.0, "seed": 5, "launcher": "memory"}
    return ConditionalTrajectoryPropagator(
        conditions, engine_cls=ToyEngine, engine_kwargs=engine, walltime_per_part=1.0, **options
    )


CASES = {
    "frame by frame": ([far], "any"),
    "in a row": ([looks_back(settled)], "any"),
    "number of the frame": ([Within(looks_back(frames_since_start), low=60)], "any"),
    "one of several": ([as_condition(late) & looks_back(settled), nowhere], "any"),
    "all": ([early, late], "all"),
    "all, one looks back": ([early, late, looks_back(settled)], "all"),
}


@pytest.mark.parametrize("case", CASES)
async def test_ends_alike(runtime, tmp_path: Path, case: str):
    conditions, mode = CASES[case]
    ends = []
    for n_parts in (1, 2, 83 if case in ("in a row", "all") else 7):
        parts = parts_of(tmp_path / str(n_parts), CUTS[n_parts])
        joined, index = await propagator(conditions, mode=mode).cut_and_concatenate(
            parts, tmp_path / f"{n_parts}.trr"
        )
        assert not list((tmp_path / str(n_parts)).glob(".*joined*"))
        ends.append((joined.last_step, index, joined.paths[0].read_bytes()))
    assert 0 < joined.last_step < EVERY * (N_FRAMES - 1)
    assert ends[0] == ends[1] == ends[2]
    if case == "all":
        assert ends[0][:2] == (500, 1), "the last one that was missing decides"


async def test_the_run_itself_is_cut(manager, tmp_path: Path):
    def sixth(traj):
        return in_a_row(np.isfinite(position(traj)), 6)

    asked = propagator([looks_back(sixth)], max_steps=70)
    asked.walltime_per_part = 1e-9
    joined, _ = await asked.propagate_and_concatenate(
        None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
    )
    assert steps_of(joined) == grid(50)
    assert len(list(tmp_path.glob("sim.part*.trr"))) > 1


def test_what_looks_back_without_saying_so_is_told(caplog):
    def say(*flags: bool) -> list[Examination]:
        return [Examination(np.array(flags), {}) for _ in range(2)]

    heard = []

    class Observer(PropagationObserver):
        def examined(self, number, times, examinations, *, live):
            heard.append((number, live))

    comparison = LiveComparison(Observer(), ["first", "second"])
    comparison.examined(1, np.arange(3), say(False, False, True), live=True)
    comparison.examined(1, np.arange(2), say(False, True), live=True)
    comparison.examined(1, np.arange(4), say(False, False, True, False), live=False)
    assert not caplog.records, "frames that were cut off since do not count"
    comparison.examined(2, np.arange(2), say(False, False), live=True)
    comparison.examined(2, np.arange(2), say(False, False), live=True)
    comparison.examined(2, np.arange(4), say(False, False, True, True), live=False)
    [said] = [record.getMessage() for record in caplog.records]
    assert "first says other things of 2 frames of part 2 (frame 2 first)" in said
    assert "needs_whole_part=True" in said
    assert heard == [(1, True), (1, True), (1, False), (2, True), (2, True), (2, False)]


async def test_frames_that_are_computed_again_are_given_once(runtime, tmp_path: Path):
    seen = []

    def count(traj):
        seen.append(steps_of(traj))
        return np.arange(len(traj)) >= 7

    parts = [
        part(tmp_path, 1, grid(40)),
        part(tmp_path, 2, [30, 40, 50]),
        part(tmp_path, 3, [50, 60, 70]),
    ]
    joined, _ = await propagator(
        [PyTrajectoryFunctionWrapper(count, id="count", needs_whole_part=True)]
    ).cut_and_concatenate(parts, tmp_path / "joined.trr")
    assert seen == [grid(40), grid(50), grid(70)]
    assert steps_of(joined) == grid(70)


async def test_what_looks_ahead_is_refused(runtime, tmp_path: Path):
    def in_the_middle(traj):
        return np.arange(len(traj)) * 2 == len(traj) - 3

    parts = [part(tmp_path, 1, [0, 10]), part(tmp_path, 2, [20, 30, 40])]
    asked = propagator([looks_back(in_the_middle)])
    with pytest.raises(ValueError, match="in_the_middle says something else of frame 1 "):
        await asked.cut_and_concatenate(parts, tmp_path / "joined.trr")


async def test_parts_that_nobody_may_write_beside(runtime, tmp_path: Path):
    parts = parts_of(tmp_path / "parts", [2, 82])
    (tmp_path / "parts").chmod(0o555)
    try:
        asked = propagator([Within(looks_back(frames_since_start), low=4)])
        joined, _ = await asked.cut_and_concatenate(parts, tmp_path / "joined.trr")
    finally:
        (tmp_path / "parts").chmod(0o755)
    assert steps_of(joined) == grid(40)


async def test_states_of_a_two_way_shot(runtime, tmp_path: Path):
    def third(traj):
        return np.arange(len(traj)) >= 3

    path = await construct_tp_from_plus_and_minus_traj_segments(
        minus_trajs=parts_of(tmp_path / "minus", [2, 82]),
        minus_state=0,
        plus_trajs=parts_of(tmp_path / "plus", [2, 82]),
        plus_state=0,
        state_funcs=[looks_back(third)],
        tra_out=tmp_path / "path.trr",
    )
    assert len(path) == 7
