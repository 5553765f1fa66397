"""Whether a structure file of the user's belongs to a system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.mdanalysis import atoms_of
from asyncmd_jupyter.frames.structure import Structure

_OTHER_MASS = (0.5, 0.1)  # amu, and of the mass
_MOST = 0.5  # of the atoms


def contradictions(structure_file: Path, structure: Structure) -> list[str]:
    """Say where a file differs grossly from what is known of a system; blocks.

    Raises
    ------
    ValueError
        If it has another number of atoms, or can't be read.
    """
    named = f"structure_file={str(structure_file)!r}"
    try:
        atoms = atoms_of(structure_file)
        missing = [what for what in ("types", "masses") if not hasattr(atoms, what)]
        atoms.universe.guess_TopologyAttrs(to_guess=missing)
    except Exception as error:  # the readers of MDAnalysis raise what they like
        raise ValueError(
            f"structure_file={str(structure_file)!r} can't be read: {error}"
        ) from error
    if len(atoms) != structure.n_atoms:
        raise ValueError(
            f"{named} has {len(atoms)} atoms, the system {structure.n_atoms}: they belong to "
            "different systems."
        )
    found = [_other_names(atoms, structure), _other_masses(atoms, structure)]
    return [one for one in found if one]


def _other_names(atoms: Any, structure: Structure) -> str:
    names = np.array(getattr(atoms, "names", structure.names), dtype=np.str_)
    other = names != structure.names
    if other.mean() <= _MOST:
        return ""
    i = int(np.argmax(other))
    return f"{_some(other)} other names (atom {i}: {names[i]}, in the system {structure.names[i]})"


def _other_masses(atoms: Any, structure: Structure) -> str:
    masses = np.array(getattr(atoms, "masses", np.zeros(len(atoms))), dtype=np.float64)
    least, share = _OTHER_MASS
    other = ~(np.abs(masses - structure.masses) <= np.maximum(least, share * structure.masses))
    if not other.any():
        return ""
    i = int(np.argmax(other))
    there, here = masses[i], structure.masses[i]
    return f"{_some(other)} other masses (atom {i}: {there:g} amu, in the system {here:g})"


def _some(other: NDArray[np.bool_]) -> str:
    n = int(other.sum())
    return f"{n} of {len(other)} atoms have" if n > 1 else f"1 of {len(other)} atoms has"
