"""A simulation is not continued from another start than it was begun from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from engine_systems import alanine_engine
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.extract import (
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
)
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame
from asyncmd_jupyter.frames.xdr import write_trr_frame
from asyncmd_jupyter.sampling.dry_run import rehearse
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.testing import ToyEngine

ARGON = "ATOM      1  AR   AR A   1       0.000   0.000   0.000  1.00  0.00          AR\nEND\n"


def never(traj):
    return np.zeros(len(traj), dtype=bool)


def late(traj):
    return traj.frame_table().steps >= 50


def in_parts(n_steps: int = 50, **changes) -> InPartsTrajectoryPropagator:
    kwargs = {"x": 0.0, "seed": 5, "launcher": "memory", **changes}
    return InPartsTrajectoryPropagator(
        n_steps, engine_cls=ToyEngine, engine_kwargs=kwargs, walltime_per_part=1.0
    )


def until_late(**changes) -> ConditionalTrajectoryPropagator:
    kwargs = {"x": 0.0, "seed": 5, "launcher": "memory", **changes}
    return ConditionalTrajectoryPropagator(
        [late], engine_cls=ToyEngine, engine_kwargs=kwargs, walltime_per_part=1.0
    )


def frame(path: Path, x: float = 0.1, velocity: float | None = 0.5, box=None) -> Path:
    """A TRR file with one frame of the toy's particle."""
    moving = None if velocity is None else np.full((1, 3), velocity)
    made = TrrFrame(0, 0.0, np.zeros((3, 3)) if box is None else box, np.array([[x, 0, 0]]), moving)
    with path.open("wb") as file:
        write_trr_frame(file, made)
    return path


@pytest.fixture
def starts(tmp_path: Path):
    """Make starts of the toy engine with its structure."""
    structure = tmp_path / "toy.pdb"
    structure.write_text(ARGON)

    def make(name: str, **content) -> Trajectory:
        return Trajectory(frame(tmp_path / name, **content), structure)

    return make


@pytest.mark.parametrize("make", [in_parts, until_late])
async def test_another_start_is_refused(manager, tmp_path: Path, starts, make):
    old, new = starts("old.trr"), starts("new.trr", x=0.12)
    await make().propagate(old, tmp_path, "sim")
    before = {path: path.read_bytes() for path in tmp_path.glob("sim.*")}
    with pytest.raises(EngineError, match="begun from another start") as error:
        await make().propagate(new, tmp_path, "sim", continuation=True)
    for word in ("old.trr", "new.trr", "positions differ by up to 0.02 nm", "another deffnm"):
        assert word in str(error.value)
    assert {path: path.read_bytes() for path in tmp_path.glob("sim.*")} == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"velocity": -0.5}, "velocities differ by up to 1 nm/ps"),
        ({"x": 0.1006}, "positions differ by up to 0.0006 nm"),
    ],
)
async def test_small_differences(manager, tmp_path: Path, starts, change, words):
    await in_parts().propagate(starts("old.trr"), tmp_path, "sim")
    with pytest.raises(EngineError, match=words):
        await in_parts(90).propagate(starts("n.trr", **change), tmp_path, "sim", continuation=True)


async def test_the_same_frame_elsewhere(manager, tmp_path: Path, starts):
    old = starts("old.trr")
    parts = await in_parts().propagate(old, tmp_path, "sim")
    (tmp_path / "old.trr").rename(tmp_path / "moved.trr")
    moved = Trajectory(tmp_path / "moved.trr", old.structure_path)
    assert await in_parts().propagate(moved, tmp_path, "sim", continuation=True) == parts


async def test_a_less_precise_copy_is_the_same_start(manager, tmp_path: Path):
    engine = alanine_engine()
    start = await engine.generate_velocities(None, tmp_path / "start.trr")
    propagator = InPartsTrajectoryPropagator.from_engine(
        engine, engine.nstout, walltime_per_part=1.0
    )
    parts = await propagator.propagate(start, tmp_path, "sim")
    less = NoModificationFrameExtractor().extract(tmp_path / "less.xtc", start, 0)
    shift = read_frame(less, 0).positions - read_frame(start, 0).positions
    assert np.abs(shift).max() > 1e-4
    assert await propagator.propagate(less, tmp_path, "sim", continuation=True) == parts


async def test_velocities_that_it_did_not_have(manager, tmp_path: Path, starts):
    await in_parts().propagate(starts("old.trr"), tmp_path, "sim", velocities="new")
    again = starts("again.trr", velocity=1.0)
    await in_parts(80).propagate(again, tmp_path, "sim", continuation=True, velocities="new")
    with pytest.raises(EngineError, match="velocities were drawn there, and are given here"):
        await in_parts().propagate(starts("new.trr"), tmp_path, "sim", continuation=True)


async def test_the_start_of_an_engine(manager, tmp_path: Path):
    await in_parts(x=0.1).propagate(None, tmp_path, "sim")
    await in_parts(80, x=0.1).propagate(None, tmp_path, "sim", continuation=True)
    with pytest.raises(EngineError, match="not the engine's own configuration"):
        await in_parts(80, x=0.2).propagate(None, tmp_path, "sim", continuation=True)


async def test_parts_without_frames_were_begun_too(manager, tmp_path: Path, starts):
    await ToyEngine(seed=5, launcher="memory").prepare(starts("old.trr"), tmp_path, "sim")
    (tmp_path / "sim.part0001.trr").touch()
    with pytest.raises(EngineError, match="another start"):
        await in_parts().propagate(starts("new.trr", x=0.3), tmp_path, "sim", continuation=True)


async def test_without_parts_it_begins_from_the_new_one(manager, tmp_path: Path, starts):
    await ToyEngine(seed=5, launcher="memory").prepare(starts("old.trr"), tmp_path, "sim")
    new = starts("new.trr", x=0.3)
    [part] = await in_parts().propagate(new, tmp_path, "sim", continuation=True)
    assert read_frame(part, 0).positions[0, 0] == pytest.approx(0.3)


async def test_a_running_job_is_not_taken_over(manager, tmp_path: Path, starts):
    engine = ToyEngine(seed=5, launcher="memory")
    await engine.prepare(starts("old.trr"), tmp_path, "sim")
    part = await engine.start_part(10**9)
    with pytest.raises(EngineError, match="another start"):
        await in_parts().propagate(starts("new.trr", x=0.3), tmp_path, "sim", continuation=True)
    assert not part.job.state.is_final
    await part.ask_to_stop()
    await part.wait()


async def test_where_the_start_was_not_kept_the_first_frame_tells(manager, tmp_path: Path, starts):
    old = starts("old.trr")
    await in_parts().propagate(old, tmp_path, "sim")
    (tmp_path / "sim.start.npz").unlink()
    with pytest.raises(EngineError, match="positions differ"):
        await in_parts(80).propagate(starts("new.trr", x=0.2), tmp_path, "sim", continuation=True)
    assert await in_parts(80).propagate(old, tmp_path, "sim", continuation=True)


async def test_a_start_that_is_gone_can_not_be_compared(manager, tmp_path: Path, starts):
    parts = await in_parts().propagate(starts("old.trr"), tmp_path, "sim")
    gone = tmp_path / "gone.trr"
    assert await in_parts().propagate(gone, tmp_path, "sim", continuation=True) == parts


async def test_other_atoms(manager, tmp_path: Path):
    engine = alanine_engine()
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(engine.nstout)
    structure = tmp_path / "toy.pdb"
    structure.write_text(ARGON)
    one = Trajectory(frame(tmp_path / "one.trr"), structure)
    propagator = InPartsTrajectoryPropagator.from_engine(
        engine, 2 * engine.nstout, walltime_per_part=1.0
    )
    with pytest.raises(EngineError, match="22 atoms there, 1 here"):
        await propagator.propagate(one, tmp_path, "sim", continuation=True)


async def test_backward_is_not_forward(manager, tmp_path: Path):
    engine = alanine_engine()
    start = await engine.generate_velocities(None, tmp_path / "start.trr")
    inverted = InvertedVelocitiesFrameExtractor().extract(tmp_path / "back.trr", start, 0)
    propagator = InPartsTrajectoryPropagator.from_engine(
        engine, engine.nstout, walltime_per_part=1.0
    )
    await propagator.propagate(start, tmp_path, "sim")
    assert await propagator.propagate(start, tmp_path, "sim", continuation=True)
    with pytest.raises(EngineError, match="velocities differ"):
        await propagator.propagate(inverted, tmp_path, "sim", continuation=True)


class TestRuns:
    @pytest.fixture(autouse=True)
    def in_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    @staticmethod
    def go(start, **options):
        engine = ToyEngine(0.0, seed=5, launcher="memory")
        return start_run(engine, start, until=[never], name="run", **options)

    async def test_another_start_changes_nothing(self, manager, tmp_path: Path, starts):
        await self.go(starts("old.trr"), max_steps=100, n_walkers=2)
        before = {path: path.read_bytes() for path in (tmp_path / "run").glob("run*")}
        run = self.go(starts("new.trr", x=0.2), max_steps=200, n_walkers=2, continuation=True)
        with pytest.raises(EngineError, match=r"run_0.*another start.*old\.trr.*new\.trr"):
            await run.checked()
        assert {path: path.read_bytes() for path in (tmp_path / "run").glob("run*")} == before

    async def test_another_engine_changes_nothing(self, manager, tmp_path: Path, starts):
        start = starts("old.trr")
        await self.go(start, max_steps=100)
        before = {path: path.read_bytes() for path in (tmp_path / "run").glob("run*")}
        other = ToyEngine(0.0, seed=5, launcher="memory", temperature=310)
        run = start_run(other, start, until=[never], name="run", max_steps=200, continuation=True)
        with pytest.raises(EngineError, match=r"engine with other parameters.*300.*310"):
            await run.checked()
        with pytest.raises(EngineError):
            await run
        assert {path: path.read_bytes() for path in (tmp_path / "run").glob("run*")} == before
        assert (await self.go(start, max_steps=200, continuation=True)).last_step == 200

    @pytest.mark.parametrize("kind", ["toy", pytest.param("gromacs", marks=pytest.mark.gromacs)])
    async def test_a_dry_run_compares_too(self, manager, tmp_path: Path, kind: str):
        def engine(temperature: float):
            if kind == "gromacs":
                return gromacs_engine(nstout=50, temperature=temperature)
            return ToyEngine(0.0, seed=5, nstout=50, launcher="memory", temperature=temperature)

        def rehearsed(made, max_steps: int) -> str:
            spec = RunSpec(made, None, (), "run", tmp_path, max_steps=max_steps)
            before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
            text = rehearse(spec, continuation=True).text()
            assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
            return text

        await start_run(engine(300), None, until=[], name="run", max_steps=100)
        text = rehearsed(engine(300), 200)
        assert "goes on after step 100" in text
        assert "writes: run.part0002." in text
        assert "grompp" not in text
        assert "has done 100 steps" in rehearsed(engine(300), 100)
        with pytest.raises(EngineError, match=r"other parameters .*300.* there, .*310.* here"):
            rehearsed(engine(310), 200)

    async def test_the_same_goes_on(self, manager, tmp_path: Path, starts):
        old = starts("old.trr")
        await self.go(old, max_steps=100, n_walkers=2)
        results = await self.go(old, max_steps=200, n_walkers=2, continuation=True)
        assert [result.last_step for result in results] == [200, 200]

    async def test_a_resumed_run_believes_what_it_was_begun_with(self, manager, tmp_path, starts):
        run = self.go(starts("old.trr"), max_steps=100)
        await run
        frame(tmp_path / "old.trr", x=0.2)
        again = run.resume(max_steps=200)
        assert (await again).last_step == 200


def test_copies_are_told_apart_from_others(tmp_path: Path):
    from asyncmd_jupyter.engines.starts import Start

    box = 3 * np.eye(3)
    random = np.random.default_rng(1)
    there = Start(random.random((50, 3)), random.random((50, 3)), box)
    rounded = replace(there, positions=there.positions.round(3))
    gro = replace(rounded, velocities=there.velocities.round(4))
    bare = replace(rounded, velocities=None, box=None)
    assert [there.difference_to(here) for here in (there, gro, bare)] == ["", "", ""]
    assert "box vectors" in there.difference_to(replace(there, box=1.01 * box))
    assert "50 atoms there, 49 here" in there.difference_to(Start(there.positions[1:]))
    first = Start(there.positions + box[0], None, box, is_first_frame=True)
    assert first.difference_to(there) == ""
    assert "positions" in first.difference_to(replace(there, positions=there.positions + 0.1))
