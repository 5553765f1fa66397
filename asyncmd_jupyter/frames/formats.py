"""What files can hold, told by the endings of their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RAW_FORMATS = ("XTC", "TRR")
"""Frames of these stand alone and may be copied as bytes."""

_WITH_VELOCITIES = frozenset({"TRR", "GRO", "NC", "NCDF", "H5MD", "IN", "FHIAIMS"})
_BY_TEMPLATE = frozenset({"CHEMFILES", "DATA", "MOL2", "NULL", "PDBQT"})  # or not at all
_OFFERED = (
    *("COOR", "CRD", "DCD", "ENT", "FHIAIMS", "GRO", "H5MD", "IN", "LAMMPS", "NAMDBIN"),
    *("NC", "NCDF", "PDB", "PQR", "TRR", "TRZ", "XTC", "XYZ"),
)


def output_format(path: Path, *, n_frames: int = 1, velocities: bool = False) -> str:
    """Tell the format from the ending of a file that is to be written.

    Parameters
    ----------
    path : path
    n_frames : int
        How many it has to hold.
    velocities : bool
        Whether it has to hold velocities.

    Returns
    -------
    str
        As MDAnalysis calls it.

    Raises
    ------
    ValueError
        If such a file can't be written, or can't hold that.
    """
    name = path.suffix[1:].upper()
    if name not in RAW_FORMATS:
        name = _written_by_mdanalysis(path, several=n_frames > 1)
    if velocities and not holds_velocities(name):
        raise ValueError(f"{path} can't hold the velocities; choose the ending .trr.")
    return name


def holds_velocities(name: str) -> bool:
    """Whether files of a format can hold velocities."""
    return name in _WITH_VELOCITIES


def writer_options(
    name: str,
    steps: NDArray[np.int64],
    times: NDArray[np.float64],
    *,
    velocities: bool,
) -> dict[str, Any]:
    """Say to a writer of MDAnalysis what its file has room for and it does not ask itself."""
    if name in ("NC", "NCDF", "H5MD"):
        return {"velocities": velocities}
    if name in ("PDB", "ENT"):
        return {"multiframe": len(steps) > 1}
    return _evenly_spaced(steps, times) if name == "DCD" else {}


def _evenly_spaced(steps: NDArray[np.int64], times: NDArray[np.float64]) -> dict[str, Any]:
    """Steps and times as a DCD file can hold them, which are numbered from an interval on."""
    first, time = int(steps[0]), float(times[0])
    interval = int(steps[1] - first) if len(steps) > 1 else first
    duration = float(times[1]) - time if len(steps) > 1 else time
    if interval <= 0 or duration <= 0 or steps[-1] >= 2**31:
        return {}
    even = np.all(np.diff(steps) == interval)
    if not even or abs(first * duration / interval - time) > 1e-3 * duration:
        return {}
    return {"dt": duration, "nsavc": interval, "istart": first}


def _written_by_mdanalysis(path: Path, *, several: bool) -> str:
    name = _ending(path)
    is_single = _has_writer(name, several=False)
    if _has_writer(name, several=True) or (is_single and not several):
        return name
    if several and is_single:
        raise ValueError(
            f"{path} can hold one frame only. Choose the ending of a trajectory, such as .xtc or "
            ".trr."
        )
    known = [one for one in _OFFERED if any(_has_writer(one, several=n) for n in (False, True))]
    raise ValueError(
        f"The ending of {path} is no format that can be written; choose one of "
        f"{', '.join(f'.{one.lower()}' for one in known)}."
    )


def _ending(path: Path) -> str:
    suffixes = [suffix[1:].upper() for suffix in path.suffixes[-2:]]
    if len(suffixes) > 1 and suffixes[-1] in ("GZ", "BZ2"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _has_writer(name: str, *, several: bool) -> bool:
    """Whether MDAnalysis writes files of a format with several frames, or with one."""
    from MDAnalysis.coordinates.core import get_writer_for

    try:
        get_writer_for("", format=name, multiframe=several)
    except (TypeError, ValueError):
        return False
    return name not in _BY_TEMPLATE
