"""A flat drawing of a molecule, for where NGL can't be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.drawing import in_drawing_thread
from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.png import as_png
from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure

COLOURS = {"C": "#707070", "N": "#3050F8", "O": "#E02020", "S": "#C8A000", "H": "#B8B8B8"}
OTHER = "#D05FA0"
MOST_BONDS = 3000
HEIGHT = 320


@dataclass(frozen=True)
class AtomsDrawn:
    """What atoms look like.

    Attributes
    ----------
    elements : tuple of str
        Of the atoms of one copy.
    colours : tuple of str
        One for each copy; empty if there is one only, which shows its elements.
    """

    elements: tuple[str, ...]
    colours: tuple[str, ...] = ()

    def colour_of_all(self, n_atoms: int) -> list[str]:
        """Colours of all atoms of all copies."""
        if self.colours:
            return [colour for colour in self.colours for _ in self.elements]
        shown = [COLOURS.get(element, OTHER) for element in self.elements]
        return shown * (n_atoms // max(1, len(shown)))


class ProjectionStage:
    """Projects the atoms on the plane in which they first extended most.

    Parameters
    ----------
    structure : ShownStructure
    copies : int
        How many molecules are laid over each other.
    """

    def __init__(self, structure: ShownStructure, copies: int = 1) -> None:
        self._atoms = AtomsDrawn(structure.elements)
        self._copies = copies
        self._axes: NDArray[np.float64] | None = None
        self.camera: list[float] = []
        self.widget = FigureWidget(alt="Projection of the molecule.")

    @property
    def is_settled(self) -> bool:
        """Whether pages have drawn it some time ago: an image takes none."""
        return True

    async def show(self, positions: NDArray[np.float32]) -> None:
        """Draw the shown atoms of all copies at `positions` (Å)."""
        if self._axes is None:
            self._axes = principal_axes(positions)
        flat = (positions - positions.mean(axis=0)) @ self._axes.T
        look = self.widget.look()
        png = await in_drawing_thread(draw_projection, flat, self._atoms, look)
        self.widget.put(png, f"Projection of {len(flat)} atoms.", look)

    def draw_as(self, drawn: Sequence[dict[str, Any]]) -> None:
        """Take over the colours of copies; there is one style only."""
        colours = tuple(dict.fromkeys(one["params"].get("color", "") for one in drawn))
        several = colours if self._copies > 1 and len(colours) == self._copies else ()
        self._atoms = replace(self._atoms, colours=several)

    def set_dark(self, dark: bool) -> None:
        """Fit to the theme of the page."""
        self.widget.dark = dark

    def close(self) -> None:
        """Let go of the widget."""
        self.widget.close()


def principal_axes(positions: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return three directions as rows, the one with the largest extent first."""
    centred = positions - positions.mean(axis=0)
    _, _, axes = np.linalg.svd(np.asarray(centred, dtype=np.float64), full_matrices=False)
    return np.vstack([axes, np.zeros((3 - len(axes), 3))])


def draw_flat(positions: NDArray[Any], atoms: AtomsDrawn, look: Look) -> bytes:
    """Draw atoms as seen from where they extend most."""
    flat = (positions - positions.mean(axis=0)) @ principal_axes(positions).T
    return draw_projection(flat, atoms, look)


def draw_projection(flat: NDArray[Any], atoms: AtomsDrawn, look: Look) -> bytes:
    """Draw atoms and bonds as seen along the third axis."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure

    figure = Figure(figsize=(look.width / 100, HEIGHT / 100), dpi=100 * look.ratio)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")
    order = np.argsort(flat[:, 2])
    colours = atoms.colour_of_all(len(flat))
    axes.add_collection(LineCollection(_bonds(flat, atoms), colors=look.faint, linewidths=2))
    axes.scatter(
        flat[order, 0],
        flat[order, 1],
        s=_sizes(flat, atoms)[order],
        c=[colours[i] for i in order],
        edgecolors=look.ink,
        linewidths=0.4,
        zorder=3,
    )
    axes.margins(0.1)
    figure.patch.set_facecolor("none")
    return as_png(figure)


def _sizes(flat: NDArray[Any], atoms: AtomsDrawn) -> NDArray[np.float64]:
    n_copies = len(flat) // max(1, len(atoms.elements))
    sizes = np.array([25.0 if e == "H" else 70.0 for e in atoms.elements] * n_copies)
    return np.maximum(sizes * min(1, 200 / len(flat)), 2)


def _bonds(flat: NDArray[Any], atoms: AtomsDrawn) -> list[Any]:
    """Lines between near atoms of each copy."""
    n_each = len(atoms.elements)
    if len(flat) > MOST_BONDS:
        return []
    hydrogen = np.array([e == "H" for e in atoms.elements])
    longest = np.where(hydrogen[:, None] | hydrogen[None], 1.3, 1.95)
    possible = ~(hydrogen[:, None] & hydrogen[None])
    lines: list[Any] = []
    for begin in range(0, len(flat), n_each):
        copy = flat[begin : begin + n_each]
        distance = np.linalg.norm(copy[:, None] - copy[None], axis=2)
        first, second = np.nonzero(np.triu((distance < longest) & possible, 1))
        lines.extend(copy[[i, j], :2] for i, j in zip(first, second, strict=True))
    return lines
