"""What is known of the atoms of a system, and whether a PDB file can say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

PDB_ATOMS = 99_999
PDB_RESIDS = (-999, 9999)
_PDB_LETTERS = 4

# MDAnalysis takes a number so much smaller than the one before for one that was wrapped.
_TAKEN_FOR_WRAPPED = 5000
_SAME_MASS = 1e-3  # of the mass; force fields round the masses of the elements by less


@dataclass(frozen=True, eq=False)
class Structure:
    """Names, numbers, masses and bonds of a system.

    Attributes
    ----------
    names : NDArray of str
        Of the atoms.
    elements : NDArray of str
        Symbols, such as ``Cl``; empty for particles that are no atoms.
    masses : NDArray
        amu
    element_masses : NDArray
        What a reader takes for the mass if it knows the element only, amu; NaN if it knows
        none.
    charges : NDArray
        e
    residue_of : NDArray
        Index of the residue of each atom, ascending.
    resnames, resids, icodes, chains, segids : NDArray
        Of the residues: name, number, insertion code, chain (one letter), segment.
    bonds : NDArray
        Indices of bonded atoms, shape (n_bonds, 2).
    """

    names: NDArray[np.str_]
    elements: NDArray[np.str_]
    masses: NDArray[np.float64]
    element_masses: NDArray[np.float64]
    charges: NDArray[np.float64]
    residue_of: NDArray[np.int64]
    resnames: NDArray[np.str_]
    resids: NDArray[np.int64]
    icodes: NDArray[np.str_]
    chains: NDArray[np.str_]
    segids: NDArray[np.str_]
    bonds: NDArray[np.int64]

    @property
    def n_atoms(self) -> int:
        """Atoms of the system."""
        return len(self.names)

    @property
    def file_format(self) -> Literal["pdb", "psf", "dms"]:
        """The simplest format from which MDAnalysis reads all of it."""
        if self._fits_pdb() and self._has_masses_of_elements():
            return "pdb"
        # In a PSF file it takes a negative number for 0.
        return "dms" if np.any(self.resids < 0) else "psf"

    def _fits_pdb(self) -> bool:
        """Whether the columns of a PDB file are wide enough."""
        low, high = PDB_RESIDS
        return bool(
            self.n_atoms <= PDB_ATOMS
            and max(_longest(self.names), _longest(self.resnames)) <= _PDB_LETTERS
            and _longest(self.segids) <= _PDB_LETTERS
            and np.all((self.resids >= low) & (self.resids <= high))
            and not np.any(np.diff(self.resids) < -_TAKEN_FOR_WRAPPED)
        )

    def _has_masses_of_elements(self) -> bool:
        guessed = self.element_masses
        return bool(np.all(np.abs(self.masses - guessed) <= _SAME_MASS * guessed))


def _longest(words: NDArray[np.str_]) -> int:
    return int(np.char.str_len(words).max(initial=0))


def one_atom(name: str, resname: str, element: str, element_mass: float, mass: float) -> Structure:
    """Structure of a single particle, drawn as an atom of an element."""
    return Structure(
        names=np.array([name]),
        elements=np.array([element]),
        masses=np.array([mass]),
        element_masses=np.array([element_mass]),
        charges=np.zeros(1),
        residue_of=np.zeros(1, np.int64),
        resnames=np.array([resname]),
        resids=np.ones(1, np.int64),
        icodes=np.array([""]),
        chains=np.array(["A"]),
        segids=np.array(["A"]),
        bonds=np.zeros((0, 2), np.int64),
    )
