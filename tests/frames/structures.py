"""Structures made by hand, and what MDAnalysis reads of a structure file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from asyncmd_jupyter.frames.structure import Structure


def structure(**changes: Any) -> Structure:
    """Two residues of two atoms each: carbon and hydrogen."""
    known = {
        "names": ["C", "H", "C", "H"],
        "elements": ["C", "H", "C", "H"],
        "masses": [12.011, 1.008, 12.011, 1.008],
        "element_masses": [12.011, 1.008, 12.011, 1.008],
        "charges": [-0.1, 0.1, -0.1, 0.1],
        "residue_of": [0, 0, 1, 1],
        "resnames": ["ALA", "GLY"],
        "resids": [24, 25],
        "icodes": ["", ""],
        "chains": ["A", "A"],
        "segids": ["A", "A"],
        "bonds": [(0, 1), (0, 2), (2, 3)],
        **changes,
    }
    return Structure(**{name: np.array(values) for name, values in known.items()})


def read(file: Path, trajectory: Any = None) -> dict[str, list[Any]]:
    """Read what conditions see, with warnings as errors; masses in amu."""
    import MDAnalysis as mda

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        universe = mda.Universe(str(file), *([] if trajectory is None else [trajectory]))
    atoms = universe.atoms
    bonds = universe.bonds.to_indices().tolist() if hasattr(universe, "bonds") else []
    return {
        "names": atoms.names.tolist(),
        "resnames": atoms.resnames.tolist(),
        "resids": atoms.resids.tolist(),
        "segids": atoms.segids.tolist(),
        "masses": np.round(atoms.masses, 2).tolist(),
        "residues": atoms.resindices.tolist(),
        "bonds": sorted(map(tuple, bonds)),
    }


def told(known: Structure) -> dict[str, list[Any]]:
    """List the same of a structure."""
    of = known.residue_of
    return {
        "names": known.names.tolist(),
        "resnames": known.resnames[of].tolist(),
        "resids": known.resids[of].tolist(),
        "segids": known.segids[of].tolist(),
        "masses": np.round(known.masses, 2).tolist(),
        "residues": of.tolist(),
        "bonds": sorted(map(tuple, known.bonds.tolist())),
    }
