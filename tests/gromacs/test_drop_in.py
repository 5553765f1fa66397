"""A script of the kind that users of earlier libraries have, run with this one's names."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

import numpy as np
import pytest

import asyncmd_jupyter as asyncmd
from asyncmd_jupyter import examples
from asyncmd_jupyter import gromacs as asyncgmx
from asyncmd_jupyter import trajectory as asynctraj
from asyncmd_jupyter.gromacs.utils import get_all_traj_parts, nstout_from_mdp
from asyncmd_jupyter.trajectory.convert import construct_tp_from_plus_and_minus_traj_segments
from asyncmd_jupyter.trajectory.functionwrapper import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.trajectory.propagate import MaxStepsReachedError
from asyncmd_jupyter.utils import ensure_mdconfig_options, get_all_file_parts

pytestmark = pytest.mark.gromacs


def psi(traj):
    import MDAnalysis as mda
    from MDAnalysis.lib.distances import calc_dihedrals

    universe = mda.Universe(traj.structure_file, *traj.trajectory_files)
    positions = universe.trajectory.timeseries(order="fac")
    atoms = (positions[:, atom] for atom in (6, 8, 14, 16))
    return np.degrees(calc_dihedrals(*atoms, box=universe.dimensions))


def c7eq(traj):
    return np.abs(psi(traj) - 50) < 30


def c5(traj):
    return np.abs(psi(traj)) > 130


@pytest.fixture
def engine_kwargs(manager, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = examples.alanine_dipeptide_gromacs(tmp_path)
    mdp = asyncgmx.MDP(str(files.mdp))
    mdp["nstxout"] = mdp["nstvout"] = 20
    mdp = ensure_mdconfig_options(mdp, genvel="no", continuation="yes")
    return {
        "mdconfig": mdp,
        "gro_file": str(files.gro),
        "top_file": str(files.top),
        "mdrun_extra_args": "-nt 1",
        "output_traj_type": "trr",
    }


async def test_two_way_shooting(engine_kwargs, tmp_path: Path):
    states = [PyTrajectoryFunctionWrapper(c7eq), PyTrajectoryFunctionWrapper(c5)]
    propagators = [
        asynctraj.ConditionalTrajectoryPropagator(
            conditions=states,
            engine_cls=asyncgmx.GmxEngine,
            engine_kwargs=engine_kwargs,
            walltime_per_part=0.01,
            max_steps=500_000,
        )
        for _ in range(2)
    ]
    engine = asyncgmx.GmxEngine(**engine_kwargs)
    await engine.prepare(starting_configuration=None, workdir=".", deffnm="initial")
    initial = await engine.run(nsteps=20)
    draw = asynctraj.RandomVelocitiesFrameExtractor(T=300)
    invert = asynctraj.InvertedVelocitiesFrameExtractor()

    for shot in range(50):
        folder = tmp_path / f"shot_{shot}"
        folder.mkdir()
        forward = await draw.extract_async(str(folder / "fw.trr"), initial, idx=0)
        forward = await engine.apply_constraints(forward, folder / "forward.trr", workdir=folder)
        backward = await invert.extract_async(str(folder / "backward.trr"), forward, idx=0)
        halves = await asyncio.gather(
            propagators[0].propagate(forward, str(folder), "forward"),
            propagators[1].propagate(backward, str(folder), "backward"),
        )
        (plus, plus_state), (minus, minus_state) = halves
        if {plus_state, minus_state} == {0, 1}:
            break
    path = await construct_tp_from_plus_and_minus_traj_segments(
        minus_trajs=minus,
        minus_state=minus_state,
        plus_trajs=plus,
        plus_state=plus_state,
        state_funcs=states,
        tra_out=str(folder / "transition.trr"),
    )
    reached = [await state(path) for state in states]
    assert reached[minus_state][0]
    assert reached[plus_state][-1]
    assert not (reached[0] | reached[1])[1:-1].any()
    assert len(path) == sum(len(t) for t in (*plus, *minus)) - 1 - _extra(plus, minus)

    parts = await get_all_traj_parts(folder, "forward", traj_type="TRR")
    assert parts == plus
    files = await get_all_file_parts(folder, "backward", "edr", engine=asyncgmx.GmxEngine)
    assert [Path(file).name for file in files] == [
        f"backward.part{number + 1:04d}.edr" for number in range(len(minus))
    ]
    again = pickle.loads(pickle.dumps([path, states]))
    assert again[0] == path
    assert [state.id for state in again[1]] == [state.id for state in states]


def _extra(*halves) -> int:
    """Frames behind the deciding ones, which the stop was too late for."""
    beyond = 0
    for half in halves:
        steps = [int(step) for part in half for step in part.frame_table().steps]
        flags = np.concatenate([c7eq(part) | c5(part) for part in half])
        unique = dict(zip(steps, flags, strict=True))
        beyond += len(steps) - 1 - list(unique.values()).index(True)
    return beyond


async def test_parts_of_equal_length_and_limits(engine_kwargs, tmp_path: Path):
    propagator = asynctraj.InPartsTrajectoryPropagator(
        n_steps=2000,
        engine_cls=asyncgmx.GmxEngine,
        engine_kwargs=engine_kwargs,
        walltime_per_part=0.01,
    )
    traj = await propagator.propagate_and_concatenate(
        None, str(tmp_path), "fixed", tra_out="fixed.trr"
    )
    assert (len(traj), traj.first_step, traj.last_step) == (101, 0, 2000)
    assert traj.nstout == nstout_from_mdp(engine_kwargs["mdconfig"], "TRR") == 20
    never = asynctraj.ConditionalTrajectoryPropagator(
        [lambda traj: np.zeros(len(traj), dtype=bool)],
        engine_cls=asyncgmx.GmxEngine,
        engine_kwargs=engine_kwargs,
        walltime_per_part=0.01,
        max_steps=1000,
    )
    with pytest.raises(MaxStepsReachedError):
        await never.propagate(traj, str(tmp_path), "never")
    [part] = await get_all_traj_parts(tmp_path, "never")
    assert part.last_step == 1000
    await propagator.remove_parts(str(tmp_path), "fixed")
    assert not list(tmp_path.glob("fixed.part*.trr"))
    assert isinstance(traj, asyncmd.Trajectory)
