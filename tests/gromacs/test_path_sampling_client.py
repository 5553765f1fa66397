"""What a path-sampling package with neural networks on top calls, with engines that compute."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from engine_systems import double_well_engine, double_well_system
from gromacs_systems import STEM, parameters

import asyncmd_jupyter as asyncmd
from asyncmd_jupyter import config
from asyncmd_jupyter.gromacs.mdengine import EngineCrashedError, GmxEngine
from asyncmd_jupyter.mdengine import EngineError, MDEngine
from asyncmd_jupyter.openmm import OpenMMEngine
from asyncmd_jupyter.trajectory.convert import (
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
    TrajectoryConcatenator,
)
from asyncmd_jupyter.trajectory.functionwrapper import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.trajectory.propagate import (
    InPartsTrajectoryPropagator,
    MaxStepsReachedError,
    TrajectoryPropagatorUntilAnyState,
    construct_tp_from_plus_and_minus_traj_segments,
)
from asyncmd_jupyter.trajectory.trajectory import clear_all_cache_values_for_all_trajectories

pytestmark = pytest.mark.gromacs

N_STEPS = 3e2  # as notebooks write it


def descriptors(traj: Any, n_dim: int = 3) -> np.ndarray:
    """Input of a network: coordinates of the first atoms, in nm."""
    import MDAnalysis as mda

    universe = mda.Universe(traj.structure_file, *traj.trajectory_files)
    return np.array([ts.positions[:2].ravel()[:n_dim] / 10 for ts in universe.trajectory])


def committor(traj: Any, weights: Any = (1.0, 0.0, 0.0)) -> np.ndarray:
    return 1 / (1 + np.exp(-descriptors(traj) @ np.asarray(weights)))


async def moved(traj: Any) -> np.ndarray:
    """A state that the particle enters by itself, in any system."""
    steps = traj.frame_table().steps
    return steps >= 100


def never(traj: Any) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def gromacs_kwargs(_folder: Path) -> dict[str, Any]:
    return {
        "mdconfig": parameters(nstout=20),
        "gro_file": str(STEM.with_suffix(".gro")),
        "top_file": str(STEM.with_suffix(".top")),
        "mdrun_extra_args": "-nt 1",
        "output_traj_type": "trr",
    }


def openmm_kwargs(folder: Path) -> dict[str, Any]:
    structure = folder / "own.gro"
    structure.write_text(
        "one\n1\n    1ARG      C    1   0.000   0.000   0.000\n   0.00000   0.00000   0.00000\n"
    )
    return {
        "system": double_well_system(),
        "positions": [[-0.25, 0.0, 0.0]],
        "timestep": 0.01,
        "nstout": 20,
        "structure_file": structure,
        "temperature": 300.0,
    }


Kwargs = Callable[[Path], dict[str, Any]]


@pytest.fixture(params=[(GmxEngine, gromacs_kwargs), (OpenMMEngine, openmm_kwargs)], ids=str)
def kind(request: pytest.FixtureRequest) -> tuple[type[MDEngine], Kwargs]:
    return request.param


@pytest.mark.filterwarnings(
    "ignore:Empty box", "ignore:missing dimension", "ignore:.*[Mm]ass", "ignore:.*guess"
)
async def test_a_session(kind: tuple[type[MDEngine], Kwargs], manager, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine_cls, make_kwargs = kind
    kwargs = make_kwargs(tmp_path)
    cache = h5py.File("values.h5", "w")
    config.register_h5py_cache(h5py_group=cache, copy_h5py=False)
    assert issubclass(EngineCrashedError, EngineError)

    # The start: a configuration with constraints, in a folder of its own.
    Path("start").mkdir()
    engine = engine_cls(**kwargs)
    assert engine.output_traj_type == "trr" == engine.output_traj_type.lower()
    warm = await engine.generate_velocities(None, conf_out_name="start/warm.trr", workdir="start")
    start = await engine.apply_constraints(
        conf_in=warm, conf_out_name=str(tmp_path / "start" / "start.trr"), workdir="start"
    )
    assert start.trajectory_files == ["start/start.trr"]
    structure = start.structure_file
    before = Path(structure).read_bytes()

    # An equilibrium trajectory, in parts.
    common = {"engine_cls": engine_cls, "engine_kwargs": kwargs, "walltime_per_part": 0.01}
    in_parts = InPartsTrajectoryPropagator(n_steps=N_STEPS, **common)
    assert (in_parts.n_steps, in_parts.engine_kwargs) == (300, kwargs)
    path = await in_parts.propagate_and_concatenate(
        start, str(tmp_path), "equilibrium", tra_out="equilibrium.trr", struct_out=structure,
        overwrite=True,
    )  # fmt: skip
    assert (len(path), path.last_step, path.structure_file) == (16, 300, structure)
    await in_parts.remove_parts(str(tmp_path), "equilibrium")

    # Values of descriptors and of a network, kept in HDF5.
    wrapped = PyTrajectoryFunctionWrapper(descriptors, call_kwargs={"n_dim": 3})
    network = PyTrajectoryFunctionWrapper(committor)
    values, committed = await asyncio.gather(wrapped(path), network(path))
    assert (values.shape, committed.shape) == ((16, 3), (16,))
    assert len(cache["asyncmd/TrajectoryFunctionValueCache"]) == 1
    network.function = descriptors
    assert network.id == PyTrajectoryFunctionWrapper(descriptors).id
    selected = int(np.argmax(committed[:4]))  # before the state

    # A two-way shot from the selected frame.
    Path("shot").mkdir()
    states = [PyTrajectoryFunctionWrapper(moved), PyTrajectoryFunctionWrapper(never)]
    propagators = [
        TrajectoryPropagatorUntilAnyState(states, max_frames=50, **common) for _ in range(2)
    ]
    assert [one.max_steps for one in propagators] == [1000, 1000]
    modify = RandomVelocitiesFrameExtractor(T=300)
    forward = await modify.extract_async(
        "shot/forward.trr", path, idx=selected, struct_out=structure, overwrite=True
    )
    backward = await InvertedVelocitiesFrameExtractor().extract_async(
        outfile="shot/backward.trr", traj_in=forward, idx=0
    )
    (plus, plus_state), (minus, minus_state) = await asyncio.gather(
        propagators[0].propagate(forward, workdir="shot", deffnm="forward"),
        propagators[1].propagate(backward, workdir="shot", deffnm="backward"),
    )
    assert (plus_state, minus_state) == (0, 0)
    transition = await construct_tp_from_plus_and_minus_traj_segments(
        minus_trajs=minus, minus_state=0, plus_trajs=plus, plus_state=0,
        state_funcs=states, tra_out="shot/transition.trr", struct_out=structure, overwrite=False,
    )  # fmt: skip
    assert len(transition) == 11
    assert Path(structure).read_bytes() == before

    # A selection of frames, and all of it in another process.
    chosen = TrajectoryConcatenator().concatenate(
        [transition, path], [(None, None, 2), (0, 1, 1)], "chosen.trr", struct_out=structure
    )
    one = NoModificationFrameExtractor().extract("one.gro", chosen, -1)
    assert (len(chosen), len(one)) == (7, 1)
    again = pickle.loads(pickle.dumps([transition, wrapped]))
    assert again[0] == transition
    assert again[1].id == wrapped.id

    with pytest.raises(MaxStepsReachedError):
        await TrajectoryPropagatorUntilAnyState([never], max_steps=4e1, **common).propagate(
            start, "shot", "endless"
        )
    clear_all_cache_values_for_all_trajectories()
    path.deregister_h5py_cache(h5py_group=cache)
    config.deregister_h5py_cache(h5py_group=cache)
    cache.close()
    assert isinstance(path, asyncmd.Trajectory)
    assert double_well_engine().steps_done == 0
