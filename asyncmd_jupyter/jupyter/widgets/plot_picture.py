"""What a plot can be a picture of: conditions over time, or a plane of two functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asyncmd_jupyter.jupyter.widgets.condition_plot import (
    draw_conditions,
    figure_of,
    note_instead,
    painted,
)
from asyncmd_jupyter.jupyter.widgets.lines import Densities
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.overlay import Overlay
from asyncmd_jupyter.jupyter.widgets.plane import (
    PlaneSheet,
    caption,
    describe_plane,
    note_in_plane,
)
from asyncmd_jupyter.jupyter.widgets.plane_paths import KnownPlane, Plane, PlaneOverlay
from asyncmd_jupyter.jupyter.widgets.scene import Scene, describe
from asyncmd_jupyter.jupyter.widgets.sheet import Sheet
from asyncmd_jupyter.jupyter.widgets.still import still_html
from asyncmd_jupyter.jupyter.widgets.words import escape
from asyncmd_jupyter.jupyter.widgets.zoom import Zoom


@dataclass(frozen=True, eq=False)
class Drawn:
    """A drawing and what there is to know of it.

    Attributes
    ----------
    png : bytes
        Empty where there is nothing to draw: then the words say why.
    words : str
        What it shows.
    caption : str
        What has to be read with it.
    overlay : Overlay or PlaneOverlay or None
        What lies where.
    """

    png: bytes
    words: str
    caption: str = ""
    overlay: Overlay | PlaneOverlay | None = None


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

    def draw(self, scene: Scene, look: Look, zoom: Zoom | None = None) -> Drawn:
        """Draw what there is, or the part of the axes that is asked for."""
        words = self.describe(scene)
        if self.note(scene):
            return Drawn(b"", words)
        sheet = self._sheet(scene, look, zoom)
        png = painted(figure_of(look, sheet.height, sheet.draw), look)
        return Drawn(png, words, self._caption(scene), sheet.overlay)

    def _sheet(self, scene: Scene, look: Look, zoom: Zoom | None) -> Any:
        if self.plane is None:
            return Sheet(scene, look, self._densities, zoom)
        return PlaneSheet(scene, look, self._counts, self.plane, zoom)

    def still(self, scene: Scene) -> str:
        """Return the image as HTML that stays."""
        words = self.describe(scene)
        if self.note(scene):
            return f"<p>{escape(words)}</p>"
        said = self._caption(scene)
        below = f"<p>{escape(said)}</p>" if said else ""
        return still_html(lambda look, kind: self._image(scene, look, kind), words) + below

    def _image(self, scene: Scene, look: Look, kind: str) -> bytes:
        if self.plane is None:
            return draw_conditions(scene, look, kind)
        sheet = PlaneSheet(scene, look, KnownPlane(), self.plane)
        return painted(figure_of(look, sheet.height, sheet.draw), look, kind)

    def note(self, scene: Scene) -> str:
        """What is said where there is nothing to draw; else empty."""
        return note_instead(scene) if self.plane is None else note_in_plane(scene, self.plane)

    def describe(self, scene: Scene) -> str:
        """Say in words what the image shows."""
        if self.plane is not None:
            return describe_plane(scene, self.plane)
        return note_instead(scene) or describe(scene)

    def _caption(self, scene: Scene) -> str:
        return "" if self.plane is None else caption(scene, self.plane)
