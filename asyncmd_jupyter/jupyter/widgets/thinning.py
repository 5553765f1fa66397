"""Which atoms of a system that is too big for the page are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.residues import BACKBONE, TRACE, Kind

MOST_ATOMS = 20_000
_POLYMERS = (Kind.PROTEIN.value, Kind.NUCLEIC.value)
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Atoms:
    """What there is to go by, one entry for each atom.

    Attributes
    ----------
    names, elements, kinds : NDArray of str
    """

    names: NDArray[np.str_]
    elements: NDArray[np.str_]
    kinds: NDArray[np.str_]

    def taken(self, indices: NDArray[np.int64]) -> Atoms:
        """Return some of them."""
        return Atoms(self.names[indices], self.elements[indices], self.kinds[indices])

    @property
    def water(self) -> Mask:
        """Which are water."""
        return np.asarray(self.kinds == Kind.WATER.value)

    @property
    def polymer(self) -> Mask:
        """Which are protein or nucleic acid."""
        return np.isin(self.kinds, _POLYMERS)


@dataclass(frozen=True, eq=False)
class Kept:
    """The atoms that are shown.

    Attributes
    ----------
    indices : NDArray
    words : tuple of str
        How they were chosen.
    traces_only : bool
        Whether polymers were reduced to one atom for each residue.
    """

    indices: NDArray[np.int64]
    words: tuple[str, ...]
    traces_only: bool

    def note(self, n_atoms: int) -> str:
        """Say how much is shown; empty if it is all."""
        if len(self.indices) == n_atoms:
            return ""
        return f"Shown: {len(self.indices):,} of {n_atoms:,} atoms ({', '.join(self.words)})."


def thinned(atoms: Atoms, *, water: bool, most: int = MOST_ATOMS) -> Kept:
    """Leave out more and more, until at most `most` atoms are left.

    Water goes first, then hydrogens, side chains, all but one atom for each residue of
    polymers; in the end chance decides about the others.
    """
    mask = np.ones(len(atoms.names), dtype=bool)
    words: list[str] = []
    for word, keep in _STEPS:
        no_water = word == "no water" and not water
        if (mask.sum() <= most and not no_water) or keep(atoms)[mask].all():
            continue
        mask &= keep(atoms)
        words.append(word)
    traces_only = "one atom a residue" in words
    if mask.sum() > most:
        mask = _by_chance(mask, atoms.polymer, most)
        words.append("a random part")
    return Kept(np.flatnonzero(mask), tuple(_told(words)), traces_only)


def _told(words: list[str]) -> list[str]:
    """Leave out what a later step includes."""
    return [w for w in words if not (w == "backbone only" and "one atom a residue" in words)]


def _by_chance(mask: Mask, polymer: Mask, most: int) -> Mask:
    """Keep polymers if they fit, and of the rest as many as there is room for."""
    sure = mask & polymer if (mask & polymer).sum() <= most else np.zeros_like(mask)
    others = np.flatnonzero(mask & ~sure)
    room = most - int(sure.sum())
    drawn = np.random.default_rng(0).choice(others, min(room, len(others)), replace=False)
    sure[drawn] = True
    return sure


def _steps() -> tuple[tuple[str, Callable[[Atoms], Mask]], ...]:
    return (
        ("no water", lambda atoms: ~atoms.water),
        ("no hydrogens", lambda atoms: atoms.elements != "H"),
        ("backbone only", lambda atoms: ~atoms.polymer | np.isin(atoms.names, list(BACKBONE))),
        ("one atom a residue", lambda atoms: ~atoms.polymer | np.isin(atoms.names, list(TRACE))),
    )


_STEPS = _steps()
