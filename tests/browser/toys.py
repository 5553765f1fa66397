"""Cells with small simulations on real processes: of this machine, or of a queue."""

TOYS = """
from contextlib import suppress
import numpy as np
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.testing import ToyEngine

def position(traj):
    import MDAnalysis as mda
    universe = mda.Universe(str(traj.structure_path), *map(str, traj.paths))
    return np.array([frame.positions[0, 0] for frame in universe.trajectory])

def broken(traj):
    raise RuntimeError("no such atom")

engine = ToyEngine(0.0, seed=5, launcher="local", nstout=1000)
far = ("far", Within(position, 50.0, 60.0))
"""
BROKEN = """
with suppress(Exception):
    await start_run(engine, None, until=[broken], name="broken", campaign="others")
"""
LEFT_AND_RIGHT = """
runs = [start_run(engine, None, until=[far], name=name, n_walkers=2, campaign="toys")
        for name in ("left", "right")]
"""
