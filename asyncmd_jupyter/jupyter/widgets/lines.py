"""Draws one panel: lines where walkers are few, else a density."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from asyncmd_jupyter.jupyter.widgets.axes import copies
from asyncmd_jupyter.jupyter.widgets.decimate import Floats, decimate
from asyncmd_jupyter.jupyter.widgets.density import Grid, LineDensity, opacity
from asyncmd_jupyter.jupyter.widgets.look import (
    Look,
    condition_colour,
    walker_colour,
    walker_dashes,
)
from asyncmd_jupyter.jupyter.widgets.panels import Line, Panel
from asyncmd_jupyter.jupyter.widgets.scene import Scene
from asyncmd_jupyter.sampling.progress import Band


class Densities:
    """Remembers the densities of a live plot, so that only new frames have to be added.

    Belongs to one plot and is used in the drawing thread only.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[LineDensity, dict[int, int]]] = {}

    def counts(self, panel: Panel, grid: Grid) -> Floats:
        """Return the lines in each pixel."""
        density, done = self._known.get(panel.name, (None, {}))
        if density is None or density.grid != grid or not _only_grown(panel.lines, done):
            density, done = LineDensity(grid), {}
        for line in panel.lines:
            begin = done.get(line.place, 0)
            if begin < len(line.values):
                since = max(0, begin - 1)
                density.add(line.times[since:], line.values[since:])
            done[line.place] = len(line.values)
        self._known[panel.name] = density, done
        return density.counts()


def _only_grown(lines: Sequence[Line], done: dict[int, int]) -> bool:
    lengths = {line.place: len(line.values) for line in lines}
    return all(lengths.get(place, -1) >= known for place, known in done.items())


def draw_bands(axes: Any, bands: Sequence[Band], scene: Scene, look: Look) -> None:
    """Shade the intervals of the conditions."""
    low, high = axes.get_ylim()
    for band in bands:
        colour = condition_colour(scene.colour_of(band.condition))
        for start, stop in copies(band, low, high):
            axes.axhspan(start, stop, color=colour, alpha=look.band_opacity, lw=0, zorder=0)


def draw_lines(axes: Any, panel: Panel, n_walkers: int, look: Look, columns: int) -> None:
    """Draw a line for each walker, as fine as a pixel in the range of the axes."""
    columns = look.columns_for(n_walkers, columns)
    for line in panel.lines:
        colour = walker_colour(line.place, n_walkers, look)
        seen = line.within(axes.get_xlim())
        points = decimate(line.times[seen], line.values[seen], columns, panel.period)
        style = {"color": colour, "ls": walker_dashes(line.place), "lw": 0.9}
        axes.plot(points.x, points.y, solid_joinstyle="round", **style)
        _mark_end(axes, line, colour, look)


def _mark_end(axes: Any, line: Line, colour: str, look: Look) -> None:
    if line.hit is not None:
        time, value = line.times[line.hit], line.values[line.hit]
        if _is_seen(axes, time):
            axes.axvline(time, color=colour, lw=0.8, ls=(0, (3, 2)), zorder=3)
            _stars(axes, [time], [value], colour, look, 10)
    elif line.has_ended and len(line.times) and _is_seen(axes, line.times[-1]):
        style = {"marker": "|", "ms": 11, "mew": 1.6, "color": colour, "zorder": 4}
        axes.plot([line.times[-1]], [line.values[-1]], **style)


def _is_seen(axes: Any, time: float) -> bool:
    low, high = axes.get_xlim()
    return bool(low <= time <= high)


def draw_density(
    axes: Any, panel: Panel, scene: Scene, look: Look, counts: Floats, grid: Grid
) -> None:
    """Draw how many walkers pass where, and a star at each first hit."""
    from matplotlib.colors import to_rgb

    # Bytes: what matplotlib does with numbers takes longer, and the event loop has to wait.
    image = np.empty((*counts.shape, 4), dtype=np.uint8)
    image[:, :, :3] = np.rint(255 * np.array(to_rgb(look.line)))
    image[:, :, 3] = np.rint(255 * opacity(counts))
    extent = (grid.begin, grid.end, grid.low, grid.high)
    limits = axes.get_xlim()
    axes.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="nearest")
    axes.set_xlim(limits)
    draw_hits(axes, panel, scene, look)


def draw_hits(axes: Any, panel: Panel, scene: Scene, look: Look) -> None:
    """Mark where each walker reached a condition, in the condition's colour."""
    places: dict[str, list[tuple[float, float]]] = {}
    for line in panel.lines:
        if line.hit is not None and line.reached and _is_seen(axes, line.times[line.hit]):
            place = float(line.times[line.hit]), float(line.values[line.hit])
            places.setdefault(line.reached[0], []).append(place)
    for condition, hits in places.items():
        colour = condition_colour(scene.colour_of(condition))
        x, y = zip(*hits, strict=True)
        _stars(axes, list(x), list(y), colour, look, 8)


def _stars(axes: Any, x: list[float], y: list[float], colour: str, look: Look, size: float) -> None:
    style = {"mec": look.ink, "mew": 0.7, "clip_on": False, "zorder": 5}
    axes.plot(x, y, ls="", marker="*", ms=size, color=colour, **style)
