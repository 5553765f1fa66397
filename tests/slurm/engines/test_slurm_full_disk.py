"""The disk of the work folder is full: what is on it stays, and the run goes on when it may."""

from __future__ import annotations

import subprocess

import pytest
from engine_harness import all_frames, parts_of
from engine_systems import double_well_engine
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.errors import EngineCrashedError, EngineError
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.verdict import Grace

ENGINES = {
    "openmm": lambda: double_well_engine(launcher="slurm"),
    "gromacs": lambda: gromacs_engine(launcher="slurm", nstout=10, output_traj_type="trr"),
}


@pytest.mark.parametrize("kind", ["openmm", pytest.param("gromacs", marks=pytest.mark.gromacs)])
async def test_it_fails_with_the_reason_and_goes_on_when_there_is_space(
    manager, runtime, small_disk, kind
):
    grace = Grace(explained=0.5, unexplained=2, cleaning=20)
    manager.register(SlurmLauncher(lambda: runtime.settings.slurm, grace=grace))
    engine = ENGINES[kind]()
    await engine.prepare(None, small_disk, "sim")
    with pytest.raises((EngineCrashedError, EngineError), match=r"[Ss]pace|disk|written|write"):
        await engine.run_steps(10**9)
    before, _ = all_frames(await parts_of(engine, small_disk, "sim"))
    assert len(before) > 10
    subprocess.run(["mount", "-o", "remount,size=40m", small_disk], check=True)
    other = engine.clone()
    await other.prepare_from_files(small_disk, "sim")
    goal = max(before[-1], other.steps_done) + 20 * engine.nstout
    await other.run_steps(goal)
    steps, _ = all_frames(await parts_of(engine, small_disk, "sim"))
    assert steps == list(range(0, goal + 1, engine.nstout))
