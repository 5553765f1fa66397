"""Walkers that would compute the same trajectory are said, and get velocities of their own."""

from __future__ import annotations

import warnings
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from engine_systems import double_well_engine, double_well_system
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.engines.openmm import worker as openmm_worker
from asyncmd_jupyter.errors import EqualWalkersWarning
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.dry_run import rehearse
from asyncmd_jupyter.sampling.restart import restart_from
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.states import as_condition
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.trajectory import Trajectory

N_ATOMS = 5


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def in_threads(manager) -> None:
    """OpenMM's worker as a thread of this process, as `launcher="memory"`."""
    programs = {openmm_worker.__name__: openmm_worker.main}
    JobManager.current().register(MemoryLauncher(programs, "openmm in threads"))


def openmm(name: str, *arguments):
    import openmm as library

    return getattr(library, name)(*arguments)


def mts():
    from openmm import unit

    return openmm(
        "MTSLangevinIntegrator",
        *(300 * unit.kelvin, 4 / unit.picosecond, 0.01 * unit.picosecond, [(0, 1)]),
    )


def compound():
    made = openmm("CompoundIntegrator")
    made.addIntegrator(openmm("VerletIntegrator", 0.01))
    made.addIntegrator(openmm("LangevinMiddleIntegrator", 300, 4, 0.01))
    return made


# Whether walkers are alike with the velocities of the start.
INTEGRATORS = {
    "LangevinMiddle": (lambda: "LangevinMiddle", False),
    "Langevin": (lambda: "Langevin", False),
    "Brownian": (lambda: "Brownian", False),
    "NoseHoover": (lambda: "NoseHoover", True),
    "Verlet": (lambda: "Verlet", True),
    "VariableVerlet": (lambda: openmm("VariableVerletIntegrator", 1e-4), True),
    "VariableLangevin": (lambda: openmm("VariableLangevinIntegrator", 300, 4, 1e-4), False),
    "MTSLangevin": (mts, False),
    "Compound": (compound, True),
    "Andersen": (lambda: "Verlet", True),
}


def engine_with(name: str, **changes) -> OpenMMEngine:
    system = double_well_system(N_ATOMS)
    if name == "Andersen":
        system.addForce(openmm("AndersenThermostat", 300, 1))
    options = {
        "integrator": INTEGRATORS[name][0](), "friction": 4.0, "timestep": 0.01, "nstout": 10,
        "seed": 3, "platform": "CPU", "launcher": "openmm in threads", **changes,
    }  # fmt: skip
    return OpenMMEngine(system, None, np.full((N_ATOMS, 3), 0.2), **options)


def frame(path: Path, structure: str | Path, *, moving: bool = True) -> Trajectory:
    positions = read_frame(Trajectory(structure, structure), 0).positions
    velocities = np.random.default_rng(2).normal(0, 0.3, positions.shape) if moving else None
    with path.open("wb") as file:
        write_trr_frame(file, TrrFrame(0, 0.0, np.zeros((3, 3)), positions, velocities))
    return Trajectory(path, structure)


async def structure_for(engine, folder: Path) -> Path:
    (folder / "structure").mkdir()
    await engine.prepare(None, folder / "structure", "of")
    return folder / "structure" / "of.pdb"


def walkers(engine, start, name: str = "run", **options):
    return start_run(
        engine, start, until=[never], name=name, n_walkers=3, max_steps=engine.nstout, **options
    )


def frames_at(trajectories, number: int) -> list[np.ndarray]:
    return [read_frame(one, number).positions for one in trajectories]


def all_different(frames) -> bool:
    return not any(np.array_equal(one, other) for one, other in combinations(frames, 2))


@pytest.mark.parametrize("name", INTEGRATORS)
async def test_they_are_different_at_frame_1(in_threads, here: Path, name: str):
    engine, are_alike = engine_with(name), INTEGRATORS[name][1]
    start = frame(here / "start.trr", await structure_for(engine, here))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", EqualWalkersWarning)
        run = walkers(engine, start)
    # Nothing has begun when it is said.
    assert not run.workdir.exists()
    assert [one.category for one in said] == [EqualWalkersWarning] * are_alike
    assert run.spec.velocities == ("new" if are_alike else "keep")
    made = await run
    assert all_different(frames_at(made, 1))
    theirs = read_frame(start, 0).velocities
    kept = [np.array_equal(read_frame(one, 0).velocities, theirs) for one in made]
    assert kept == [not are_alike] * 3


async def test_those_of_the_start_if_it_is_wanted(in_threads, here: Path):
    engine = engine_with("Verlet")
    start = frame(here / "start.trr", await structure_for(engine, here))
    with pytest.warns(EqualWalkersWarning, match="same trajectory, as velocities=.keep"):
        run = walkers(engine, start, velocities="keep")
    one, *others = frames_at(await run, 1)
    assert all(np.array_equal(one, other) for other in others)


@pytest.mark.filterwarnings("ignore:The start has no velocities")
@pytest.mark.parametrize(("start", "n"), [("moving", 1), ("still", 3), (None, 3)])
async def test_what_is_no_surprise_is_not_said(in_threads, here: Path, start, n: int):
    engine = engine_with("Verlet")
    structure = await structure_for(engine, here)
    if start is not None:
        start = frame(here / "start.trr", structure, moving=start == "moving")
    run = start_run(engine, start, until=[never], name="run", n_walkers=n, max_steps=10)
    assert run.spec.velocities == "keep"
    made = await run
    assert n == 1 or all_different(frames_at(made, 1))


async def test_velocities_of_the_engine_count(in_threads, here: Path):
    """A start of None has those that the engine was made with."""
    engine = engine_with("Verlet", velocities=np.full((N_ATOMS, 3), 0.1))
    with pytest.warns(EqualWalkersWarning):
        run = walkers(engine, None)
    assert all_different(frames_at(await run, 1))


async def test_without_a_temperature_they_are_refused(in_threads, here: Path):
    engine = engine_with("Verlet", velocities=np.full((N_ATOMS, 3), 0.1), temperature=None)
    with pytest.raises(ValueError, match="same trajectory, and the engine has no temperature"):
        walkers(engine, None)
    assert not list(here.iterdir())


async def test_a_dry_run_says_it(in_threads, here: Path):
    engine = engine_with("Verlet", velocities=np.full((N_ATOMS, 3), 0.1))
    until = (as_condition(never, "never"),)
    spec = RunSpec(engine, None, until, "run", here, n_walkers=3, max_steps=100)
    text = rehearse(spec).text()
    assert "3 walkers that begin with the same positions" in text
    assert "each walker gets new velocities at 300 K" in text
    assert not list(here.iterdir())


async def test_restarts_do_so_too(in_threads, here: Path):
    engine = engine_with("NoseHoover")
    first = start_run(engine, None, until=[never], name="first", max_steps=20)
    path = await first
    with pytest.warns(EqualWalkersWarning, match="new velocities at 300 K"):
        run = await restart_from(first, path, 1, name="again", n=3)
    assert all_different(frames_at(await run, 1))
    for asked in ("keep", "inverted"):
        with pytest.warns(EqualWalkersWarning, match=f"as velocities='{asked}'") as said:
            kept = await restart_from(first, path, 1, name=asked, n=2, velocities=asked)
        assert len(said) == 1
        one, other = frames_at(await kept, 1)
        assert np.array_equal(one, other)


async def test_it_can_be_continued(in_threads, here: Path):
    """With nothing said the same is decided, and velocities that were drawn fit to it."""
    engine = engine_with("Verlet")
    start = frame(here / "start.trr", await structure_for(engine, here))
    with pytest.warns(EqualWalkersWarning):
        first = await walkers(engine, start)
    begun = frames_at(first, 0), [read_frame(one, 0).velocities.tobytes() for one in first]
    with pytest.warns(EqualWalkersWarning):
        run = start_run(
            engine, start, until=[never], name="run", n_walkers=3, max_steps=30, continuation=True
        )
    made = await run
    assert [len(one) for one in made] == [4] * 3
    assert [read_frame(one, 0).velocities.tobytes() for one in made] == begun[1]


async def test_engines_of_others_are_left_alone(manager):
    """Only an engine that says so is without noise."""
    assert ToyEngine().has_noise
    assert not ToyEngine(friction=0.0).has_noise
    assert double_well_engine().has_noise


GROMACS = {  # and whether walkers are alike with the velocities of the start
    "NVE": ({"integrator": "md"}, True),
    "nose-hoover": ({"integrator": "md", "tcoupl": "nose-hoover"}, True),
    "v-rescale": ({"integrator": "md", "tcoupl": "v-rescale"}, False),
    "sd": ({"integrator": "sd"}, False),
}


@pytest.mark.gromacs
@pytest.mark.parametrize("name", GROMACS)
async def test_gromacs(manager, here: Path, name: str):
    changes, are_alike = GROMACS[name]
    engine = gromacs_engine(output_traj_type="trr", nstout=50, changes=changes)

    async def places(run: str, **options) -> list[np.ndarray]:
        made = await start_run(
            engine, None, until=[never], name=run, n_walkers=2, max_steps=50, **options
        )
        return frames_at(made, 1)

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", EqualWalkersWarning)
        assert all_different(await places("by-default"))
        assert all_different(await places("kept", velocities="keep")) is not are_alike
    told = [str(one.message) for one in said if one.category is EqualWalkersWarning]
    assert len(told) == 2 * are_alike
    assert not told or "new velocities at 300 K" in told[0]
