"""The box of a start that brings none."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.trajectory import Trajectory


def own_box_for(
    start: Trajectory, box: NDArray[np.floating] | None, whose: str
) -> NDArray[np.floating]:
    """The engine's own box for a start without one, with a warning that says so.

    Parameters
    ----------
    start : Trajectory
    box : array or None
        Box vectors as rows, nm.
    whose : str
        Where that box comes from, in words.

    Raises
    ------
    ValueError
        If there is none there either.
    """
    files = ", ".join(start.trajectory_files)
    if box is None:
        raise ValueError(
            f"The start {files} has no box, nor has {whose}, and the simulation is periodic: give "
            "a start with a box, which 'gmx editconf -box' adds to a file."
        )
    lengths = " x ".join(f"{length:.4g}" for length in np.linalg.norm(box, axis=1))
    warnings.warn(
        f"The start {files} has no box: that of {whose} is taken ({lengths} nm).", stacklevel=3
    )
    return box
