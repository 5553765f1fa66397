"""The configuration with which a GROMACS simulation begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame
from asyncmd_jupyter.frames.xdr import write_trr_frame

_NO_BOX = np.zeros((3, 3))
_GRO_COLUMNS_WITH_VELOCITIES = 68


def read_start(start: StartingConfiguration, structure: Path) -> Frame | None:
    """Read the first frame of a start; None stands for the structure file itself."""
    if start is None:
        return None
    trajectory = start if isinstance(start, Trajectory) else Trajectory(start, structure)
    return read_frame(trajectory, 0)


def write_start(path: Path, frame: Frame) -> None:
    """Write a start for ``grompp -t``, as a TRR file."""
    box = _NO_BOX if frame.box is None else frame.box
    written = TrrFrame(
        step=0, time=0.0, box=box, positions=frame.positions, velocities=frame.velocities
    )
    with path.open("wb") as file:
        write_trr_frame(file, written)


def without_velocities(path: Path) -> None:
    """Leave only the last frame of a TRR file, without its velocities."""
    last = Trajectory(path, path)
    write_start(path, replace(read_frame(last, -1), velocities=None))


def has_velocities(frame: Frame | None, structure: Path) -> bool:
    """Whether a start, or the structure that stands for it, has velocities."""
    if frame is not None:
        return frame.velocities is not None
    if structure.suffix != ".gro":
        return structure.suffix in (".g96", ".tpr")
    with structure.open(encoding="utf-8", errors="replace") as file:
        lines = [file.readline().rstrip() for _ in range(3)]
    # %5d%-5s%5s%5d, then positions, then velocities (GROMACS manual, file formats).
    return len(lines[2]) >= _GRO_COLUMNS_WITH_VELOCITIES


def n_atoms_of(structure: Path) -> int | None:
    """How many atoms a GRO file has; None for other formats."""
    if structure.suffix != ".gro":
        return None
    with structure.open(encoding="utf-8", errors="replace") as file:
        file.readline()
        text = file.readline().strip()
    return int(text) if text.isdecimal() else None
