"""New velocities have the temperature of the engine in every way to get some.

With repartitioned masses and constraints, hydrogens and heavy atoms apart; `heavy_hydrogens`
says how many draws it takes and what the false alarms are. All is drawn with fixed seeds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from heavy_hydrogens import (
    N_DRAWS,
    gromacs_engine,
    masses,
    openmm_engine,
    positions,
    problems,
)

from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.restart import restart_from
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.states import as_condition
from asyncmd_jupyter.trajectory import Trajectory

pytestmark = [
    pytest.mark.science,
    # Its structure file lets masses be guessed wrong, on purpose.
    pytest.mark.filterwarnings("ignore:In structure_file"),
]
ENGINES = {"openmm": openmm_engine, "gromacs": gromacs_engine}
both = pytest.mark.parametrize(
    "kind", ["openmm", pytest.param("gromacs", marks=pytest.mark.gromacs)]
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory):
    """Engines that are made once; each test takes clones, which count alike."""
    folder, made = tmp_path_factory.mktemp("heavy"), {}

    def engine_of(kind: str):
        if kind not in made:
            made[kind] = ENGINES[kind](folder)
        return made[kind]

    return engine_of


def most_along(kind: str) -> float:
    """Mdrun writes velocities that fulfil constraints half a step away from the positions."""
    return 0.05 if kind == "gromacs" else 1e-3


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def first_frames(trajectories) -> list[Frame]:
    return [read_frame(one, 0) for one in trajectories]


def frame_of(engine, folder: Path, *, moving: bool = True) -> Trajectory:
    """A frame to start from, with the velocities of a system that is far too hot."""
    velocities = np.random.default_rng(1).normal(0, 5, positions().shape) if moving else None
    with (folder / "begin.trr").open("wb") as file:
        box = 12 * np.eye(3)
        write_trr_frame(file, TrrFrame(0, 0.0, box, positions(), velocities))
    structure = engine.structure_file if hasattr(engine, "structure_file") else engine.gro_file
    return Trajectory(folder / "begin.trr", structure)


def extracted(draw: RandomVelocitiesFrameExtractor, start: Trajectory, folder: Path) -> list[Frame]:
    return first_frames(draw.extract(folder / f"{n}.trr", start, 0) for n in range(N_DRAWS))


def first_run(engine, start: Trajectory, folder: Path) -> RunSpec:
    """The order of an earlier run, which nobody has to wait for."""
    until: tuple[Condition, ...] = (as_condition(never, "never"),)
    return RunSpec(engine, start, until, name="first", workdir=folder, max_steps=1)


@pytest.mark.parametrize("mistake", [0.98, 1.02])
def test_a_mistake_of_two_percent_is_seen(engines, here: Path, mistake: float):
    draw = RandomVelocitiesFrameExtractor.of(engines("openmm"), 300 * mistake, seed=1)
    drawn = extracted(draw, frame_of(engines("openmm"), here), here)
    assert "all" in [text.partition(":")[0] for text in problems(drawn, 300)]
    assert problems(drawn, 300 * mistake) == []


@pytest.mark.parametrize("constrained", [True, False])
def test_extractors(engines, here: Path, constrained: bool):
    draw = RandomVelocitiesFrameExtractor(310, masses=masses(), seed=2)
    if constrained:
        draw = RandomVelocitiesFrameExtractor.of(engines("openmm"), 310, seed=2)
    drawn = extracted(draw, frame_of(engines("openmm"), here), here)
    assert problems(drawn, 310, constrained=constrained) == []


@both
async def test_engines(manager, engines, here: Path, kind: str):
    made = [
        await engines(kind).clone(n).generate_velocities(None, here / f"{n}.trr")
        for n in range(N_DRAWS)
    ]
    assert problems(first_frames(made), 300, most_along=most_along(kind)) == []


@both
async def test_restarts(manager, engines, here: Path, kind: str):
    """Those of the magic and of the button, which name a temperature or none."""
    engine = engines(kind)
    start = frame_of(engine, here)
    first = first_run(engine, start, here)
    options = {"n": N_DRAWS, "velocities": "new"}
    hot = await restart_from(first, start, name="hot", temperature=350.0, **options)
    await hot.cancel()
    assert problems(first_frames(hot.spec.starts), 350) == []
    run = await restart_from(first, start, name="again", **options)
    assert problems(first_frames(run.spec.starts), 300) == []
    # The program fulfils the constraints once more, and has nothing left to do.
    assert problems(first_frames(await run), 300, most_along=most_along(kind)) == []


@both
async def test_runs(manager, engines, here: Path, kind: str):
    """What simulations begin with that are asked for new velocities."""
    engine = engines(kind)
    start = frame_of(engine, here)
    run = start_run(
        engine, start, until=[never], name="new", n_walkers=N_DRAWS, max_steps=1, velocities="new"
    )
    assert problems(first_frames(await run), 300, most_along=most_along(kind)) == []


@pytest.mark.gromacs
async def test_gen_vel(manager, engines, here: Path):
    engine = engines("gromacs").clone()
    engine.mdp.update({"gen-vel": "yes", "gen-temp": 300})
    start = frame_of(engine, here, moving=False)
    run = start_run(engine, start, until=[never], name="new", n_walkers=N_DRAWS, max_steps=1)
    assert problems(first_frames(await run), 300, most_along=most_along("gromacs")) == []
