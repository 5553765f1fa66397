"""Conditional propagation from every kind of start and on with every state of the files."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from toy_parts import grid, steps_of
from toy_states import in_a, in_b, position

from asyncmd_jupyter.errors import EngineError, MaxStepsReachedError
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.testing import ToyEngine

FOREVER = 10**9


def never(traj):
    return np.zeros(len(traj), dtype=bool)


def at_step(step: int):
    def reached(traj):
        return traj.frame_table().steps == step

    return reached


def make_engine(**changes) -> ToyEngine:
    return ToyEngine(**{"x": 0.0, "seed": 5, "launcher": "memory", **changes})


def make_propagator(conditions, **changes) -> ConditionalTrajectoryPropagator:
    engine_kwargs = {"x": 0.0, "seed": 5, "launcher": "memory", **changes.pop("engine", {})}
    walltime = changes.pop("walltime_per_part", 1.0)
    return ConditionalTrajectoryPropagator(
        conditions,
        engine_cls=ToyEngine,
        engine_kwargs=engine_kwargs,
        walltime_per_part=walltime,
        **changes,
    )


async def run(propagator, folder: Path, start=None, **kwargs) -> tuple[Trajectory, int]:
    kwargs = {"tra_out": folder / "joined.trr", "overwrite": True, **kwargs}
    return await propagator.propagate_and_concatenate(start, folder, "sim", **kwargs)


class TestStart:
    @staticmethod
    def pdb(folder: Path, x: float) -> Path:
        path = folder / "start.pdb"
        path.write_text(
            f"ATOM      1  AR   AR A   1    {10 * x:8.3f}{0:8.3f}{0:8.3f}  1.00  0.00          AR\n"
        )
        return path

    @pytest.mark.parametrize("as_type", [str, Path])
    async def test_path_that_fulfils_needs_no_md(self, manager, tmp_path: Path, as_type):
        start = self.pdb(tmp_path, 0.25)
        parts, index = await make_propagator([in_a, in_b]).propagate(
            as_type(start), tmp_path, "sim"
        )
        assert index == 1
        assert [part.paths for part in parts] == [(start,)]
        assert manager.records() == []
        joined, index = await run(make_propagator([in_a, in_b]), tmp_path, start)
        assert (len(joined), index) == (1, 1)
        assert position(joined) == pytest.approx([0.25])

    async def test_masses_at_a_path_are_those_of_the_engine(self, manager, tmp_path: Path):
        def heavy(traj):
            import MDAnalysis

            universe = MDAnalysis.Universe(traj.structure_file, *traj.trajectory_files)
            return np.full(len(traj), universe.atoms.masses[0] == 40.0)

        [start], _ = await make_propagator([heavy]).propagate(
            self.pdb(tmp_path, 0.1), tmp_path, "sim"
        )
        assert start.paths == (tmp_path / "start.pdb",)
        assert manager.records() == []

    async def test_path_that_does_not_fulfil(self, manager, tmp_path: Path):
        joined, _ = await run(make_propagator([in_a, in_b]), tmp_path, self.pdb(tmp_path, 0.1))
        assert position(joined)[0] == pytest.approx(0.1)
        assert (in_a(joined) | in_b(joined)).tolist() == [False] * (len(joined) - 1) + [True]

    async def test_own_start_of_the_engine_that_fulfils(self, manager, tmp_path: Path):
        joined, index = await run(make_propagator([in_a, in_b], engine={"x": 0.25}), tmp_path)
        assert (steps_of(joined), index) == ([0], 1)

    async def test_all_at_once_at_the_start(self, manager, tmp_path: Path):
        start = self.pdb(tmp_path, 0.25)
        both = make_propagator([in_b, lambda traj: position(traj) < 0.3], mode="all")
        assert (await both.propagate(start, tmp_path, "sim"))[0][0].paths == (start,)
        assert manager.records() == []

    async def test_path_is_looked_at_before_anything_is_written(self, manager, tmp_path: Path):
        start = self.pdb(tmp_path, 0.1)
        before = sorted(path.name for path in tmp_path.iterdir())
        with pytest.raises(ValueError, match="float"):
            await make_propagator([position]).propagate(start, tmp_path, "sim")
        with pytest.raises(FileNotFoundError, match=r"none\.pdb"):
            await make_propagator([in_a]).propagate(tmp_path / "none.pdb", tmp_path, "sim")
        left = sorted(path.name for path in tmp_path.iterdir() if "cv_cache" not in path.name)
        assert left == before


class TestBoundaries:
    @pytest.mark.parametrize("step", [0, 10, 20, 50])
    async def test_each_frame_is_a_part(self, manager, tmp_path: Path, step: int):
        propagator = make_propagator([at_step(step)], walltime_per_part=1e-9)
        joined, _ = await run(propagator, tmp_path)
        assert steps_of(joined) == grid(step)

    async def test_observer_hears_of_each_part_once(self, manager, tmp_path: Path):
        told = []

        class Observer(PropagationObserver):
            def part_finished(self, number, trajectory):
                told.append((number, steps_of(trajectory)))

        propagator = make_propagator(
            [at_step(30)], walltime_per_part=1e-9, observer=Observer(), max_steps=30
        )
        await run(propagator, tmp_path)
        assert told == [(1, [0, 10]), (2, [20]), (3, [30])]


class TestLimits:
    async def test_frames_behind_max_steps_do_not_count(self, manager, tmp_path: Path):
        with pytest.raises(MaxStepsReachedError):
            await run(make_propagator([never], max_steps=80), tmp_path)
        low = make_propagator([at_step(50)], max_steps=40)
        with pytest.raises(MaxStepsReachedError, match="40 steps"):
            await run(low, tmp_path, continuation=True)
        joined = await low.join_all(tmp_path, "sim", tmp_path / "all.trr")
        assert steps_of(joined) == grid(40)
        enough = make_propagator([at_step(50)], max_steps=50)
        joined, _ = await run(enough, tmp_path, continuation=True)
        assert steps_of(joined) == grid(50)

    async def test_limit_between_frames(self, manager, tmp_path: Path):
        with pytest.raises(MaxStepsReachedError, match="30 steps"):
            await run(make_propagator([at_step(40)], max_steps=39), tmp_path)

    async def test_running_job_that_goes_too_far(self, manager, tmp_path: Path):
        engine = make_engine()
        await engine.prepare(None, tmp_path, "sim")
        part = await engine.start_part(FOREVER)
        with pytest.raises(MaxStepsReachedError, match="500 steps"):
            await run(make_propagator([never], max_steps=500), tmp_path, continuation=True)
        assert part.job.state is JobState.DONE

    @pytest.mark.parametrize("limit", [{"max_steps": 1.5}, {"max_frames": "3"}])
    def test_limit_that_is_no_number(self, limit):
        with pytest.raises(TypeError, match="whole number"):
            make_propagator([in_a], **limit)


class TestContinuation:
    async def test_other_conditions_decide_on_what_is_there(self, manager, tmp_path: Path):
        propagator = make_propagator([never], max_steps=60)
        with pytest.raises(MaxStepsReachedError):
            await run(propagator, tmp_path)
        propagator.conditions = [never, at_step(30)]
        assert propagator.conditions[0] is never
        before = len(manager.records())
        joined, index = await run(propagator, tmp_path, continuation=True)
        assert (steps_of(joined), index) == (grid(30), 1)
        assert len(manager.records()) == before

    async def test_running_job_that_is_not_needed(self, manager, tmp_path: Path):
        engine = make_engine()
        await engine.prepare(None, tmp_path, "sim")
        await engine.run_steps(50)
        part = await engine.start_part(FOREVER)
        joined, _ = await run(make_propagator([at_step(20)]), tmp_path, continuation=True)
        assert steps_of(joined) == grid(20)
        assert part.job.state.is_final

    async def test_part_without_frames(self, manager, tmp_path: Path):
        await make_engine().prepare(None, tmp_path, "sim")
        (tmp_path / "sim.part0001.trr").touch()
        joined, _ = await run(make_propagator([at_step(20)]), tmp_path, continuation=True)
        assert steps_of(joined) == grid(20)

    async def test_start_that_fulfilled(self, manager, tmp_path: Path):
        start = TestStart.pdb(tmp_path, 0.25)
        for _ in range(2):
            joined, _ = await run(make_propagator([in_b]), tmp_path, start, continuation=True)
            assert len(joined) == 1
        assert manager.records() == []

    async def test_first_part_is_gone(self, manager, tmp_path: Path):
        propagator = make_propagator([at_step(30)], walltime_per_part=1e-9)
        await run(propagator, tmp_path)
        (tmp_path / "sim.part0001.trr").unlink()
        with pytest.raises(EngineError, match="between the steps 0 and 20 are missing"):
            await run(propagator, tmp_path, continuation=True)


async def test_pickled(manager, tmp_path: Path):
    propagator = pickle.loads(pickle.dumps(make_propagator([in_a, in_b], max_steps=10**6)))
    joined, index = await run(propagator, tmp_path)
    assert (in_a, in_b)[index](joined)[-1]


class TestBadInput:
    @pytest.mark.parametrize("conditions", [in_a, "in_a"])
    def test_conditions_that_are_no_list(self, conditions):
        with pytest.raises(TypeError, match="list of conditions"):
            make_propagator(conditions)

    def test_new_conditions_that_are_none(self):
        propagator = make_propagator([in_a])
        with pytest.raises(TypeError, match="function"):
            propagator.conditions = [in_a, 3]
        with pytest.raises(ValueError, match="empty"):
            propagator.conditions = []
        assert propagator.conditions == [in_a]

    @pytest.mark.parametrize("start", [3, b"a.pdb", [1, 2]])
    async def test_start(self, manager, tmp_path: Path, start):
        with pytest.raises(TypeError, match="starting_configuration="):
            await make_propagator([in_a]).propagate(start, tmp_path, "sim")

    async def test_start_of_another_system(self, manager, tmp_path: Path):
        start = tmp_path / "two.pdb"
        line = TestStart.pdb(tmp_path, 0.25).read_text()
        start.write_text(2 * line)
        two = Trajectory(start, start)
        with pytest.raises(ValueError, match="2 atoms"):
            await make_propagator([in_a, in_b]).propagate(two, tmp_path, "sim")

    async def test_output_is_checked_before_any_md(self, manager, tmp_path: Path):
        with pytest.raises(FileNotFoundError, match="folder"):
            await run(make_propagator([in_a]), tmp_path, tra_out=tmp_path / "no" / "joined.trr")
        (tmp_path / "there.trr").touch()
        with pytest.raises(FileExistsError, match="overwrite"):
            await run(
                make_propagator([in_a]), tmp_path, tra_out=tmp_path / "there.trr", overwrite=False
            )
        with pytest.raises(TypeError, match="remove_double"):
            await run(make_propagator([in_a]), tmp_path, remove_double=True)
        assert manager.records() == []
        assert [path.name for path in tmp_path.iterdir()] == ["there.trr"]
