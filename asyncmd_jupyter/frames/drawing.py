"""What velocities are drawn with: masses, constraints, and what is said about guesses."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.errors import GuessedMassesWarning
from asyncmd_jupyter.frames.content import Contents
from asyncmd_jupyter.frames.velocities import draw_velocities, on_constraints


@dataclass
class VelocityDraw:
    """How velocities are drawn for frames.

    Attributes
    ----------
    masses : array or None
        amu, shape (n_atoms,); None takes those of the structure file, or guesses them.
    constraints : array of int or None
        Atoms whose distance is fixed, shape (n_constraints, 2).
    remove_com : bool
    """

    masses: NDArray[np.float64] | None = None
    constraints: NDArray[np.int64] | None = None
    remove_com: bool = True
    _told: set[str] = field(default_factory=set)

    def draw(
        self,
        temperature: float,
        structure_file: str,
        positions: NDArray[Any],
        box: NDArray[Any] | None,
        generator: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Draw for one frame.

        Parameters
        ----------
        temperature : float
            K
        structure_file : str
        positions : array
            nm, shape (n_atoms, 3).
        box : array or None
            nm, shape (3, 3).
        generator : numpy.random.Generator

        Returns
        -------
        array
            nm/ps, shape (n_atoms, 3).

        Raises
        ------
        ValueError
            If masses or constraints do not fit to the frame.
        """
        masses = self._masses_for(structure_file, len(positions))
        drawn = draw_velocities(masses, temperature, generator, remove_com=self.remove_com)
        if self.constraints is None:
            return drawn
        self._check_constraints(len(positions))
        box = box if box is not None and np.any(box) else None
        return on_constraints(drawn, masses, positions, self.constraints, box)

    def _masses_for(self, structure_file: str, n_atoms: int) -> NDArray[np.float64]:
        if self.masses is None:
            found = Contents.current().found_masses(structure_file)
            if found.guess and structure_file not in self._told:
                self._told.add(structure_file)
                warnings.warn(_guessed(structure_file, found.guess), stacklevel=2)
            masses = found.values
        else:
            masses = self.masses
        if len(masses) != n_atoms:
            whose = "masses has" if self.masses is not None else f"{structure_file} has"
            raise ValueError(f"{whose} {len(masses)} atoms, the frame {n_atoms}.")
        return masses

    def _check_constraints(self, n_atoms: int) -> None:
        if self.constraints is not None and np.any(self.constraints >= n_atoms):
            raise ValueError(
                f"constraints names the atom {int(self.constraints.max())}, and the frame has "
                f"{n_atoms} atoms, counted from 0."
            )


def checked_constraints(constraints: Any) -> NDArray[np.int64]:
    """Pairs of atoms that somebody gave.

    Raises
    ------
    TypeError, ValueError
        If they are not pairs of different atoms.
    """
    array = np.asarray(constraints)
    if not array.size:
        return np.zeros((0, 2), np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"constraints={constraints!r} has to be an array of pairs of atoms.")
    if array.ndim != 2 or array.shape[1] != 2:
        raise ValueError(f"constraints has the shape {array.shape}; give pairs of atoms: (n, 2).")
    if np.any(array < 0) or np.any(array[:, 0] == array[:, 1]):
        raise ValueError("constraints has to name two different atoms in each pair, from 0 on.")
    return array.astype(np.int64)


def _guessed(structure_file: str, guess: str) -> GuessedMassesWarning:
    return GuessedMassesWarning(
        f"The masses of the atoms in {structure_file} are guessed, which goes wrong where they "
        f"are repartitioned, and for beads and models: {guess}. Give masses=engine.masses to the "
        "extractor, or use a structure file with masses (.tpr, .psf, .prmtop)."
    )
