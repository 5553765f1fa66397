"""New velocities have the temperature of the engine in every way to get some.

With repartitioned masses and constraints, hydrogens and heavy atoms apart; `heavy_hydrogens`
says how many draws it takes and what the false alarms are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from heavy_hydrogens import N_DRAWS, gromacs_engine, masses, openmm_engine, problems

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.restart import restart_from
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.trajectory import Trajectory

pytestmark = [
    pytest.mark.science,
    # Its structure file lets masses be guessed wrong, on purpose.
    pytest.mark.filterwarnings("ignore:In structure_file"),
]
both = pytest.mark.parametrize(
    "kind", ["openmm", pytest.param("gromacs", marks=pytest.mark.gromacs)]
)


@pytest.fixture
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def engine_of(kind: str, folder: Path):
    return openmm_engine(folder) if kind == "openmm" else gromacs_engine(folder)


def most_along(kind: str) -> float:
    """Mdrun writes velocities that fulfil constraints half a step away from the positions."""
    return 0.05 if kind == "gromacs" else 1e-3


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def first_frames(trajectories) -> list[Frame]:
    return [read_frame(one, 0) for one in trajectories]


async def begun(engine, folder: Path) -> Trajectory:
    """A frame to start from, with other velocities."""
    return await engine.generate_velocities(None, folder / "begin.trr")


async def test_a_mistake_of_five_percent_is_seen(manager, here: Path):
    engine = openmm_engine(here)
    start = await begun(engine, here)
    draw = RandomVelocitiesFrameExtractor.of(engine, 300 * 1.05, seed=1)
    drawn = first_frames(
        draw.extract(here / "x.trr", start, 0, overwrite=True) for _ in range(N_DRAWS)
    )
    assert len([text for text in problems(drawn, 300) if "instead of" in text]) == 2
    assert problems(drawn, 300 * 1.05) == []


@pytest.mark.parametrize("constrained", [True, False])
async def test_extractors(manager, here: Path, constrained: bool):
    engine = openmm_engine(here)
    start = await begun(engine, here)
    draw = RandomVelocitiesFrameExtractor(310, masses=masses(), seed=2)
    if constrained:
        draw = RandomVelocitiesFrameExtractor.of(engine, 310, seed=2)
    drawn = first_frames(
        draw.extract(here / "x.trr", start, 0, overwrite=True) for _ in range(N_DRAWS)
    )
    assert problems(drawn, 310, constrained=constrained) == []


@both
async def test_engines(manager, here: Path, kind: str):
    engine = engine_of(kind, here)
    made = [
        await engine.clone(i).generate_velocities(None, here / f"{i}.trr") for i in range(N_DRAWS)
    ]
    assert problems(first_frames(made), 300, most_along=most_along(kind)) == []


@both
@pytest.mark.parametrize("temperature", [None, 350.0])
async def test_restarts(manager, here: Path, kind: str, temperature: float | None):
    """Those of the magic and of the button, which name a temperature or none."""
    engine = engine_of(kind, here)
    first = start_run(engine, None, until=[never], name="first", max_steps=1, velocities="new")
    trajectory = await first
    run = await restart_from(
        first, trajectory, -1, name="again", n=N_DRAWS, velocities="new", temperature=temperature
    )
    await run.cancel()
    assert problems(first_frames(run.spec.starts), temperature or 300.0) == []


@both
async def test_runs(manager, here: Path, kind: str):
    """What simulations begin with that are asked for new velocities."""
    engine = engine_of(kind, here)
    start = await begun(engine, here)
    run = start_run(
        engine, start, until=[never], name="new", n_walkers=N_DRAWS, max_steps=1, velocities="new"
    )
    assert problems(first_frames(await run), 300, most_along=most_along(kind)) == []


@pytest.mark.gromacs
async def test_the_first_frame_of_a_restart(manager, here: Path):
    """Mdrun fulfils the constraints once more, and has nothing left to do."""
    engine = gromacs_engine(here)
    first = start_run(engine, None, until=[never], name="first", max_steps=1, velocities="new")
    trajectory = await first
    run = await restart_from(first, trajectory, 0, name="again", n=N_DRAWS, velocities="new")
    assert problems(first_frames(await run), 300, most_along=most_along("gromacs")) == []


@pytest.mark.gromacs
async def test_gen_vel(manager, here: Path):
    engine = gromacs_engine(here, **{"gen-vel": "yes", "gen-temp": 300})
    run = start_run(engine, None, until=[never], name="new", n_walkers=N_DRAWS, max_steps=1)
    assert problems(first_frames(await run), 300, most_along=most_along("gromacs")) == []
