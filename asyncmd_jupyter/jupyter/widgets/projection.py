"""A flat drawing of a molecule, for where NGL can't be had."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.drawing import in_drawing_thread
from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.png import as_png
from asyncmd_jupyter.jupyter.widgets.structure_text import ShownStructure

COLOURS = {"C": "#707070", "N": "#3050F8", "O": "#E02020", "S": "#C8A000", "H": "#B8B8B8"}
MOST_BONDS = 3000
HEIGHT = 320


class ProjectionStage:
    """Projects the atoms on the plane in which they first extended most.

    Parameters
    ----------
    structure : ShownStructure
    """

    def __init__(self, structure: ShownStructure) -> None:
        self._chosen = structure.chosen
        self._elements = [_element(line) for line in structure.pdb.splitlines()[:-1]]
        self._axes: NDArray[np.float64] | None = None
        self._positions: NDArray[np.float32] | None = None
        self.widget = FigureWidget(alt="Projection of the molecule.")

    @property
    def is_settled(self) -> bool:
        """Whether pages have drawn it some time ago: an image takes none."""
        return True

    async def show(self, positions: NDArray[np.float32]) -> None:
        """Draw `positions` (Å, all atoms of the system)."""
        self._positions = positions if self._chosen is None else positions[self._chosen]
        if self._axes is None:
            self._axes = principal_axes(self._positions)
        flat = (self._positions - self._positions.mean(axis=0)) @ self._axes.T
        look = self.widget.look()
        png = await in_drawing_thread(draw_projection, flat, self._elements, look)
        self.widget.put(png, f"Projection of {len(flat)} atoms.", look.width)

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


def draw_projection(flat: NDArray[Any], elements: list[str], look: Look) -> bytes:
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
    colours = [COLOURS.get(e, "#D05FA0") for e in elements]
    axes.add_collection(LineCollection(_bonds(flat, elements), colors=look.faint, linewidths=2))
    sizes = np.array([25 if e == "H" else 70 for e in elements]) * min(1, 200 / len(flat))
    axes.scatter(
        flat[order, 0],
        flat[order, 1],
        s=np.maximum(sizes, 2)[order],
        c=[colours[i] for i in order],
        edgecolors=look.ink,
        linewidths=0.4,
        zorder=3,
    )
    axes.margins(0.1)
    figure.patch.set_facecolor("none")
    return as_png(figure)


def _bonds(flat: NDArray[Any], elements: list[str]) -> list[Any]:
    if len(flat) > MOST_BONDS:
        return []
    hydrogen = np.array([e == "H" for e in elements])
    distance = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    near = distance < np.where(hydrogen[:, None] | hydrogen[None], 1.3, 1.95)
    near &= ~(hydrogen[:, None] & hydrogen[None])
    first, second = np.nonzero(np.triu(near, 1))
    return [flat[[i, j], :2] for i, j in zip(first, second, strict=True)]


def _element(line: str) -> str:
    named = line[76:78].strip().title() if len(line) >= 78 else ""
    return named or line[12:16].strip().lstrip("0123456789")[:1].upper()
