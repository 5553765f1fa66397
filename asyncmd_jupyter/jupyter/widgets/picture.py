"""Where the shown atoms of one or several frames are to be drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.whole import WholeMolecules, guessed_bonds
from asyncmd_jupyter.jupyter.widgets.fit import fitted
from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure
from asyncmd_jupyter.jupyter.widgets.walker_frames import ShownFrame

WHOLE = "Molecules that cross the edge of the box are drawn whole (the data are not changed)."


class Picture:
    """Chooses atoms, puts molecules together, lays copies over each other.

    Nothing of this changes the frames. What is called here blocks: use a thread.

    Parameters
    ----------
    structure : ShownStructure
    """

    def __init__(self, structure: ShownStructure) -> None:
        self.structure = structure
        self._molecules: WholeMolecules | None = None
        self._reference: NDArray[np.float32] | None = None
        self.is_periodic = False
        self.note = ""

    def positions(
        self, frames: Sequence[ShownFrame], *, whole: bool, overlay: bool
    ) -> NDArray[np.float32]:
        """Return the positions of the shown atoms, copy after copy, in Å.

        Raises
        ------
        ValueError
            For a frame of another system.
        """
        placed = [self._placed(frame, whole=whole) for frame in frames]
        if overlay:
            reference = self._reference = placed[0] if self._reference is None else self._reference
            placed = [fitted(one, reference, self.structure.anchors) for one in placed]
        return np.concatenate(placed)

    def _placed(self, frame: ShownFrame, *, whole: bool) -> NDArray[np.float32]:
        positions = self._chosen(frame.positions)
        self.is_periodic = frame.box is not None and _is_box(frame.box)
        if frame.box is None or not self.is_periodic:
            return positions
        if self._molecules is None:
            bonds = guessed_bonds(positions, self.structure.elements, frame.box)
            self._molecules = WholeMolecules(len(positions), bonds)
        if not (whole and self._molecules.has_bonds):
            return positions
        placed = self._molecules.whole(positions, frame.box)
        self.note = WHOLE if self._molecules.was_needed else ""
        return placed

    def _chosen(self, positions: NDArray[np.float32]) -> NDArray[np.float32]:
        chosen = self.structure.chosen
        least = self.structure.n_atoms if chosen is None else int(chosen[-1]) + 1
        if len(positions) < least or (chosen is None and len(positions) != least):
            raise ValueError(
                f"The frame has {len(positions)} atoms, its structure another number: they belong "
                "to different systems."
            )
        return positions if chosen is None else positions[chosen]


def _is_box(box: NDArray[np.float32]) -> bool:
    return bool(abs(np.linalg.det(box)) > 1.0)
