"""Places the panels of a plot over time, and the strips of its conditions."""

from __future__ import annotations

import math
from functools import cached_property
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
from asyncmd_jupyter.jupyter.widgets.overlay import Overlay
from asyncmd_jupyter.jupyter.widgets.panels import Panel, panels_of
from asyncmd_jupyter.jupyter.widgets.plot_axes import PlotAxes
from asyncmd_jupyter.jupyter.widgets.scene import Scene
from asyncmd_jupyter.jupyter.widgets.strips import Strips
from asyncmd_jupyter.jupyter.widgets.zoom import Zoom, kept_within

PANEL, TITLE, AXIS, GAP = 112, 27, 42, 8
_FEW = 16


class Sheet:
    """Places all by pixels from the top: no layout engine, so it is quick.

    Parameters
    ----------
    scene : Scene
    look : Look
    known : Densities
        What was counted for earlier drawings of the same plot.
    zoom : Zoom, optional
        The range of times that is shown.
    panels : tuple of Panel, optional
        By default those of the functions behind the conditions.
    """

    def __init__(
        self,
        scene: Scene,
        look: Look,
        known: Densities,
        zoom: Zoom | None = None,
        panels: tuple[Panel, ...] | None = None,
    ) -> None:
        self.scene, self.look, self.known = scene, look, known
        self.panels = panels_of(scene) if panels is None else panels
        labels = [7, *map(len, scene.conditions), *map(_n_digits, self.panels)]
        self.left = 20 + 6.4 * min(18, max(labels))
        self.right = 14
        self.columns = max(50, int(look.width - self.left - self.right))
        self.whole = 0.0, self._end()
        self.span = kept_within(zoom.x if zoom else None, self.whole)
        self.strips = Strips(scene, self.span, self.columns)
        self.legend = Legend(scene, look, self.left, self.columns)

    def _end(self) -> float:
        last = [float(line.times[-1]) for p in self.panels for line in p.lines if len(line.times)]
        end = max([self.scene.end + self.scene.interval, *last]) or 1.0
        return rounded_end(end) if self.scene.is_dense and not self.scene.is_final else end

    @property
    def height(self) -> float:
        """Of the whole drawing."""
        panels = len(self.panels) * (PANEL + TITLE)
        return 4 + self.legend.height + panels + self._gap + self.strips.height + AXIS

    @property
    def _gap(self) -> int:
        """Above the strips; without any the axis of times is that of the last panel."""
        return GAP if self.strips.height else 0

    @cached_property
    def axes(self) -> tuple[PlotAxes, ...]:
        """Where the panels lie, and what they show."""
        top = 4.0 + self.legend.height + TITLE
        return tuple(
            self._placed(panel, top + number * (PANEL + TITLE))
            for number, panel in enumerate(self.panels)
        )

    def _placed(self, panel: Panel, top: float) -> PlotAxes:
        y = limits(panel.seen(self.span), panel.bands, panel.period)
        box = self.left, top, self.columns, PANEL
        return PlotAxes(panel.name, panel.unit, *box, self.span, y, panel.period)

    @property
    def _strip_axes(self) -> PlotAxes:
        height = max(1, self.strips.height)
        top = self.height - AXIS - self.strips.height
        box = self.left, top, self.columns, height
        return PlotAxes("", "", *box, self.span, (height, 0.0))

    @property
    def overlay(self) -> Overlay:
        """What lies where."""
        strips = self._strip_axes if self.strips.height else None
        size = float(self.look.width), self.height
        lanes = self.strips.strip, self.strips.lanes
        dense = self.scene.is_dense
        return Overlay(size, self.whole, self.panels, self.axes, strips, *lanes, dense)

    def draw(self, figure: Any) -> None:
        """Fill a figure of this height."""
        self.legend.draw(figure)
        for panel, placed in zip(self.panels, self.axes, strict=True):
            self._panel(figure, panel, placed)
        self._strips(figure)

    def _axes(self, figure: Any, placed: PlotAxes) -> Any:
        look = self.look
        place = (
            placed.left / look.width,
            1 - (placed.top + placed.height) / self.height,
            placed.width / look.width,
            placed.height / self.height,
        )
        axes = figure.add_axes(place, facecolor="none")
        axes.set_xlim(*placed.x)
        axes.tick_params(colors=look.faint, labelcolor=look.ink, labelsize=FONT, width=0.6)
        for side, spine in axes.spines.items():
            spine.set_color(look.faint)
            spine.set_linewidth(0.6)
            spine.set_visible(side in ("left", "bottom"))
        return axes

    def _panel(self, figure: Any, panel: Panel, placed: PlotAxes) -> None:
        axes, scene = self._axes(figure, placed), self.scene
        axes.set_ylim(*placed.y)
        axes.tick_params(labelbottom=False)
        set_ticks(axes, panel.period)
        self._say_over(axes, 0.0, panel.title, ha="left")
        if panel is self.panels[0] and len(scene.tracks) == 1:
            self._say_over(axes, 1.0, when_reached(scene.tracks[0]), ha="right")
        draw_bands(axes, panel.bands, scene, self.look)
        if scene.is_dense:
            self._density(axes, panel, placed)
        else:
            draw_lines(axes, panel, len(scene.tracks), self.look, self.columns)

    def _density(self, axes: Any, panel: Panel, placed: PlotAxes) -> None:
        ratio = 2 if self.scene.is_final and not self.look.line_points else 1
        (begin, end), (low, high) = placed.x, placed.y
        size = self.columns * ratio, PANEL * ratio
        grid = Grid(*size, end, low, high, panel.period, begin)
        counts = self.known.counts(panel, grid)
        draw_density(axes, panel, self.scene, self.look, counts, grid)

    def _say_over(self, axes: Any, x: float, text: str, **options: Any) -> None:
        style = {"color": self.look.ink, "size": FONT + 0.6, **options}
        axes.text(x, 1 + 6 / PANEL, text, transform=axes.transAxes, **style)

    def _strips(self, figure: Any) -> None:
        placed = self._strip_axes
        axes = self._axes(figure, placed)
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(self.strips.height > 0)  # else that of the last panel
        extent = (*self.span, *placed.y)
        if self.strips.height:
            image = self.strips.image()
            axes.imshow(image, extent=extent, aspect="auto", interpolation="nearest")
        names = [shortened(name) for name in self.scene.conditions]
        axes.set_yticks(self.strips.centres, names)
        axes.tick_params(axis="y", length=0, pad=6)
        axes.set_xlabel(time_axis(axes, self.span[1]), color=self.look.ink, size=FONT, labelpad=3)


def _n_digits(panel: Panel) -> int:
    """Characters that a number of a panel takes, with a sign, by those of a few walkers."""
    some = (line.values[-1] for line in panel.lines[:_FEW] if len(line.values))
    finite = [abs(float(value)) for value in some if math.isfinite(value)]
    return 1 + len(f"{max(finite, default=0.0):.0f}")
