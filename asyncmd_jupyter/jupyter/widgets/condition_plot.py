"""Draws what the conditions of runs said. Nothing here knows of widgets or loops."""

from __future__ import annotations

import io
from typing import Any

from asyncmd_jupyter.jupyter.widgets.axes import (
    limits,
    rounded_end,
    set_ticks,
    shortened,
    time_axis,
)
from asyncmd_jupyter.jupyter.widgets.density import Grid
from asyncmd_jupyter.jupyter.widgets.legend import FONT, Legend, when_reached
from asyncmd_jupyter.jupyter.widgets.lines import Densities, draw_bands, draw_density, draw_lines
from asyncmd_jupyter.jupyter.widgets.look import Look
from asyncmd_jupyter.jupyter.widgets.png import as_png
from asyncmd_jupyter.jupyter.widgets.scene import (
    Scene,
    awaited,
    describe,
)
from asyncmd_jupyter.jupyter.widgets.strips import Strips

__all__ = ["FONT", "Legend", "Scene", "describe", "draw_conditions", "figure_of", "painted"]

BASE_DPI = 100
PANEL, TITLE, AXIS, GAP = 112, 27, 42, 8


def draw_conditions(
    scene: Scene, look: Look, file_format: str = "png", known: Densities | None = None
) -> bytes:
    """Draw `scene` and return the image.

    Parameters
    ----------
    scene : Scene
    look : Look
    file_format : str
        ``png`` or what else matplotlib can write.
    known : Densities, optional
        What was counted for earlier drawings of the same plot.
    """
    return painted(conditions_figure(scene, look, known), look, file_format)


def conditions_figure(scene: Scene, look: Look, known: Densities | None = None) -> Any:
    """Draw `scene` as a matplotlib figure, of which nothing is painted yet."""
    sheet = _Sheet(scene, look, known or Densities())
    return figure_of(look, sheet.height, sheet.draw)


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


def _note_instead(scene: Scene) -> str:
    """What is said where there is nothing to draw."""
    if not scene.conditions:
        return "There are no conditions to plot: this runs for its full length."
    return awaited(scene) if scene.is_empty else ""


class _Sheet:
    """Places panels and strips by pixels from the top: no layout engine, so it is quick."""

    def __init__(self, scene: Scene, look: Look, known: Densities) -> None:
        self.scene, self.look, self.known = scene, look, known
        self.several = len(scene.tracks) > 1
        self.left = 20 + 6.4 * min(18, max([7, *map(len, scene.conditions)]))
        self.right = 14
        self.columns = max(50, int(look.width - self.left - self.right))
        self.end = scene.end + scene.interval or 1.0
        if scene.is_dense and not scene.is_final:
            self.end = rounded_end(self.end)
        self.strips = Strips(scene, self.end, self.columns)
        self.legend = Legend(scene, look, self.left, self.columns)
        self.note = _note_instead(scene)

    @property
    def height(self) -> float:
        if self.note:
            return 64
        panels = len(self.scene.observables) * (PANEL + TITLE)
        return 4 + self.legend.height + panels + GAP + self.strips.height + AXIS

    def draw(self, figure: Any) -> None:
        if self.note:
            self._note(figure, self.note)
            return
        self.legend.draw(figure)
        top = 4.0 + self.legend.height
        for name in self.scene.observables:
            self._panel(figure, name, top + TITLE)
            top += TITLE + PANEL
        self._strips(figure, top + GAP)

    def _axes(self, figure: Any, top: float, height: float) -> Any:
        look = self.look
        place = (
            self.left / look.width,
            1 - (top + height) / self.height,
            self.columns / look.width,
            height / self.height,
        )
        axes = figure.add_axes(place, facecolor="none")
        axes.set_xlim(0.0, self.end)
        axes.tick_params(colors=look.faint, labelcolor=look.ink, labelsize=FONT, width=0.6)
        for side, spine in axes.spines.items():
            spine.set_color(look.faint)
            spine.set_linewidth(0.6)
            spine.set_visible(side in ("left", "bottom"))
        return axes

    def _note(self, figure: Any, text: str) -> None:
        figure.text(0.5, 0.5, text, ha="center", va="center", color=self.look.faint, size=FONT + 1)

    def _panel(self, figure: Any, name: str, top: float) -> None:
        axes, scene = self._axes(figure, top, PANEL), self.scene
        bands = scene.bands(name)
        period = next((band.period for band in bands if band.period), None)
        axes.set_ylim(*limits([o.values for _, _, o in scene.of_name(name)], bands, period))
        axes.tick_params(labelbottom=False)
        set_ticks(axes, period)
        self._say_over(axes, 0.0, name, ha="left")
        if name == scene.observables[0] and not self.several:
            self._say_over(axes, 1.0, when_reached(scene.tracks[0]), ha="right")
        draw_bands(axes, bands, scene, self.look)
        if scene.is_dense:
            self._density(axes, name, period)
        else:
            draw_lines(axes, name, scene, self.look, period, self.columns)

    def _density(self, axes: Any, name: str, period: float | None) -> None:
        ratio = 2 if self.scene.is_final and not self.look.line_points else 1
        ratio = max(ratio, min(4, self.look.detail))
        low, high = axes.get_ylim()
        grid = Grid(self.columns * ratio, PANEL * ratio, self.end, low, high, period)
        counts = self.known.counts(name, self.scene, grid)
        draw_density(axes, name, self.scene, self.look, counts, grid)

    def _say_over(self, axes: Any, x: float, text: str, **options: Any) -> None:
        style = {"color": self.look.ink, "size": FONT + 0.6, **options}
        axes.text(x, 1 + 6 / PANEL, text, transform=axes.transAxes, **style)

    def _strips(self, figure: Any, top: float) -> None:
        height = max(1, self.strips.height)
        axes = self._axes(figure, top, height)
        axes.spines["left"].set_visible(False)
        extent = (0.0, self.end, height, 0)
        axes.imshow(self.strips.image(), extent=extent, aspect="auto", interpolation="nearest")
        axes.set_yticks(self.strips.centres, [shortened(name) for name in self.scene.conditions])
        axes.tick_params(axis="y", length=0, pad=6)
        axes.set_xlabel(time_axis(axes, self.end), color=self.look.ink, size=FONT, labelpad=3)
