"""Masses of atoms: given, read from a structure file, or guessed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.mdanalysis import options_for

_NAMES_SHOWN = 4
_KINDS_SHOWN = 12


@dataclass(frozen=True, eq=False)
class FoundMasses:
    """The masses that go with a structure file.

    Attributes
    ----------
    values : array
        amu, shape (n_atoms,); 0 where none is known.
    guess : str
        Which atoms got their mass by a guess, in words; empty if the file has masses.
    """

    values: NDArray[np.float64]
    guess: str = ""

    def __len__(self) -> int:
        return len(self.values)


def unchangeable(values: Any) -> NDArray[np.float64]:
    """Copy numbers into an array that can never be written to."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    return np.frombuffer(array.tobytes(), np.float64).reshape(array.shape)


def checked_masses(masses: Any) -> NDArray[np.float64]:
    """Masses that somebody gave, as an array that can't be changed.

    Raises
    ------
    TypeError
        If they are not numbers.
    ValueError
        If they are not one finite number of at least 0 for each atom, or all 0.
    """
    try:
        array = np.asarray(masses, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"masses={masses!r} has to be an array of numbers (amu), one for each atom."
        ) from error
    if array.ndim != 1 or not len(array):
        raise ValueError(
            f"masses has the shape {array.shape}; give one number (amu) for each atom, as "
            "engine.masses does."
        )
    wrong = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if len(wrong):
        first = int(wrong[0])
        raise ValueError(
            f"masses[{first}] is {array[first]:g}: a mass is a finite number of at least 0 (amu), "
            "which 0 is for particles without velocity."
        )
    if not array.any():
        raise ValueError("All masses are 0: no atom would get a velocity.")
    return unchangeable(array)


def masses_of(structure_file: str) -> FoundMasses:
    """Get the masses that a structure file holds, or guess them by elements and names.

    Raises
    ------
    ValueError
        If none is known.
    """
    from MDAnalysis import Universe

    with warnings.catch_warnings():
        # Those with masses, such as PSF, have no coordinates, and none are needed.
        warnings.filterwarnings("ignore", "No coordinate reader found")
        universe = Universe(structure_file, to_guess=(), **options_for(structure_file))
    if hasattr(universe.atoms, "masses"):
        return FoundMasses(unchangeable(_known(universe.atoms.masses, structure_file)))
    universe.guess_TopologyAttrs(to_guess=("types", "masses"))
    values = _known(getattr(universe.atoms, "masses", np.zeros(0)), structure_file)
    names = getattr(universe.atoms, "names", [""] * len(values))
    return FoundMasses(unchangeable(values), _guess_in_words(names, values))


def _known(masses: NDArray[Any], structure_file: str) -> NDArray[Any]:
    if not np.any(masses > 0):
        raise ValueError(
            f"No atom of {structure_file} has a known mass: give masses=engine.masses, or use a "
            "structure file with masses (.tpr, .psf, .prmtop)."
        )
    return masses


def _guess_in_words(names: Iterable[Any], values: NDArray[Any]) -> str:
    """Such as ``C, CA, CB, CH3 as 12.011; H, HA as 1.008``."""
    kinds: dict[float, dict[str, int]] = {}
    for name, mass in zip(names, values.tolist(), strict=True):
        kinds.setdefault(mass, {}).setdefault(str(name) or "without a name", 0)
    told = [f"{_listed(list(found))} {_as(mass)}" for mass, found in kinds.items()]
    return "; ".join([*told[:_KINDS_SHOWN], *(["…"] if len(told) > _KINDS_SHOWN else [])])


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    left = len(names) - _NAMES_SHOWN
    return f"{shown} and {left} more names" if left > 0 else shown


def _as(mass: float) -> str:
    return f"as {mass:g}" if mass > 0 else "unknown, so that they get no velocity"
