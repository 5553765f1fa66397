"""Propagation for a number of steps, on a toy engine that writes real frames."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

import numpy as np
import pytest
from toy_parts import grid, steps_of

from asyncmd_jupyter.errors import EngineCrashedError, EngineError, JobCancelledError
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.propagate import InPartsTrajectoryPropagator
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import propagate as face

FOREVER = 10**9


def make_engine(**changes) -> ToyEngine:
    return ToyEngine(**{"x": 0.0, "seed": 5, "launcher": "memory", **changes})


def make_propagator(n_steps: int = 50, **changes) -> InPartsTrajectoryPropagator:
    engine_kwargs = {"x": 0.0, "seed": 5, "launcher": "memory", **changes.pop("engine", {})}
    return InPartsTrajectoryPropagator(
        n_steps,
        engine_cls=ToyEngine,
        engine_kwargs=engine_kwargs,
        walltime_per_part=changes.pop("walltime_per_part", 1.0),
    )


async def run(propagator: InPartsTrajectoryPropagator, folder: Path, **kwargs):
    kwargs = {"tra_out": folder / "joined.trr", "overwrite": True, **kwargs}
    name = kwargs.pop("deffnm", "sim")
    return await propagator.propagate_and_concatenate(None, folder, name, **kwargs)


def test_the_face_names_it():
    assert face.InPartsTrajectoryPropagator is InPartsTrajectoryPropagator


async def test_exact_length(manager, tmp_path: Path):
    joined = await run(make_propagator(70), tmp_path)
    assert steps_of(joined) == grid(70)


async def test_parts_of_a_wall_time(manager, tmp_path: Path):
    propagator = make_propagator(50, walltime_per_part=1e-9)
    parts = await propagator.propagate(None, tmp_path, "sim")
    assert [steps_of(part) for part in parts] == [[0, 10], [20], [30], [40], [50]]
    joined = await propagator.cut_and_concatenate(parts, tmp_path / "joined.trr")
    (tmp_path / "other").mkdir()
    at_once = await make_propagator(50).propagate(None, tmp_path / "other", "sim")
    assert steps_of(joined) == grid(50)
    assert joined.paths[0].read_bytes() == at_once[0].paths[0].read_bytes()


async def test_from_an_engine(manager, tmp_path: Path):
    engine = make_engine()
    propagator = InPartsTrajectoryPropagator.from_engine(engine, 30, index=1, walltime_per_part=1)
    joined = await run(propagator, tmp_path)
    assert steps_of(joined) == grid(30)
    assert engine.workdir is None
    other = await run(make_propagator(30), tmp_path, tra_out=tmp_path / "other.trr", deffnm="b")
    assert other != joined


async def test_number_of_steps_can_be_changed(manager, tmp_path: Path):
    propagator = make_propagator(20)
    await propagator.propagate(None, tmp_path, "sim")
    propagator.n_steps = 40
    assert propagator.n_steps == 40
    joined = await run(propagator, tmp_path, continuation=True)
    assert steps_of(joined) == grid(40)


async def test_pickled(manager, tmp_path: Path):
    propagator = pickle.loads(pickle.dumps(make_propagator(20)))
    assert steps_of(await run(propagator, tmp_path)) == grid(20)


class TestNoSteps:
    async def test_no_md(self, manager, tmp_path: Path):
        propagator = make_propagator(0)
        assert await propagator.propagate(None, tmp_path, "sim") == []
        assert await run(propagator, tmp_path) is None
        assert await run(propagator, tmp_path, continuation=True) is None
        assert list(tmp_path.iterdir()) == []
        assert manager.records() == []

    async def test_beside_parts(self, manager, tmp_path: Path):
        await make_propagator(20).propagate(None, tmp_path, "sim")
        assert await run(make_propagator(0), tmp_path, continuation=True) is None

    async def test_folder_that_is_missing(self, manager, tmp_path: Path):
        with pytest.raises(FileNotFoundError, match="create it first"):
            await make_propagator(0).propagate(None, tmp_path / "none", "sim")


class TestContinuation:
    async def test_without_anything(self, manager, tmp_path: Path):
        joined = await run(make_propagator(30), tmp_path, continuation=True)
        assert steps_of(joined) == grid(30)

    async def test_of_inputs_only_begins_at_the_given_start(self, manager, tmp_path: Path):
        await make_engine(x=0.25).prepare(None, tmp_path, "sim")
        joined = await run(make_propagator(30), tmp_path, continuation=True)
        (tmp_path / "other").mkdir()
        other = await run(make_propagator(30), tmp_path / "other")
        assert joined.paths[0].read_bytes() == other.paths[0].read_bytes()

    @pytest.mark.parametrize("ending", ["start.npz", "pdb"])
    async def test_of_some_of_the_inputs(self, manager, tmp_path: Path, ending: str):
        await make_engine().prepare(None, tmp_path, "sim")
        (tmp_path / f"sim.{ending}").unlink()
        joined = await run(make_propagator(30), tmp_path, continuation=True)
        assert steps_of(joined) == grid(30)

    async def test_of_inputs_that_nothing_shows_to_be_ours(self, manager, tmp_path: Path):
        await make_engine().prepare(None, tmp_path, "sim")
        (tmp_path / "sim.engine.json").unlink()
        with pytest.raises(ValueError, match="was not made by an engine"):
            await run(make_propagator(30), tmp_path, continuation=True)

    async def test_of_a_part_without_frames(self, manager, tmp_path: Path):
        await make_engine().prepare(None, tmp_path, "sim")
        (tmp_path / "sim.part0001.trr").touch()
        joined = await run(make_propagator(30), tmp_path, continuation=True)
        assert steps_of(joined) == grid(30)

    async def test_of_a_part_with_a_torn_frame(self, manager, tmp_path: Path):
        await make_propagator(30).propagate(None, tmp_path, "sim")
        file = tmp_path / "sim.part0001.trr"
        with file.open("ab") as parts:
            parts.write(file.read_bytes()[:100])
        joined = await run(make_propagator(50), tmp_path, continuation=True)
        assert steps_of(joined) == grid(50)

    async def test_of_what_is_finished(self, manager, tmp_path: Path):
        first = await run(make_propagator(30), tmp_path)
        before = len(manager.records())
        again = await run(make_propagator(30), tmp_path, continuation=True)
        assert again == first
        assert len(manager.records()) == before

    async def test_of_more_than_is_wanted(self, manager, tmp_path: Path):
        await make_propagator(80).propagate(None, tmp_path, "sim")
        joined = await run(make_propagator(30), tmp_path, continuation=True)
        assert steps_of(joined) == grid(30)

    async def test_of_a_job_that_runs_too_far(self, manager, tmp_path: Path):
        engine = make_engine()
        await engine.prepare(None, tmp_path, "sim")
        part = await engine.start_part(FOREVER)
        joined = await run(make_propagator(500), tmp_path, continuation=True)
        assert steps_of(joined) == grid(500)
        assert part.job.state is JobState.DONE

    async def test_of_a_job_that_is_not_needed(self, manager, tmp_path: Path):
        engine = make_engine()
        await engine.prepare(None, tmp_path, "sim")
        await engine.run_steps(50)
        part = await engine.start_part(FOREVER)
        joined = await run(make_propagator(50), tmp_path, continuation=True)
        assert steps_of(joined) == grid(50)
        assert part.job.state.is_final

    async def test_of_a_job_that_waits_and_is_not_needed(self, manager, runtime, tmp_path: Path):
        engine = make_engine()
        await engine.prepare(None, tmp_path, "sim")
        await engine.run_steps(50)
        runtime.change_settings(max_cores=1)
        other = make_engine()
        await other.prepare(None, tmp_path, "other")
        busy = await other.start_part(FOREVER)
        part = await engine.start_part(FOREVER)
        assert part.job.state is JobState.WAITING
        joined = await run(make_propagator(50), tmp_path, continuation=True)
        assert steps_of(joined) == grid(50)
        assert part.job.state is JobState.CANCELLED
        await busy.ask_to_stop()
        await busy.wait()

    async def test_of_a_job_that_does_not_run_far_enough(self, manager, tmp_path: Path):
        engine = make_engine()
        await engine.prepare(None, tmp_path, "sim")
        await engine.start_part(20)
        joined = await run(make_propagator(50), tmp_path, continuation=True)
        assert steps_of(joined) == grid(50)

    async def test_of_a_cancelled_task(self, manager, tmp_path: Path):
        task = asyncio.create_task(make_propagator(FOREVER).propagate(None, tmp_path, "sim"))
        while not list(tmp_path.glob("*.part0001.trr")):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        propagator = make_propagator(50)
        propagator.n_steps = await steps_done(tmp_path) + 50
        joined = await run(propagator, tmp_path, continuation=True)
        assert steps_of(joined) == grid(propagator.n_steps)

    async def test_of_a_job_cancelled_by_hand(self, manager, tmp_path: Path):
        task = asyncio.create_task(make_propagator(FOREVER).propagate(None, tmp_path, "sim"))
        while not list(tmp_path.glob("*.part0001.trr")):
            await asyncio.sleep(0.01)
        (record,) = [r for r in manager.records() if not r.state.is_final]
        await manager.job(record.id).cancel()
        with pytest.raises(JobCancelledError):
            await task
        n_steps = await steps_done(tmp_path) + 50
        joined = await run(make_propagator(n_steps), tmp_path, continuation=True)
        assert steps_of(joined) == grid(n_steps)

    async def test_of_a_crash(self, manager, tmp_path: Path):
        unstable = make_propagator(50, engine={"timestep": 5.0, "x": 0.1})
        with pytest.raises(EngineCrashedError, match="finite"):
            await unstable.propagate(None, tmp_path, "sim")
        with pytest.raises(EngineCrashedError, match="finite"):
            await unstable.propagate(None, tmp_path, "sim", continuation=True)

    async def test_of_parts_that_are_gone(self, manager, tmp_path: Path):
        propagator = make_propagator(30, walltime_per_part=1e-9)
        await propagator.propagate(None, tmp_path, "sim")
        (tmp_path / "sim.part0002.trr").unlink()
        propagator.n_steps = 50
        with pytest.raises(EngineError, match="between the steps 10 and 30 are missing"):
            await propagator.propagate(None, tmp_path, "sim", continuation=True)

    async def test_of_a_last_part_that_is_gone(self, manager, tmp_path: Path):
        propagator = make_propagator(30, walltime_per_part=1e-9)
        await propagator.propagate(None, tmp_path, "sim")
        (tmp_path / "sim.part0003.trr").unlink()
        with pytest.raises(EngineError, match=r"done 30 steps, but .* at step 20.* n_steps=30"):
            await propagator.propagate(None, tmp_path, "sim", continuation=True)

    async def test_of_all_parts_gone_begins_afresh(self, manager, tmp_path: Path):
        first = await run(make_propagator(30), tmp_path)
        (tmp_path / "sim.part0001.trr").unlink()
        again = await run(make_propagator(30), tmp_path, continuation=True)
        assert again == first

    async def test_is_needed_where_parts_are(self, manager, tmp_path: Path):
        await make_propagator(30).propagate(None, tmp_path, "sim")
        with pytest.raises(ValueError, match=r"sim\.part0001"):
            await make_propagator(30).propagate(None, tmp_path, "sim")


async def steps_done(folder: Path) -> int:
    engine = make_engine()
    await engine.prepare_from_files(folder, "sim")
    return engine.steps_done // 10 * 10


class TestBadInput:
    @pytest.mark.parametrize("n_steps", [1.5, "10", None, True, np.float64(10.5)])
    def test_steps_that_are_no_number(self, n_steps):
        with pytest.raises(TypeError, match=r"n_steps=.* whole number"):
            make_propagator(n_steps)
        with pytest.raises(TypeError, match=r"n_steps=.* whole number"):
            make_propagator(10).n_steps = n_steps

    def test_steps_backwards(self):
        with pytest.raises(ValueError, match="n_steps=-10 has to be at least 0"):
            make_propagator(-10)

    async def test_steps_between_frames(self, manager, tmp_path: Path):
        with pytest.raises(ValueError, match=r"n_steps=25 .* nstout=10.* Take 20"):
            await run(make_propagator(25), tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("hours", "error"), [(0, ValueError), (None, TypeError)])
    def test_walltime(self, hours, error):
        with pytest.raises(error, match="walltime"):
            make_propagator(walltime_per_part=hours)

    @pytest.mark.parametrize("engine_cls", [None, "ToyEngine", make_engine()])
    def test_engine_that_is_no_class(self, engine_cls):
        with pytest.raises(TypeError, match="class of an engine"):
            InPartsTrajectoryPropagator(
                10, engine_cls=engine_cls, engine_kwargs={}, walltime_per_part=1
            )

    @pytest.mark.parametrize("engine_kwargs", [None, [("x", 0)]])
    def test_arguments_that_are_no_dict(self, engine_kwargs):
        with pytest.raises(TypeError, match="engine_kwargs"):
            InPartsTrajectoryPropagator(
                10, engine_cls=ToyEngine, engine_kwargs=engine_kwargs, walltime_per_part=1
            )

    def test_clone_of_no_engine(self):
        with pytest.raises(TypeError, match="no engine"):
            InPartsTrajectoryPropagator.from_engine(ToyEngine, 10, walltime_per_part=1)

    @pytest.mark.parametrize("output", ["there.trr", "no_folder/joined.trr"])
    async def test_output_is_checked_before_any_md(self, manager, tmp_path: Path, output: str):
        (tmp_path / "there.trr").touch()
        with pytest.raises((FileExistsError, FileNotFoundError), match="exist"):
            await run(make_propagator(), tmp_path, tra_out=tmp_path / output, overwrite=False)
        assert [path.name for path in tmp_path.iterdir()] == ["there.trr"]

    async def test_arguments_are_checked_before_any_md(self, manager, tmp_path: Path):
        with pytest.raises(TypeError, match="struct: concatenate"):
            await run(make_propagator(), tmp_path, struct="a.pdb")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("start", [3, b"a.pdb", [1, 2]])
    async def test_start(self, manager, tmp_path: Path, start):
        with pytest.raises(TypeError, match="starting_configuration="):
            await make_propagator().propagate(start, tmp_path, "sim")
        assert list(tmp_path.iterdir()) == []

    async def test_format_of_the_output(self, manager, tmp_path: Path):
        with pytest.raises(ValueError, match="no format that can be written"):
            await run(make_propagator(), tmp_path, tra_out=tmp_path / "joined.foo")
        assert list(tmp_path.iterdir()) == []

    async def test_parts_that_are_none(self, manager, tmp_path: Path):
        parts = await make_propagator().propagate(None, tmp_path, "sim")
        for wrong in (parts[0], ["sim.part0001.trr"]):
            with pytest.raises(TypeError, match=r"trajs"):
                await make_propagator().cut_and_concatenate(wrong, tmp_path / "joined.trr")

    @pytest.mark.parametrize("deffnm", ["", "a/b", None])
    async def test_name(self, manager, tmp_path: Path, deffnm):
        with pytest.raises(ValueError, match="deffnm"):
            await make_propagator().propagate(None, tmp_path, deffnm)
