"""What the toy engine's particle does."""

from __future__ import annotations

import numpy as np

from asyncmd_jupyter.frames.mdanalysis import open_universe


def position(traj) -> np.ndarray:
    """x of the particle in nm."""
    with open_universe(traj.structure_path, traj.paths) as universe:
        return np.array([ts.positions[0, 0] / 10 for ts in universe.trajectory])


def in_a(traj) -> np.ndarray:
    return position(traj) <= -0.2


def in_b(traj) -> np.ndarray:
    return position(traj) >= 0.2
