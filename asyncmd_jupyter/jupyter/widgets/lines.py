"""Draws one observable of all walkers: as lines where they are few, else as a density."""

from __future__ import annotations

from typing import Any

import numpy as np

from asyncmd_jupyter.jupyter.widgets.axes import copies
from asyncmd_jupyter.jupyter.widgets.decimate import Floats, decimate
from asyncmd_jupyter.jupyter.widgets.density import Grid, LineDensity, opacity
from asyncmd_jupyter.jupyter.widgets.look import Look, condition_colour, walker_colour
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track
from asyncmd_jupyter.sampling.progress import Band, Observable


class Densities:
    """Remembers the densities of a live plot, so that only new frames have to be added.

    Belongs to one plot and is used in the drawing thread only.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[LineDensity, dict[int, int]]] = {}

    def counts(self, name: str, scene: Scene, grid: Grid) -> Floats:
        """Return the lines in each pixel."""
        tracks = list(scene.of_name(name))
        density, done = self._known.get(name, (None, {}))
        if density is None or density.grid != grid or not _only_grown(tracks, done):
            density, done = LineDensity(grid), {}
        for index, track, shown in tracks:
            begin = done.get(index, 0)
            if begin < len(shown.values):
                since = max(0, begin - 1)
                density.add(track.series.times[since:], shown.values[since:])
            done[index] = len(shown.values)
        self._known[name] = density, done
        return density.counts()


def _only_grown(tracks: list[tuple[int, Track, Observable]], done: dict[int, int]) -> bool:
    lengths = {index: len(shown.values) for index, _, shown in tracks}
    return all(lengths.get(index, -1) >= known for index, known in done.items())


def draw_bands(axes: Any, bands: list[Band], scene: Scene, look: Look) -> None:
    """Shade the intervals of the conditions."""
    low, high = axes.get_ylim()
    for band in bands:
        colour = condition_colour(scene.colour_of(band.condition))
        for start, stop in copies(band, low, high):
            axes.axhspan(start, stop, color=colour, alpha=look.band_opacity, lw=0, zorder=0)


def draw_lines(
    axes: Any, name: str, scene: Scene, look: Look, period: float | None, columns: int
) -> None:
    """Draw a line for each walker; parts alternate in strength."""
    n_lines = len(scene.tracks)
    columns = look.columns_for(n_lines, columns)
    for index, track, shown in scene.of_name(name):
        colour = walker_colour(index, n_lines, look)
        series = track.series
        line = decimate(series.times, shown.values, series.parts, columns, period)
        for odd, strength in ((True, 1.0), (False, 0.55)):
            y = np.where(line.odd == odd, line.y, np.nan)
            if not np.isnan(y).all():
                width = 1.1 if n_lines == 1 else 0.9
                style = {"color": colour, "alpha": strength, "lw": width}
                axes.plot(line.x, y, solid_joinstyle="round", **style)
        _mark_end(axes, track, shown, colour, look)


def _mark_end(axes: Any, track: Track, shown: Observable, colour: str, look: Look) -> None:
    times = track.series.times
    if track.hit is not None:
        frame = track.hit[0]
        axes.axvline(times[frame], color=colour, lw=0.8, ls=(0, (3, 2)), zorder=3)
        _stars(axes, [times[frame]], [shown.values[frame]], colour, look, 10)
    elif track.is_final and len(times):
        style = {"marker": "|", "ms": 11, "mew": 1.6, "color": colour, "zorder": 4}
        axes.plot([times[-1]], [shown.values[-1]], **style)


def draw_density(
    axes: Any, name: str, scene: Scene, look: Look, counts: Floats, grid: Grid
) -> None:
    """Draw how many walkers pass where, and a star at each first hit."""
    from matplotlib.colors import to_rgb

    # Bytes: what matplotlib does with numbers takes longer, and the event loop has to wait.
    image = np.empty((*counts.shape, 4), dtype=np.uint8)
    image[:, :, :3] = np.rint(255 * np.array(to_rgb(look.line)))
    image[:, :, 3] = np.rint(255 * opacity(counts))
    extent = (0.0, grid.end, grid.low, grid.high)
    limits = axes.get_xlim()
    axes.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="nearest")
    axes.set_xlim(limits)
    draw_hits(axes, name, scene, look)


def draw_hits(axes: Any, name: str, scene: Scene, look: Look) -> None:
    """Mark where each walker reached a condition, in the condition's colour."""
    places: dict[str, list[tuple[float, float]]] = {}
    for _, track, shown in scene.of_name(name):
        if track.hit is not None and track.hit[1]:
            frame, reached = track.hit
            place = float(track.series.times[frame]), float(shown.values[frame])
            places.setdefault(reached[0], []).append(place)
    for condition, hits in places.items():
        colour = condition_colour(scene.colour_of(condition))
        x, y = zip(*hits, strict=True)
        _stars(axes, list(x), list(y), colour, look, 8)


def _stars(axes: Any, x: list[float], y: list[float], colour: str, look: Look, size: float) -> None:
    style = {"mec": look.ink, "mew": 0.7, "clip_on": False, "zorder": 5}
    axes.plot(x, y, ls="", marker="*", ms=size, color=colour, **style)
