"""Molecules that the border of a periodic box has cut, put together again for a picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LONGEST = 2.15  # Å, of a bond between heavy atoms that are not both of the first period
_LONGEST_WITH_HYDROGEN = 1.3
_LONGEST_USUALLY = 1.9
_FIRST_PERIODS = ("H", "B", "C", "N", "O", "F")


def guessed_bonds(
    positions: NDArray[Any], elements: Sequence[str], box: NDArray[Any] | None
) -> NDArray[np.int64]:
    """Find pairs of atoms that are near enough to be bonded, also through the border.

    Parameters
    ----------
    positions : NDArray
        Å.
    elements : list of str
        Atoms of unknown elements count as carbon.
    box : NDArray or None
        Vectors as rows, Å.

    Returns
    -------
    NDArray
        Pairs of indices, shape (n, 2).
    """
    from MDAnalysis.lib.distances import self_capped_distance
    from MDAnalysis.lib.mdamath import triclinic_box

    if len(positions) < 2:
        return np.zeros((0, 2), np.int64)
    dimensions = None if box is None else triclinic_box(*np.asarray(box, np.float32))
    pairs, distances = self_capped_distance(
        np.asarray(positions, np.float32), _LONGEST, box=dimensions
    )
    hydrogen = np.array([element == "H" for element in elements])
    light = np.array([element in _FIRST_PERIODS or not element for element in elements])
    of_hydrogen, of_light = hydrogen[pairs], light[pairs]
    longest = np.where(of_light.all(axis=1), _LONGEST_USUALLY, _LONGEST)
    longest = np.where(of_hydrogen.any(axis=1), _LONGEST_WITH_HYDROGEN, longest)
    bonded = (distances < longest) & (distances > 0) & ~of_hydrogen.all(axis=1)
    return np.asarray(pairs[bonded], dtype=np.int64)


class WholeMolecules:
    """Moves atoms by whole box vectors so that no bond crosses the border.

    The largest molecule stays where it was when it was seen first; of all others the
    image next to it is taken. The positions that are given are not changed.

    Parameters
    ----------
    n_atoms : int
    bonds : NDArray
        Pairs of indices.

    Attributes
    ----------
    has_bonds : bool
    was_needed : bool
        Whether a bond crossed the border in a frame so far.
    """

    def __init__(self, n_atoms: int, bonds: NDArray[np.int64]) -> None:
        self._levels, self._molecules = _trees(n_atoms, bonds)
        sizes = np.bincount(self._molecules) if n_atoms else np.zeros(1, np.int64)
        self._sizes = np.maximum(sizes, 1)
        self._largest = int(sizes.argmax())
        self._anchor: NDArray[np.float64] | None = None
        self.has_bonds = len(bonds) > 0
        self.was_needed = False

    def whole(self, positions: NDArray[Any], box: NDArray[Any]) -> NDArray[np.float32]:
        """Return whole molecules.

        Parameters
        ----------
        positions : NDArray
            Å.
        box : NDArray
            Vectors as rows, Å.
        """
        placed = np.array(positions, dtype=np.float64)
        inverse = np.linalg.inv(np.asarray(box, dtype=np.float64))
        for children, parents in self._levels:
            images = _images(placed[children] - placed[parents], box, inverse)
            placed[children] -= images
            self.was_needed |= bool(images.any())
        centres = self._centres(placed)
        away = centres - centres[self._largest]
        placed -= _images(away, box, inverse)[self._molecules]
        centre = centres[self._largest]
        if self._anchor is None:
            self._anchor = centre
        return np.asarray(placed + (self._anchor - centre), dtype=np.float32)

    def _centres(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = [np.bincount(self._molecules, positions[:, axis]) for axis in range(3)]
        return np.stack(sums, axis=1) / self._sizes[:, None]


def _images(
    vectors: NDArray[np.float64], box: NDArray[Any], inverse: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Box vectors to take away from vectors, so that they become short."""
    return np.asarray(np.rint(vectors @ inverse) @ box, dtype=np.float64)


def _trees(
    n_atoms: int, bonds: NDArray[np.int64]
) -> tuple[list[tuple[NDArray[np.int64], NDArray[np.int64]]], NDArray[np.int64]]:
    """Walk over all bonds: atoms with those they hang on, by distance from the root.

    Also the number of the molecule of each atom.
    """
    near: list[list[int]] = [[] for _ in range(n_atoms)]
    for first, second in bonds.tolist():
        near[first].append(second)
        near[second].append(first)
    molecules = np.full(n_atoms, -1, dtype=np.int64)
    levels: list[list[tuple[int, int]]] = []
    count = 0
    for root in range(n_atoms):
        if molecules[root] < 0:
            _walk(root, count, near, molecules, levels)
            count += 1
    found = [np.array(level, dtype=np.int64) for level in levels if level]
    return [(level[:, 0], level[:, 1]) for level in found], molecules


def _walk(
    root: int,
    number: int,
    near: list[list[int]],
    molecules: NDArray[np.int64],
    levels: list[list[tuple[int, int]]],
) -> None:
    molecules[root] = number
    ahead = deque([(root, 0)])
    while ahead:
        atom, depth = ahead.popleft()
        if len(levels) == depth:
            levels.append([])
        for other in near[atom]:
            if molecules[other] < 0:
                molecules[other] = number
                levels[depth].append((other, atom))
                ahead.append((other, depth + 1))
