"""The configuration with which a GROMACS simulation begins."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.engines.start_box import own_box_for
from asyncmd_jupyter.engines.streams import digest_of
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame
from asyncmd_jupyter.frames.xdr import write_trr_frame

_NO_BOX = np.zeros((3, 3))
_GRO_VELOCITIES_FROM = 44
_GRO_COLUMNS_WITH_VELOCITIES = 68
# Blocks with velocities, and the column where numbers begin behind names.
_G96_VELOCITIES = {"VELOCITY": 24, "VELOCITYRED": 0}
_END_OF_GRO = 1000  # bytes in which the line with the box is
_NON_ZERO = re.compile("[1-9]")


def read_start(start: StartingConfiguration, structure: Path) -> Frame | None:
    """Read the first frame of a start; None stands for the structure file itself."""
    if start is None:
        return None
    trajectory = start if isinstance(start, Trajectory) else Trajectory(start, structure)
    return read_frame(trajectory, 0)


def with_box(frame: Frame | None, start: StartingConfiguration, structure: Path) -> Frame | None:
    """The first frame of a start with a box: its own one, or that of the structure.

    Raises
    ------
    ValueError
        If neither has one.
    """
    if frame is None or start is None:
        _check_box_of(structure)
        return frame
    if frame.box is not None:
        return frame
    trajectory = start if isinstance(start, Trajectory) else Trajectory(start, structure)
    return replace(frame, box=own_box_for(trajectory, _box_in(structure), structure.name))


def digest_of_start(frame: Frame | None, structure: Path) -> str:
    """Digest of a start, or of the structure file that stands for it."""
    if frame is None:
        return hashlib.blake2b(structure.read_bytes(), digest_size=16).hexdigest()
    return digest_of(frame.positions, frame.velocities, frame.box)


def write_start(path: Path, frame: Frame) -> None:
    """Write a start for ``grompp -t``, as a TRR file."""
    box = _NO_BOX if frame.box is None else frame.box
    written = TrrFrame(
        step=0, time=0.0, box=box, positions=frame.positions, velocities=frame.velocities
    )
    with path.open("wb") as file:
        write_trr_frame(file, written)


def _check_box_of(structure: Path) -> None:
    """Refuse a GRO file that is to be the start and has a box of zeros."""
    if structure.suffix != ".gro":
        return
    with structure.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _END_OF_GRO))
        last = file.read().rstrip().rpartition(b"\n")[2]
    if _all_zero(last.split()):
        raise ValueError(
            f"{structure} has no box (its last line is {last.decode()!r}) and the simulation is "
            "periodic: 'gmx editconf -box' adds one."
        )


def _all_zero(words: list[bytes]) -> bool:
    try:
        return not any(map(float, words))
    except ValueError:  # GROMACS says what is wrong with the line
        return False


def _box_in(structure: Path) -> NDArray[Any] | None:
    if structure.suffix == ".g96":  # which MDAnalysis does not read
        return None
    return read_frame(Trajectory(structure, structure), 0).box


def without_velocities(path: Path) -> None:
    """Leave only the last frame of a TRR file, without its velocities."""
    last = Trajectory(path, path)
    write_start(path, replace(read_frame(last, -1), velocities=None))


def has_velocities(frame: Frame | None, structure: Path) -> bool:
    """Whether a start, or the structure that stands for it, has velocities."""
    if frame is not None:
        return frame.velocities is not None
    if structure.suffix == ".g96":
        return _g96_has_velocities(structure)
    if structure.suffix != ".gro":
        return structure.suffix == ".tpr"
    with structure.open(encoding="utf-8", errors="replace") as file:
        file.readline()
        count = file.readline().strip()
        lines = [line.rstrip() for line in islice(file, int(count) if count.isdecimal() else 0)]
    # %5d%-5s%5s%5d, then positions, then velocities (GROMACS manual, file formats). Zeros
    # everywhere are what programs write that know none.
    if not lines or len(lines[0]) < _GRO_COLUMNS_WITH_VELOCITIES:
        return False
    return any(_NON_ZERO.search(line, _GRO_VELOCITIES_FROM) for line in lines)


def _g96_has_velocities(structure: Path) -> bool:
    """Whether a GROMOS-96 file has a block of velocities that are not all zero."""
    block = ""
    with structure.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            word = line.strip()
            if not block and word in _G96_VELOCITIES:
                block = word
            elif word == "END":
                block = ""
            elif block and _NON_ZERO.search(line, _G96_VELOCITIES[block]):
                return True
    return False


def n_atoms_of(structure: Path) -> int | None:
    """How many atoms a GRO file has; None for other formats."""
    if structure.suffix != ".gro":
        return None
    with structure.open(encoding="utf-8", errors="replace") as file:
        file.readline()
        text = file.readline().strip()
    return int(text) if text.isdecimal() else None
