"""Molecules to try things with; `notebooks/systems` says how they were made."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_FOLDER = Path(__file__).parent


def alanine_dipeptide(folder: str | os.PathLike[str] = ".") -> Path:
    """Copy a PDB file of ACE-ALA-NME (22 atoms), halfway between its states alphaR and C7eq.

    Parameters
    ----------
    folder : path
        Where ``alanine_dipeptide.pdb`` is written, in place of one that is there.

    Returns
    -------
    Path
        The copy: what is cached of a trajectory lies beside its file, which should not be
        in the package.
    """
    return Path(shutil.copy(_FOLDER / "alanine_dipeptide.pdb", folder))
