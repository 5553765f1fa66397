"""See that libraries have written what they say: some know nothing of a full disk.

Measured: MDAnalysis' writers of DCD, XTC, TRR and TRZ lose what does not fit into the last block of
a file without a word, that of H5MD what is left when it is closed; HDF5 may even crash the process
then. All others raise what the system says.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from asyncmd_jupyter.files.disks import disk_of
from asyncmd_jupyter.frames.formats import RAW_FORMATS
from asyncmd_jupyter.frames.xdr import index_frames

# Measured with MDAnalysis 2.11 and HDF5 2.0: 70 kB, and 220 bytes a frame.
_HDF5_OVERHEAD, _HDF5_FRAME = 128 * 1024, 300
_BYTES_PER_ATOM = 12  # of each of positions, velocities and forces


def check_room(path: Path, name: str, timestep: Any, *, n_frames: int) -> None:
    """See that there is room for a file that can't be written as far as there is (H5MD).

    Parameters
    ----------
    path : Path
    name : str
        Of its format.
    timestep : MDAnalysis.coordinates.timestep.Timestep
        The first frame.
    n_frames : int

    Raises
    ------
    OSError
        There is none.
    """
    if name != "H5MD":
        return
    arrays = 1 + bool(timestep.has_velocities) + bool(timestep.has_forces)
    per_frame = timestep.n_atoms * arrays * _BYTES_PER_ATOM + _HDF5_FRAME
    wanted = n_frames * per_frame + _HDF5_OVERHEAD
    disk = os.statvfs(path.parent)
    if disk.f_bavail * disk.f_frsize < wanted:
        raise OSError(
            errno.ENOSPC,
            f"{path.name} was not begun: it takes about {wanted / 1e6:.2g} MB, and there is too "
            f"little room on {disk_of(path)}",
        )


def check_written(path: Path, name: str, *, n_frames: int, n_atoms: int) -> None:
    """Count the frames of a file that a library has just written.

    Parameters
    ----------
    path : Path
    name : str
        Of its format.
    n_frames, n_atoms : int
        What it should hold.

    Raises
    ------
    OSError
        It holds less, because the disk is full or for a reason that nobody told.
    """
    try:
        found = _whole_frames(path, name, n_frames, n_atoms)
    except (OSError, ValueError, EOFError, IndexError):
        found = 0
    if found < n_frames:
        raise OSError(
            errno.ENOSPC,
            f"{path.name} could not be written: of {n_frames} frames {found} can be read. "
            f"{disk_of(path)} or your share of it may be full",
        )


def flush(writer: Any) -> None:
    """Let a writer of MDAnalysis say what it does not say when it is closed (H5MD).

    Raises
    ------
    OSError
    """
    if (file := getattr(writer, "h5file", None)) is not None:
        file.flush()


def _whole_frames(path: Path, name: str, n_frames: int, n_atoms: int) -> int:
    if name in RAW_FORMATS:
        return len(index_frames(path))
    if name in ("DCD", "LAMMPS"):
        return _frames_of_dcd(path)
    return _frames_of_trz(path, n_atoms) if name == "TRZ" else n_frames


def _frames_of_dcd(path: Path) -> int:
    from MDAnalysis.lib.formats.libdcd import DCDFile

    with DCDFile(str(path)) as file:
        return int(file.n_frames)


def _frames_of_trz(path: Path, n_atoms: int) -> int:
    from MDAnalysis.coordinates.TRZ import TRZReader

    with TRZReader(str(path), n_atoms=n_atoms) as reader:
        reader[-1]
        return int(reader.n_frames)
