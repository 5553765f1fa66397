"""Draws what the conditions of runs said. Nothing here knows of widgets or loops."""

from __future__ import annotations

import io
from typing import Any

from asyncmd_jupyter.jupyter.widgets.legend import FONT, Legend
from asyncmd_jupyter.jupyter.widgets.lines import Densities
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.png import as_png
from asyncmd_jupyter.jupyter.widgets.scene import (
    Scene,
    awaited,
    describe,
)
from asyncmd_jupyter.jupyter.widgets.sheet import Sheet
from asyncmd_jupyter.jupyter.widgets.zoom import Zoom

__all__ = ["FONT", "Legend", "Scene", "describe", "draw_conditions", "figure_of", "painted"]

BASE_DPI = 100


def draw_conditions(
    scene: Scene, look: Look, file_format: str = "png", zoom: Zoom | None = None
) -> bytes:
    """Draw `scene`, of which there is something to draw, and return the image.

    Parameters
    ----------
    scene : Scene
    look : Look
    file_format : str
        ``png`` or what else matplotlib can write.
    zoom : Zoom, optional
        The range of times that is shown.
    """
    sheet = Sheet(scene, look, Densities(), zoom)
    return painted(figure_of(look, sheet.height, sheet.draw), look, file_format)


def figure_of(look: Look, height: float, draw: Any) -> Any:
    """Make a figure of a size in CSS pixels and let `draw` fill it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    figure = Figure(figsize=(look.width / BASE_DPI, height / BASE_DPI), dpi=BASE_DPI * look.ratio)
    FigureCanvasAgg(figure)
    figure.patch.set_facecolor(look.background)
    draw(figure)
    for text in figure.findobj(Text):  # names are the user's: "$x^$" is one, and no formula
        text.set_parse_math(False)
    return figure


def painted(figure: Any, look: Look, file_format: str = "png") -> bytes:
    """Write a figure as an image."""
    if file_format == "png":
        return as_png(figure, look.colours)
    out = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type")) if file_format == "svg" else None
    figure.savefig(out, format=file_format, facecolor=look.background, metadata=nothing)
    return out.getvalue()


def note_instead(scene: Scene) -> str:
    """What is said where there is nothing to draw; else empty."""
    if not scene.conditions and not scene.more:
        return "There are no conditions to plot: this runs for its full length."
    return awaited(scene) if scene.is_empty else ""
