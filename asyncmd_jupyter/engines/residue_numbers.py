"""The numbers of residues in a structure of the user's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Columns of the number of the residue, and how many numbers fit into them.
_GRO, _GRO_NUMBERS = slice(0, 5), 100_000
_PDB, _PDB_NUMBERS = slice(22, 26), 10_000
_NAME_IN_GRO, _NAME_IN_PDB = slice(5, 10), slice(17, 21)


def own_numbers(structure: Path) -> NDArray[np.int64] | None:
    """Numbers of the residues of all atoms, if they are not simply counted from 1.

    Counted are residues as they follow one another, which is how MDAnalysis numbers those of
    a run input (tpr). Numbers that begin at 0 again where a format has no more room go on.

    Parameters
    ----------
    structure : Path
        GRO or PDB file; of other formats nothing is known.

    Returns
    -------
    NDArray or None
        Shape (n_atoms,).
    """
    try:
        found = list(_numbers_and_names(structure))
    except (OSError, ValueError):
        return None  # grompp will say what is wrong with it
    if not found:
        return None
    room = _GRO_NUMBERS if structure.suffix.lower() == ".gro" else _PDB_NUMBERS
    numbers = np.array([number for number, _ in found], dtype=np.int64)
    begins = (numbers[1:] == 0) & (numbers[:-1] == room - 1)
    numbers[1:] += np.cumsum(begins) * room
    starts = [False, *(one != other for one, other in pairwise(found))]
    return None if np.array_equal(numbers, 1 + np.cumsum(starts)) else numbers


def _numbers_and_names(structure: Path) -> Iterator[tuple[int, str]]:
    ending = structure.suffix.lower()
    with structure.open(encoding="utf-8", errors="replace") as file:
        if ending == ".gro":
            file.readline()
            for _ in range(int(file.readline())):
                line = file.readline()
                yield int(line[_GRO]), line[_NAME_IN_GRO]
        elif ending in (".pdb", ".ent"):
            for line in file:
                if line.startswith("END"):
                    return
                if line.startswith(("ATOM", "HETATM")):
                    yield int(line[_PDB]), line[_NAME_IN_PDB]
