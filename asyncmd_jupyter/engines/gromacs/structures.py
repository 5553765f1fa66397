"""The structure file of a simulation: its run input, or one with the user's own numbers."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.frames.mdanalysis import with_numbers

_PSF, _DMS = "structure.psf", "structure.dms"
OWN_STRUCTURES = (_PSF, _DMS)


def ending_for(numbers: NDArray[np.int64] | None) -> str:
    """Ending of the structure file for residues with these numbers; see `own_numbers`."""
    if numbers is None:
        return "tpr"
    return _DMS if np.any(numbers < 0) else _PSF


def write_structure(files: EngineFiles, numbers: NDArray[np.int64] | None, source: str) -> None:
    """Write what readers do not find in the run input.

    Parameters
    ----------
    files : EngineFiles
    numbers : NDArray or None
        Of the residues of all atoms, shape (n_atoms,); None if nothing is to be written.
    source : str
        The file that has them.
    """
    if numbers is None:
        return
    try:
        content = with_numbers(files.path("tpr"), numbers)
    except Exception as error:  # MDAnalysis is behind GROMACS at times
        warnings.warn(
            f"The run input can't be read ({error}), so that conditions see residues numbered "
            f"from 1 instead of the numbers in {source}.",
            stacklevel=2,
        )
    else:
        files.path(ending_for(numbers)).write_bytes(content)


def take_structure(made: EngineFiles, files: EngineFiles) -> None:
    """Move the structure to its place, where there may be an earlier one."""
    for ending in OWN_STRUCTURES:
        files.path(ending).unlink(missing_ok=True)
        if made.path(ending).exists():
            made.path(ending).replace(files.path(ending))


def structure_there(files: EngineFiles) -> Path:
    """The structure of a simulation that is prepared."""
    own = (files.path(ending) for ending in OWN_STRUCTURES)
    return next((path for path in own if path.exists()), files.path("tpr"))
