"""Propagation until conditions hold, on a toy engine that writes real frames."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from toy_states import in_a, in_b, position

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.errors import EngineCrashedError, JobCancelledError, MaxStepsReachedError
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.testing import ToyEngine

FOREVER = 10**9


def make_propagator(conditions, **changes) -> ConditionalTrajectoryPropagator:
    engine_kwargs = {"x": 0.0, "seed": 5, "launcher": "memory", **changes.pop("engine", {})}
    return ConditionalTrajectoryPropagator(
        conditions,
        engine_cls=ToyEngine,
        engine_kwargs=engine_kwargs,
        walltime_per_part=changes.pop("walltime_per_part", 1.0),
        **changes,
    )


def steps_of(traj: Trajectory) -> list[int]:
    return traj.frame_table().steps.tolist()


async def start_at(x: float, folder: Path) -> Trajectory:
    engine = ToyEngine(x, launcher="memory")
    return await engine.generate_velocities(None, folder / "start.trr", workdir=folder)


async def test_ends_with_the_first_frame_that_fulfils(manager, tmp_path: Path):
    propagator = make_propagator([in_a, in_b])
    parts, index = await propagator.propagate(None, tmp_path, "sim")
    joined, same_index = await propagator.cut_and_concatenate(parts, tmp_path / "joined.trr")
    condition = (in_a, in_b)[index]
    assert index == same_index
    assert condition(joined).tolist() == [False] * (len(joined) - 1) + [True]
    assert not (in_a, in_b)[1 - index](joined).any()
    assert steps_of(joined) == [10 * i for i in range(len(joined))]
    first_bytes = parts[0].paths[0].read_bytes()[: joined.paths[0].stat().st_size]
    assert joined.paths[0].read_bytes()[:100] == first_bytes[:100]


async def test_stops_while_the_part_is_computed(manager, tmp_path: Path):
    parts, _ = await make_propagator([in_b], engine={"x": 0.15}).propagate(None, tmp_path, "sim")
    assert len(parts) == 1, "a walltime of an hour was not waited for"


async def test_all_conditions_have_to_hold_together(manager, tmp_path: Path):
    def right(traj):
        return position(traj) > 0.1

    def left_of_the_minimum(traj):
        return position(traj) < 0.25

    propagator = make_propagator([left_of_the_minimum, right], mode="all")
    joined, index = await propagator.propagate_and_concatenate(
        None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
    )
    both = right(joined) & left_of_the_minimum(joined)
    assert both.tolist() == [False] * (len(joined) - 1) + [True]
    assert index == 1, "the condition that was missing the longest decides"


async def test_start_that_fulfils_needs_no_md(manager, tmp_path: Path):
    start = await start_at(0.25, tmp_path)
    before = len(manager.records())
    parts, index = await make_propagator([in_a, in_b]).propagate(start, tmp_path, "sim")
    assert parts == [start]
    assert index == 1
    assert len(manager.records()) == before
    joined, index = await make_propagator([in_a, in_b]).cut_and_concatenate(
        parts, tmp_path / "joined.trr"
    )
    assert (len(joined), index) == (1, 1)


async def test_only_the_first_frame_of_a_start_counts(manager, tmp_path: Path):
    way, _ = await make_propagator([in_b]).propagate_and_concatenate(
        None, tmp_path, "way", tra_out=tmp_path / "way.trr"
    )
    parts, _ = await make_propagator([in_b]).propagate(way, tmp_path, "sim")
    assert parts != [way]
    assert position(parts[0])[0] == position(way)[0]


class TestLimits:
    @staticmethod
    def never(traj):
        return np.zeros(len(traj), dtype=bool)

    async def test_max_steps_is_exact(self, manager, tmp_path: Path):
        propagator = make_propagator([self.never], max_steps=70)
        with pytest.raises(MaxStepsReachedError, match="70 steps"):
            await propagator.propagate(None, tmp_path, "sim")
        joined = await propagator.join_all(tmp_path, "sim", tmp_path / "joined.trr")
        assert steps_of(joined) == [0, 10, 20, 30, 40, 50, 60, 70]

    async def test_max_steps_wins_over_max_frames(self, manager, tmp_path: Path):
        propagator = make_propagator([self.never], max_steps=30, max_frames=500)
        with pytest.raises(MaxStepsReachedError, match="30 steps"):
            await propagator.propagate(None, tmp_path, "sim")

    async def test_max_frames(self, manager, tmp_path: Path):
        propagator = make_propagator([self.never], max_frames=5)
        with pytest.raises(MaxStepsReachedError, match="50 steps"):
            await propagator.propagate(None, tmp_path, "sim")

    async def test_condition_on_the_last_frame_counts(self, manager, tmp_path: Path):
        def at_step_70(traj):
            return np.array(steps_of(traj)) == 70

        parts, index = await make_propagator([at_step_70], max_steps=70).propagate(
            None, tmp_path, "sim"
        )
        assert index == 0
        assert parts[-1].last_step == 70

    async def test_more_steps_go_on(self, manager, tmp_path: Path):
        with pytest.raises(MaxStepsReachedError):
            await make_propagator([self.never], max_steps=30).propagate(None, tmp_path, "sim")
        further = make_propagator([self.never], max_steps=60)
        with pytest.raises(MaxStepsReachedError):
            await further.propagate(None, tmp_path, "sim", continuation=True)
        joined = await further.join_all(tmp_path, "sim", tmp_path / "joined.trr")
        assert steps_of(joined) == [0, 10, 20, 30, 40, 50, 60]

    async def test_first_frame_of_a_later_part_decides(self, manager, tmp_path: Path):
        def after_step_30(traj):
            return np.array(steps_of(traj)) > 30

        with pytest.raises(MaxStepsReachedError):
            await make_propagator([self.never], max_steps=30).propagate(None, tmp_path, "sim")
        propagator = make_propagator([after_step_30])
        joined, _ = await propagator.propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / "joined.trr", continuation=True
        )
        assert steps_of(joined) == [0, 10, 20, 30, 40]


class TestContinuation:
    async def test_without_parts_it_starts_afresh(self, manager, tmp_path: Path):
        parts, _ = await make_propagator([in_a, in_b]).propagate(
            None, tmp_path, "sim", continuation=True
        )
        assert steps_of(parts[0])[0] == 0

    async def test_of_what_is_finished_already(self, manager, tmp_path: Path):
        propagator = make_propagator([in_a, in_b])
        parts, index = await propagator.propagate(None, tmp_path, "sim")
        before = len(manager.records())
        again, same = await propagator.propagate(None, tmp_path, "sim", continuation=True)
        assert (again, same) == (parts, index)
        assert len(manager.records()) == before

    async def test_after_a_cancelled_task(self, manager, tmp_path: Path):
        far = make_propagator([in_b], engine={"x": -0.25})
        task = asyncio.create_task(far.propagate(None, tmp_path, "sim"))
        while not list(tmp_path.glob("*.part0001.trr")):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        joined, _ = await far.propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / "joined.trr", continuation=True
        )
        assert steps_of(joined) == [10 * i for i in range(len(joined))]
        assert in_b(joined).sum() == 1

    async def test_while_the_job_still_runs(self, manager, tmp_path: Path):
        engine = ToyEngine(0.0, seed=5, launcher="memory")
        await engine.prepare(None, tmp_path, "sim")
        part = await engine.start_part(FOREVER)
        joined, _ = await make_propagator([in_b]).propagate_and_concatenate(
            None, tmp_path, "sim", tra_out=tmp_path / "joined.trr", continuation=True
        )
        assert part.job.state is JobState.DONE
        assert steps_of(joined) == [10 * i for i in range(len(joined))]
        assert in_b(joined).sum() == 1

    async def test_after_a_prepared_simulation_without_parts(self, manager, tmp_path: Path):
        engine = ToyEngine(0.0, seed=5, launcher="memory")
        await engine.prepare(None, tmp_path, "sim")
        parts, _ = await make_propagator([in_a, in_b]).propagate(
            None, tmp_path, "sim", continuation=True
        )
        assert len(parts) == 1

    async def test_without_it_a_name_in_use_is_refused(self, manager, tmp_path: Path):
        propagator = make_propagator([in_a, in_b])
        await propagator.propagate(None, tmp_path, "sim")
        with pytest.raises(ValueError, match=r"sim\.part0001"):
            await propagator.propagate(None, tmp_path, "sim")


async def test_job_cancelled_by_hand(manager, tmp_path: Path):
    task = asyncio.create_task(
        make_propagator([lambda traj: position(traj) > 5]).propagate(None, tmp_path, "sim")
    )
    while not list(tmp_path.glob("*.part0001.trr")):
        await asyncio.sleep(0.01)
    (record,) = [r for r in manager.records() if not r.state.is_final]
    await manager.job(record.id).cancel()
    with pytest.raises(JobCancelledError):
        await task


async def test_crash_says_why(manager, tmp_path: Path):
    propagator = make_propagator([in_b], engine={"x": 0.1, "timestep": 5.0})
    with pytest.raises(EngineCrashedError, match="finite"):
        await propagator.propagate(None, tmp_path, "sim")


async def test_condition_that_fails_on_first_frames_fails_only_live(manager, tmp_path: Path):
    seen = []

    def late(traj):
        seen.append(len(traj))
        if len(seen) == 1:
            raise RuntimeError("too few frames")
        return traj.frame_table().steps >= 150

    joined, _ = await make_propagator([late], max_steps=10**9).propagate_and_concatenate(
        None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
    )
    assert len(joined) == 16


async def test_condition_that_fails_live_is_told_in_one_line(manager, tmp_path: Path, caplog):
    def broken(traj):
        if traj.last_step > 0:
            raise RuntimeError("no such atom")
        return np.zeros(len(traj), dtype=bool)

    with pytest.raises(RuntimeError, match="no such atom"):
        await make_propagator([broken], max_steps=10**9).propagate(None, tmp_path, "sim")
    [said] = [record for record in caplog.records if "failed on new frames" in record.getMessage()]
    assert "RuntimeError: no such atom" in said.getMessage()
    assert said.exc_info is None, "the traceback is that of the error itself"


async def test_condition_that_needs_whole_parts_is_not_asked_before(manager, tmp_path: Path):
    seen = []

    def half(traj):
        seen.append(len(traj))
        return np.arange(len(traj)) == 25

    whole = PyTrajectoryFunctionWrapper(half, id="half", needs_whole_part=True)
    await make_propagator([whole], max_steps=500).propagate(None, tmp_path, "sim")
    assert set(seen) == {51}


async def test_engine_of_somebody_else(manager, tmp_path: Path):
    class Foreign(MDEngine):
        """Has only what the base class asks for."""

        output_traj_type = "trr"

        def __init__(self):
            self._engine = ToyEngine(0.0, seed=5, launcher="memory")

        async def run(self, nsteps=None, walltime=None, steps_per_part=False):
            return await self._engine.run_steps(200, steps_per_part=True)

        async def prepare(self, starting_configuration, workdir, deffnm):
            await self._engine.prepare(starting_configuration, workdir, deffnm)

        async def prepare_from_files(self, workdir, deffnm):
            await self._engine.prepare_from_files(workdir, deffnm)

        async def apply_constraints(self, conf_in, conf_out_name, *, workdir="."):
            raise NotImplementedError

        generate_velocities = apply_constraints
        current_trajectory = steps_done = frames_done = None
        nstout, dt = 10, 0.01

    propagator = ConditionalTrajectoryPropagator(
        [in_a, in_b], engine_cls=Foreign, engine_kwargs={}, walltime_per_part=1
    )
    joined, _ = await propagator.propagate_and_concatenate(
        None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
    )
    assert (in_a(joined) | in_b(joined)).sum() == 1


class TestBadInput:
    def files(self, folder: Path) -> list[str]:
        return sorted(p.name for p in folder.iterdir() if p.name.startswith("sim"))

    @pytest.mark.parametrize(
        ("condition", "words"),
        [
            (lambda traj: position(traj), "float"),
            (lambda traj: np.full(len(traj), np.nan), "float"),
            (lambda traj: np.zeros(len(traj) + 1, dtype=bool), "shape"),
            (lambda traj: True, "bool"),
        ],
    )
    async def test_condition_without_bools_is_known_before_any_md(
        self, manager, tmp_path: Path, condition, words
    ):
        start = await start_at(0.0, tmp_path)
        with pytest.raises(ValueError, match=words):
            await make_propagator([condition]).propagate(start, tmp_path, "sim")
        assert self.files(tmp_path) == []

    @pytest.mark.parametrize("condition", [3, "in_a", None, np.zeros(3)])
    def test_condition_that_is_no_function(self, condition):
        with pytest.raises(TypeError, match="function"):
            make_propagator([in_a, condition])

    def test_no_conditions(self):
        with pytest.raises(ValueError, match="empty"):
            make_propagator([])

    @pytest.mark.parametrize("hours", [0, -2, float("nan")])
    def test_walltime(self, hours):
        with pytest.raises(ValueError, match="walltime"):
            make_propagator([in_a], walltime_per_part=hours)

    @pytest.mark.parametrize("limit", [{"max_steps": 0}, {"max_frames": -1}])
    def test_limits(self, limit):
        with pytest.raises(ValueError, match="at least 1"):
            make_propagator([in_a], **limit)

    def test_mode(self):
        with pytest.raises(ValueError, match="'some'"):
            make_propagator([in_a], mode="some")

    async def test_less_steps_than_a_frame(self, manager, tmp_path: Path):
        with pytest.raises(ValueError, match="nstout=10"):
            await make_propagator([in_a], max_steps=9).propagate(None, tmp_path, "sim")

    async def test_nothing_to_cut(self, manager, tmp_path: Path):
        start = await start_at(0.0, tmp_path)
        with pytest.raises(ValueError, match="in_a"):
            await make_propagator([in_a]).cut_and_concatenate([start], tmp_path / "out.trr")
        assert not (tmp_path / "out.trr").exists()
