"""Keep what will be computed again: files of parts get a name that no reader takes for a part."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.frames.provenance_file import record_path

logger = logging.getLogger(__name__)

_TOLD = 4
_TRAJECTORIES = (".trr", ".xtc")


def set_aside(path: Path) -> Path:
    """Rename a file as GROMACS names its backups, ``#name.1#``; its record goes with it.

    Returns
    -------
    Path
        The new name.
    """
    number = 1
    while os.path.lexists(aside := path.with_name(f"#{path.name}.{number}#")):
        number += 1
    path.rename(aside)
    if (record := record_path(path)).exists():
        record.rename(record_path(aside))
    return aside


def set_parts_aside(files: EngineFiles, after: int, why: str) -> list[Path]:
    """Set aside all that parts have left which will be computed again.

    Parameters
    ----------
    files : EngineFiles
    after : int
        Number of the last part that stays.
    why : str
        For the warning: a clause that says what the simulation continues from.

    Returns
    -------
    list of Path
        The new names.
    """
    moved = [set_aside(path) for path in _left_by_parts(files, after)]
    if moved:
        more = f" and {len(moved) - _TOLD} more" if len(moved) > _TOLD else ""
        logger.warning(
            "%s %s. The steps of part %d and later are computed again; what these parts left is "
            "kept as %s%s.",
            *(files.key, why, after + 1, ", ".join(path.name for path in moved[:_TOLD]), more),
        )
    return moved


def _left_by_parts(files: EngineFiles, after: int) -> list[Path]:
    """What parts with frames have left; of others there is nothing to keep."""
    left = [(n, path) for n, path in files.named_by_parts() if n > after and _has_content(path)]
    with_frames = {number for number, path in left if path.suffix in _TRAJECTORIES}
    return [path for number, path in left if number in with_frames]


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
