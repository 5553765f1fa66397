"""Single frames of any format, in GROMACS' units."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import read_trr_frame


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame.

    Attributes
    ----------
    step : int
    time : float
        In ps.
    box : array or None
        Box vectors as rows of a (3, 3) array, nm; None without a periodic box.
    positions : array
        (n, 3), nm.
    velocities : array or None
        (n, 3), nm/ps; None where the format or the file has none.
    """

    step: int
    time: float
    box: NDArray[Any] | None
    positions: NDArray[Any]
    velocities: NDArray[Any] | None


def read_frame(trajectory: Trajectory, index: int) -> Frame:
    """Read one frame; negative numbers count from the end.

    Raises
    ------
    IndexError
        For a frame that does not exist.
    ValueError
        For a frame without positions.
    """
    table = trajectory.frame_table()
    number = frame_number(trajectory, index, len(table.steps))
    file_number, local = table.locate(number)
    path = trajectory.paths[file_number]
    if not table.parts:
        box, positions, velocities = _read_other(trajectory, file_number, local)
    elif table.parts[file_number].kind == "trr":
        offset = int(table.parts[file_number].offsets[local])
        frame = read_trr_frame(path, offset)
        if frame.positions is None:
            raise ValueError(f"Frame {index} of {path} has no positions.")
        box, positions, velocities = frame.box, frame.positions, frame.velocities
    else:
        box, positions = _read_xtc(str(path), table.parts[file_number].offsets, local)
        velocities = None
    box = box if box is not None and np.any(box) else None
    return Frame(int(table.steps[number]), float(table.times[number]), box, positions, velocities)


def frame_number(trajectory: Trajectory, index: int, n_frames: int) -> int:
    """Count a frame from the beginning.

    Raises
    ------
    IndexError
        For a frame that does not exist.
    """
    number = operator.index(index)
    if not -n_frames <= number < n_frames:
        files = ", ".join(trajectory.trajectory_files)
        raise IndexError(f"There is no frame {index} in {files}, it has {n_frames} frames.")
    return number % n_frames


def _read_xtc(
    path: str, offsets: NDArray[np.int64], local: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    with XTCFile(path) as file:
        file.set_offsets(offsets.copy())
        file.seek(local)
        frame = file.read()
    return frame.box, frame.x


def _read_other(
    trajectory: Trajectory, file_number: int, local: int
) -> tuple[NDArray[Any] | None, NDArray[Any], NDArray[Any] | None]:
    path = trajectory.paths[file_number]
    with open_universe(trajectory.structure_path, [path]) as universe:
        timestep = universe.trajectory[local]
        box = None if timestep.dimensions is None else timestep.triclinic_dimensions / 10
        velocities = timestep.velocities / 10 if timestep.has_velocities else None
        return box, timestep.positions / 10, velocities
