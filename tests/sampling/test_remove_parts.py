"""Taking away the files of the parts of one simulation, and of no other."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import MDAnalysis
import pytest
from toy_parts import grid, steps_of
from toy_states import in_b, position

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.testing import ToyEngine

ENGINE = {
    "engine_cls": ToyEngine,
    "engine_kwargs": {"x": 0.0, "seed": 5, "launcher": "memory"},
    "walltime_per_part": 1e-9,
}
RECORD_OF_START = "sim.start.npz.provenance.json"
NAMES = ("sim", "sim2", "other.sim", "simx", "s*m")


@pytest.fixture(params=["in parts", "conditional"])
def propagator(request: pytest.FixtureRequest):
    if request.param == "in parts":
        return InPartsTrajectoryPropagator(20, **ENGINE)
    return ConditionalTrajectoryPropagator([in_b], **ENGINE)


async def compute(folder: Path, *names: str, x: float = 0.0) -> list[Trajectory]:
    engine = ToyEngine(x, seed=5, launcher="memory", nstenergy=10)
    propagator = InPartsTrajectoryPropagator.from_engine(engine, 20, walltime_per_part=1e-9)
    made = []
    for name in names:
        made += await propagator.propagate(None, folder, name)
    return made


IN_PASSING = re.compile(r"\.[0-9a-f]{8}\.|.*\.tmp$")  # until they get their names


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def leave_caches(parts: list[Trajectory]) -> None:
    for trajectory in [*parts, Trajectory([t.paths[0] for t in parts], parts[0].structure_path)]:
        await PyTrajectoryFunctionWrapper(position)(trajectory)
    for trajectory in parts:
        universe = MDAnalysis.Universe(str(trajectory.structure_path), str(trajectory.paths[0]))
        universe.trajectory.close()


async def test_all_of_this_name_and_nothing_else(manager, tmp_path: Path, propagator):
    await compute(tmp_path, *NAMES)
    (tmp_path / "sim.partial.trr").touch()
    (tmp_path / "sim.part0001").mkdir()
    before = files(tmp_path)
    await propagator.remove_parts(tmp_path, "sim")
    gone = before - files(tmp_path)
    endings = ("trr", "trr.provenance.json", "json", "energies.csv")
    assert gone == {f"sim.part000{n}.{ending}" for n in (1, 2) for ending in endings}


async def test_what_a_user_made_of_the_parts_stays(manager, tmp_path: Path, propagator):
    await compute(tmp_path, "sim")
    own = {
        f"sim.part0001{end}"
        for end in (".png", ".ipynb", ".csv", "_rmsd.csv", ".npy", ".trr.bak", "")
    }
    for name in own:
        (tmp_path / name).touch()
    await propagator.remove_parts(tmp_path, "sim")
    assert {name for name in files(tmp_path) if ".part" in name} == own


@pytest.mark.parametrize("ending", ["trr", "xtc", "edr", "log", ".xvg", "_pullx.xvg", "_pullf.xvg"])
async def test_what_gromacs_writes_goes(manager, tmp_path: Path, ending: str):
    class Engine(ToyEngine):
        endings_of_parts = GmxEngine.endings_of_parts

    separator = "" if ending[0] in "._" else "."
    (tmp_path / f"sim.part0001{separator}{ending}").touch()
    propagator = InPartsTrajectoryPropagator(20, **(ENGINE | {"engine_cls": Engine}))
    await propagator.remove_parts(tmp_path, "sim")
    assert files(tmp_path) == set()


async def test_what_others_keep_beside_goes_too(manager, tmp_path: Path, propagator):
    parts = await compute(tmp_path, "sim")
    others = await compute(tmp_path, "sim2", x=0.1)
    inputs = {"sim.cpt", "sim.cpt.prev", "sim.start.npz", RECORD_OF_START, "sim.engine.json"}
    inputs |= {"sim.pdb", "sim.psf"}
    await leave_caches(others)
    kept = {name for name in files(tmp_path) if "sim2" in name}
    await leave_caches(parts)
    beside = {name for name in files(tmp_path) - kept if name.startswith(".")}
    assert any("offsets.npz" in name for name in beside)
    assert any("offsets.lock" in name for name in beside)
    assert any("trr_asyncmd_cv_cache" in name for name in beside)
    assert any("MULTIPART" in name for name in beside)
    await propagator.remove_parts(tmp_path, "sim")
    assert files(tmp_path) - inputs - {".asyncmd_jobs"} == kept


async def test_what_others_keep_can_stay(manager, tmp_path: Path, propagator):
    await leave_caches(await compute(tmp_path, "sim"))
    before = files(tmp_path)
    await propagator.remove_parts(
        tmp_path,
        "sim",
        file_endings_to_remove=[],
        remove_mda_offset_and_lock_files=False,
        remove_asyncmd_npz_caches=False,
    )
    assert files(tmp_path) == before
    await propagator.remove_parts(
        tmp_path, "sim", file_endings_to_remove=[], remove_asyncmd_npz_caches=False
    )
    gone = before - files(tmp_path)
    assert gone == {name for name in before if "_offsets" in name}
    await propagator.remove_parts(tmp_path, "sim", file_endings_to_remove=["trr"])
    gone = before - files(tmp_path)
    assert gone == {name for name in before if ".trr" in name}


@pytest.mark.parametrize("endings", [["trajectories", "log"], ["trr"], [".trr"], ("trr", "edr")])
async def test_endings(manager, tmp_path: Path, propagator, endings):
    await compute(tmp_path, "sim")
    (tmp_path / "sim.part0001.log").touch()
    await propagator.remove_parts(tmp_path, "sim", file_endings_to_remove=endings)
    left = {name for name in files(tmp_path) if ".part" in name}
    assert left >= {"sim.part0001.json", "sim.part0002.json"}
    assert not any(name.endswith(".trr") for name in left)
    assert ("sim.part0001.log" in left) is ("log" not in endings)


async def test_afterwards_it_begins_afresh(manager, tmp_path: Path):
    propagator = InPartsTrajectoryPropagator(20, **ENGINE)
    first = await compute(tmp_path, "sim")
    contents = [part.paths[0].read_bytes() for part in first]
    await propagator.remove_parts(tmp_path, "sim")
    again = await propagator.propagate(None, tmp_path, "sim", continuation=True)
    assert [part.paths[0].read_bytes() for part in again] == contents
    joined = await propagator.cut_and_concatenate(again, tmp_path / "joined.trr")
    assert steps_of(joined) == grid(20)


async def test_nothing_there(manager, tmp_path: Path, propagator):
    await propagator.remove_parts(tmp_path, "sim")
    assert files(tmp_path) == set()


@pytest.mark.parametrize("kind", ["live", "joined-x1_y2z3"])
async def test_what_a_killed_kernel_left_of_its_looks(manager, tmp_path, propagator, kind: str):
    await compute(tmp_path, "sim")
    left = tmp_path / f".sim.part0002.{kind}"
    left.mkdir()
    (left / "0-3.trr").touch()
    await propagator.remove_parts(tmp_path, "sim")
    assert not left.exists()


async def test_refused_while_a_job_writes(manager, tmp_path: Path, propagator):
    engine = ToyEngine(launcher="memory")
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(10**9)
    before = {name for name in files(tmp_path) if not IN_PASSING.match(name)}
    with pytest.raises(EngineError, match=f"Job {part.job.id} .* still writes parts of 'sim'"):
        await propagator.remove_parts(tmp_path, "sim")
    assert before <= files(tmp_path)
    await propagator.remove_parts(tmp_path, "si")
    await part.ask_to_stop()
    await part.wait()
    await propagator.remove_parts(tmp_path, "sim")


async def test_right_after_a_cancellation(manager, tmp_path: Path):
    propagator = InPartsTrajectoryPropagator(10**9, **(ENGINE | {"walltime_per_part": 1}))
    task = asyncio.create_task(propagator.propagate(None, tmp_path, "sim"))
    while not list(tmp_path.glob("*.part0001.trr")):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await propagator.remove_parts(tmp_path, "sim")
    assert all(record.state.is_final for record in manager.records())
    assert not any(".part" in name for name in files(tmp_path))


class TestBadInput:
    @pytest.mark.parametrize("endings", ["trr", [1], [None], 3])
    async def test_endings_that_are_no_list(self, manager, tmp_path: Path, propagator, endings):
        await compute(tmp_path, "sim")
        before = files(tmp_path)
        with pytest.raises(TypeError, match=r"file_endings_to_remove=.* list of endings"):
            await propagator.remove_parts(tmp_path, "sim", file_endings_to_remove=endings)
        assert files(tmp_path) == before

    @pytest.mark.parametrize("endings", [[""], ["."], ["trr", "../x"]])
    async def test_endings_of_no_file(self, manager, tmp_path: Path, propagator, endings):
        await compute(tmp_path, "sim")
        before = files(tmp_path)
        with pytest.raises(ValueError, match="file_endings_to_remove holds"):
            await propagator.remove_parts(tmp_path, "sim", file_endings_to_remove=endings)
        assert files(tmp_path) == before

    async def test_folder_and_name(self, manager, tmp_path: Path, propagator):
        with pytest.raises(FileNotFoundError, match="does not exist"):
            await propagator.remove_parts(tmp_path / "none", "sim")
        with pytest.raises(ValueError, match="deffnm"):
            await propagator.remove_parts(tmp_path, "")
