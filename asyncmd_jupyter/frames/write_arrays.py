"""Frames in memory as a new XTC or TRR file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.files.writing import check_free, new_file, new_path
from asyncmd_jupyter.frames.inputs import check_atoms_of_structure, existing_structure
from asyncmd_jupyter.frames.paths import as_path
from asyncmd_jupyter.frames.read_many import FrameArrays
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame, write_trr_frame
from asyncmd_jupyter.frames.written import check_written

_NO_BOX = np.zeros((3, 3), np.float32)
_XTC_PRECISION = 1000  # of GROMACS: 0.001 nm


def write_arrays(
    file: str | PathLike[str],
    parts: Iterable[FrameArrays],
    times: NDArray[Any],
    *,
    structure: str | PathLike[str],
    overwrite: bool = False,
) -> Trajectory:
    """Write frames, which appear under their name when all of them are there.

    Parameters
    ----------
    file : path
        Ends with ``.trr`` or ``.xtc``, which has no velocities.
    parts : iterable of FrameArrays
    times : array
        ps, one for each frame.
    structure : path
        Existing structure file of the system.
    overwrite : bool

    Raises
    ------
    FileExistsError, FileNotFoundError
    ValueError
        For another ending, or a structure of another number of atoms.
    """
    path = as_path("file", file)
    ending = path.suffix.lower()
    if ending not in (".trr", ".xtc"):
        raise ValueError(f"{path.name} has to end with .trr or .xtc.")
    existing_structure(structure)
    check_free(path, overwrite=overwrite)
    frames = _numbered(parts, times, path, Path(structure))
    if ending == ".trr":
        with new_file(path, overwrite=overwrite) as target:
            for frame in frames:
                write_trr_frame(target, frame)
    else:
        _write_xtc(path, frames, len(times), overwrite=overwrite)
    return Trajectory(path, structure)


def _numbered(
    parts: Iterable[FrameArrays], times: NDArray[Any], path: Path, structure: Path
) -> Iterator[TrrFrame]:
    number = 0
    for arrays in parts:
        if not number:
            check_atoms_of_structure(structure, arrays.positions.shape[1], str(path))
        for i in range(len(arrays.positions)):
            box = _NO_BOX if arrays.box is None else arrays.box[i]
            moving = None if arrays.velocities is None else arrays.velocities[i]
            yield TrrFrame(number, float(times[number]), box, arrays.positions[i], moving)
            number += 1


def _write_xtc(path: Path, frames: Iterator[TrrFrame], n_frames: int, *, overwrite: bool) -> None:
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    with new_path(path, overwrite=overwrite) as beside:
        n_atoms = 0
        with XTCFile(str(beside), "w") as target:
            for frame in frames:
                # Copies, because it takes nothing that is read-only.
                positions, box = np.array(frame.positions), np.array(frame.box)
                n_atoms = len(positions)
                target.write(positions, box, frame.step, frame.time, _XTC_PRECISION)
        check_written(beside, "XTC", n_frames=n_frames, n_atoms=n_atoms)
