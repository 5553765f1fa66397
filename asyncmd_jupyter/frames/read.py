"""Single frames of any format, in GROMACS' units."""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.content import FrameTable
from asyncmd_jupyter.frames.headers import HEADER_BYTES, parse_trr_sizes
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex, TrrFrame, read_trr_frame


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
    TypeError
        If `index` is no whole number.
    ValueError
        For a frame without positions.
    """
    table = trajectory.frame_table()
    return read_from_table(trajectory, table, frame_number(trajectory, index, len(table.steps)))


def read_from_table(trajectory: Trajectory, table: FrameTable, number: int) -> Frame:
    """Read a frame of which the table is at hand; `number` counts from the beginning."""
    file_number, local = table.locate(number)
    path = trajectory.paths[file_number]
    if table.parts:
        found = read_xdr_frame(path, table.parts[file_number], local)
        box, positions, velocities = found.box, found.positions, found.velocities
    else:
        box, positions, velocities = _read_other(trajectory, file_number, local)
    if positions is None:
        raise ValueError(f"Frame {number} of {path} has no positions.")
    box = box if box is not None and np.any(box) else None
    return Frame(int(table.steps[number]), float(table.times[number]), box, positions, velocities)


def read_xdr_frame(path: Path, index: FrameIndex, local: int) -> TrrFrame:
    """Read all that a frame of an XTC or TRR file holds."""
    if index.kind == "trr":
        return read_trr_frame(path, int(index.offsets[local]))
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    with XTCFile(str(path)) as file:
        # Only this one, where it expects the second: all of them cost more than the frame.
        file.set_offsets(np.array([0, index.offsets[local]], np.int64))
        file.seek(1)
        frame = file.read()
    return TrrFrame(int(frame.step), float(frame.time), frame.box, frame.x)


def frames_with_velocities(trajectory: Trajectory, table: FrameTable) -> list[int]:
    """Number the frames of TRR files that have velocities, by their headers."""
    found: list[int] = []
    for path, index, start in zip(trajectory.paths, table.parts, table.starts, strict=True):
        if index.kind != "trr":
            continue
        with path.open("rb") as file:
            for local, offset in enumerate(index.offsets.tolist()):
                sizes = parse_trr_sizes(os.pread(file.fileno(), HEADER_BYTES, offset))
                if sizes is not None and sizes.velocities:
                    found.append(int(start) + local)
    return found


def frame_number(trajectory: Trajectory, index: Any, n_frames: int) -> int:
    """Count a frame from the beginning.

    Raises
    ------
    IndexError
        For a frame that does not exist.
    TypeError
        If `index` is no whole number.
    """
    files = ", ".join(trajectory.trajectory_files)
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise TypeError(
            f"{index!r} is not the number of a frame: {files} has the frames 0 to {n_frames - 1}, "
            "negative numbers count from the end."
        )
    number = operator.index(index)
    if not -n_frames <= number < n_frames:
        noun = "frame, number 0" if n_frames == 1 else f"frames, 0 to {n_frames - 1}"
        raise IndexError(f"There is no frame {index} in {files}, it has {n_frames} {noun}.")
    return number % n_frames


def _read_other(
    trajectory: Trajectory, file_number: int, local: int
) -> tuple[NDArray[Any] | None, NDArray[Any], NDArray[Any] | None]:
    path = trajectory.paths[file_number]
    with open_universe(trajectory.structure_path, [path]) as universe:
        return arrays_of_timestep(path, universe.trajectory[local])


def arrays_of_timestep(
    path: Path, timestep: Any
) -> tuple[NDArray[Any] | None, NDArray[Any], NDArray[Any] | None]:
    """Box, positions and velocities of a timestep of MDAnalysis, in nm and ps."""
    box = None if timestep.dimensions is None else timestep.triclinic_dimensions / 10
    velocities = timestep.velocities / 10 if timestep.has_velocities else None
    if path.suffix.lower() == ".gro" and not np.any(velocities):
        velocities = None  # programs that know none write zeros
    return box, timestep.positions / 10, velocities
