"""What a plot can be a picture of: conditions over time, or a plane of two functions."""

from __future__ import annotations

from typing import Any

from asyncmd_jupyter.jupyter.widgets.condition_plot import conditions_figure, draw_conditions
from asyncmd_jupyter.jupyter.widgets.lines import Densities
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.plane import (
    KnownPlane,
    Plane,
    describe_plane,
    draw_plane,
    plane_figure,
)
from asyncmd_jupyter.jupyter.widgets.scene import Scene, describe
from asyncmd_jupyter.jupyter.widgets.still import still_html


class Picture:
    """Draws scenes of one plot, in the drawing thread, and remembers what can be added to.

    Parameters
    ----------
    plane : (str, str), optional
        Names of two functions to be drawn against each other.
    """

    def __init__(self, plane: Plane | None = None) -> None:
        self.plane = plane
        self._densities, self._counts = Densities(), KnownPlane()

    def draw(self, scene: Scene, look: Look) -> tuple[bytes, str]:
        """Return the image as PNG, and what it shows in words."""
        if self.plane is None:
            png = draw_conditions(scene, look, known=self._densities)
        else:
            png = draw_plane(scene, look, known=self._counts, plane=self.plane)
        return png, self.describe(scene)

    def still(self, scene: Scene) -> str:
        """Return the image as HTML that stays."""

        def draw(look: Look, kind: str) -> bytes:
            if self.plane is None:
                return draw_conditions(scene, look, kind)
            return draw_plane(scene, look, kind, plane=self.plane)

        return still_html(draw, self.describe(scene))

    def figure(self, scene: Scene, look: Look) -> Any:
        """Return a matplotlib figure in which one can pan and zoom."""
        if self.plane is not None:
            return plane_figure(scene, look, plane=self.plane)
        figure = conditions_figure(scene, look)
        for axes in figure.axes[:-1]:
            axes.sharex(figure.axes[-1])
        return figure

    def describe(self, scene: Scene) -> str:
        """Say in words what the image shows."""
        return describe(scene) if self.plane is None else describe_plane(scene, self.plane)
