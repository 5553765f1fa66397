"""Propagators with GROMACS: doubled frames, signals, kills, live stopping."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

import numpy as np
import psutil
import pytest
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.errors import EngineCrashedError, MaxStepsReachedError
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.process import find_members
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.sampling.run import start_run

pytestmark = pytest.mark.gromacs

NSTOUT = 500
FOREVER = 500 * 10**6
A_MOMENT = 0.2 / 3600


def grid(n_steps: int, every: int = NSTOUT) -> list[int]:
    return list(range(0, n_steps + 1, every))


def steps_of(traj) -> list[int]:
    return traj.frame_table().steps.tolist()


def stretched(traj) -> np.ndarray:
    """Whether both ends are far apart: in equilibrium now and then."""
    with open_universe(traj.structure_path, traj.paths) as universe:
        first, last = universe.atoms[[1, 18]]
        return (
            np.array([np.linalg.norm(first.position - last.position) for _ in universe.trajectory])
            > 7.2
        )


def everywhere(traj) -> np.ndarray:
    return np.ones(len(traj), dtype=bool)


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def at_step(step: int):
    def reached(traj):
        return traj.frame_table().steps == step

    return reached


def in_parts(n_steps: int, hours: float = 1.0, **options) -> InPartsTrajectoryPropagator:
    return InPartsTrajectoryPropagator.from_engine(
        gromacs_engine(**options), n_steps, walltime_per_part=hours
    )


def conditional(conditions, hours: float = 1.0, *, limit=None, **options):
    return ConditionalTrajectoryPropagator.from_engine(
        gromacs_engine(**options), conditions, walltime_per_part=hours, max_steps=limit
    )


async def run(propagator, folder: Path, *, kind: str = "xtc", **kwargs):
    out = {"tra_out": folder / f"joined.{kind}", "overwrite": True}
    joined = await propagator.propagate_and_concatenate(None, folder, "sim", **out, **kwargs)
    return joined[0] if isinstance(joined, tuple) else joined


async def growing_job(manager, folder: Path, n_frames: int, *before: str) -> str:
    """Wait until the part of a new job has some frames; the id of the job."""
    while True:
        for record in manager.records():
            if record.state is JobState.RUNNING and record.id not in before:
                growing = GrowingFile(folder / f"{record.name}.xtc")
                growing.poll()
                if len(growing) >= n_frames:
                    return record.id
        await asyncio.sleep(0.01)


def mdrun_of(job_id: str) -> psutil.Process:
    members = find_members({job_id: None})[job_id]
    [program] = [m.pid for m in members if psutil.Process(m.pid).name().startswith("gmx")]
    return psutil.Process(program)


@pytest.mark.parametrize("kind", ["xtc", "trr"])
async def test_parts_with_doubled_frames_are_cut_exactly(manager, tmp_path: Path, kind: str):
    short = in_parts(1500, output_traj_type=kind)
    await short.propagate(None, tmp_path, "sim")
    short.n_steps = 3000
    parts = await short.propagate(None, tmp_path, "sim", continuation=True)
    assert [steps_of(part) for part in parts] == [grid(1500), [1500, 2000, 2500, 3000]]
    for n_steps in (1000, 1500, 2000, 3000):
        short.n_steps = n_steps
        joined = await run(short, tmp_path, kind=kind, continuation=True)
        assert steps_of(joined) == grid(n_steps)
        ended = await run(
            conditional([at_step(n_steps)], output_traj_type=kind),
            tmp_path,
            kind=kind,
            continuation=True,
        )
        assert steps_of(ended) == grid(n_steps)


async def test_parts_of_a_wall_time(manager, tmp_path: Path):
    joined = await run(in_parts(40_000, A_MOMENT), tmp_path)
    assert steps_of(joined) == grid(40_000)


async def test_checkpoints_between_frames(manager, tmp_path: Path):
    options = {"nstout": 490, "output_traj_type": "trr"}
    joined = await run(in_parts(49_000, A_MOMENT, **options), tmp_path, kind="trr")
    assert steps_of(joined) == grid(49_000, 490)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_signals_from_elsewhere(manager, tmp_path: Path, number):
    propagator = in_parts(FOREVER, mdrun_extra_args="-nt 1 -cpt 0.002")
    for _ in range(2):
        task = asyncio.create_task(run(propagator, tmp_path, continuation=True))
        job = await growing_job(manager, tmp_path, 3, *(r.id for r in manager.records()))
        mdrun_of(job).send_signal(number)
        if number is not signal.SIGKILL:
            await growing_job(manager, tmp_path, 3, *(r.id for r in manager.records()))
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, EngineCrashedError):
            await task
    done = max(steps_of(part)[-1] for part in await parts_on_disk(tmp_path))
    propagator.n_steps = done + 10 * NSTOUT
    joined = await run(propagator, tmp_path, continuation=True)
    assert steps_of(joined) == grid(done + 10 * NSTOUT)


async def parts_on_disk(folder: Path):
    engine = gromacs_engine()
    await engine.prepare_from_files(folder, "sim")
    return await engine.trajectory_parts()


async def test_stops_as_soon_as_it_happens(manager, tmp_path: Path):
    joined = await run(conditional([stretched], limit=FOREVER), tmp_path)
    inside = stretched(joined)
    assert inside.tolist() == [False] * (len(joined) - 1) + [True]
    assert steps_of(joined) == grid(NSTOUT * (len(joined) - 1))


async def test_limit_is_exact(manager, tmp_path: Path):
    propagator = conditional([never], A_MOMENT, limit=10_000)
    for continuation in (False, True):
        with pytest.raises(MaxStepsReachedError, match="10000 steps"):
            await propagator.propagate(None, tmp_path, "sim", continuation=continuation)
    joined = await propagator.join_all(tmp_path, "sim", tmp_path / "all.xtc")
    assert steps_of(joined) == grid(10_000)


async def test_cancelled_in_each_phase(manager, tmp_path: Path):
    propagator = in_parts(20_000, A_MOMENT)
    for name in ("sim.mdp", "sim.tpr", "sim.part0001.log", "sim.part0001.xtc", "sim.cpt"):
        task = asyncio.create_task(run(propagator, tmp_path, continuation=True))
        while not task.done() and not (tmp_path / name).exists():
            await asyncio.sleep(0.001)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    joined = await run(propagator, tmp_path, continuation=True)
    assert steps_of(joined) == grid(20_000)
    assert all(record.state.is_final for record in manager.records())


async def test_start_that_fulfils(manager, tmp_path: Path):
    everywhere = conditional([lambda traj: np.ones(len(traj), dtype=bool)])
    gro = gromacs_engine().gro_file
    parts, index = await everywhere.propagate(gro, tmp_path, "sim")
    assert (len(parts), index) == (1, 0)
    assert [record.name for record in manager.records()] == ["sim.grompp"], "no MD"
    joined = await run(everywhere, tmp_path)
    assert steps_of(joined) == [0]


async def test_removal(manager, tmp_path: Path):
    propagator = in_parts(1500)
    for name in ("sim", "sim2", "other.sim"):
        await propagator.propagate(None, tmp_path, name)
    before = {path.name for path in tmp_path.iterdir()}
    await propagator.remove_parts(tmp_path, "sim", file_endings_to_remove=["trajectories", "log"])
    gone = before - {path.name for path in tmp_path.iterdir()}
    with_trajectories = {"sim.part0001.xtc", "sim.part0001.xtc.provenance.json"}
    assert gone == with_trajectories | {"sim.part0001.log"}
    await propagator.remove_parts(tmp_path, "sim")
    gone = before - {path.name for path in tmp_path.iterdir()}
    assert gone >= {"sim.part0001.xtc", "sim.part0001.log", "sim.part0001.edr"}
    assert all(name.startswith("sim.") for name in gone)
    joined = await run(propagator, tmp_path, continuation=True)
    assert steps_of(joined) == grid(1500)


async def test_a_structure_that_fulfils_needs_no_md(manager, tmp_path: Path):
    propagator = ConditionalTrajectoryPropagator.from_engine(
        gromacs_engine(), [everywhere], walltime_per_part=0.01
    )
    parts, condition = await propagator.propagate(None, tmp_path, "sim")
    assert condition == 0
    assert [len(part) for part in parts] == [1]
    assert not list(tmp_path.glob("sim.part*"))


async def test_all_files_of_parts_are_removed(manager, tmp_path: Path):
    engine = gromacs_engine()
    propagator = InPartsTrajectoryPropagator.from_engine(engine, 1000, walltime_per_part=0.01)
    await propagator.propagate(None, tmp_path, "sim")
    await propagator.propagate(None, tmp_path, "sim.confout")
    await propagator.remove_parts(tmp_path, "sim")
    left = sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("sim"))
    assert [name for name in left if ".part" in name and ".confout.confout" not in name] == [
        f"sim.confout.part0001.{ending}"
        for ending in ("edr", "log", "trr", "xtc", "xtc.provenance.json")
    ]


async def test_walkers_of_a_run_share_the_cores_from_the_start(manager, runtime, tmp_path: Path):
    runtime.change_settings(max_cores=2)
    engine = gromacs_engine(mdrun_extra_args="")
    run = start_run(
        engine, None, until=[never], name="both", n_walkers=2, max_steps=5000, workdir=tmp_path
    )
    await run.wait()
    parts = [record for record in manager.records() if "part" in record.tags]
    assert len(parts) == 2
    assert [record.resources.cores for record in parts] == [1, 1]
