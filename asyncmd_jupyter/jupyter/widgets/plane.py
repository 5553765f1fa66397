"""Draws the walkers on the free energy that their frames give, over two functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from asyncmd_jupyter.jupyter.widgets.axes import copies, limits, set_ticks
from asyncmd_jupyter.jupyter.widgets.condition_plot import FONT, Legend, figure_of, painted
from asyncmd_jupyter.jupyter.widgets.decimate import Floats
from asyncmd_jupyter.jupyter.widgets.free_energy import (
    PlaneCounts,
    Side,
    coarser,
    free_energy,
    without_jumps,
)
from asyncmd_jupyter.jupyter.widgets.look import (
    Look,
    condition_colour,
    lone_colour,
    walker_colour,
)
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track, awaited, hits_in_words, whose
from asyncmd_jupyter.jupyter.widgets.words import listed

SIZE, LEFT, TITLE, AXIS = 400, 62, 30, 46
TRAIL, SHORT_TRAIL = 25, 4
HIGHEST = 8.0  # kT, above which all looks the same

Plane = tuple[str, str]
Rectangle = tuple[float, float, float, float]


class Path(NamedTuple):
    """The values of both functions for one walker."""

    place: int
    track: Track
    x: Floats
    y: Floats


class KnownPlane:
    """Remembers the counts of a live plot; used in the drawing thread only."""

    def __init__(self) -> None:
        self._counts: PlaneCounts | None = None
        self._done: dict[int, int] = {}

    def counts(self, paths: list[Path], sides: tuple[Side, Side]) -> Floats:
        """Return the number of frames in each bin."""
        lengths = {path.place: len(path.x) for path in paths}
        grown = all(lengths.get(index, -1) >= done for index, done in self._done.items())
        if self._counts is None or self._counts.sides != sides or not grown:
            self._counts, self._done = PlaneCounts(*sides), {}
        for path in paths:
            begin = self._done.get(path.place, 0)
            self._counts.add(path.x[begin:], path.y[begin:])
            self._done[path.place] = len(path.x)
        return self._counts.counts()


def draw_plane(
    scene: Scene,
    look: Look,
    file_format: str = "png",
    known: KnownPlane | None = None,
    *,
    plane: Plane,
) -> bytes:
    """Draw the walkers of `scene` in a plane and return the image.

    Parameters
    ----------
    scene : Scene
    look : Look
    file_format : str
    known : KnownPlane, optional
        What was counted for earlier drawings of the same plot.
    plane : (str, str)
        Names of the functions along x and y.
    """
    return painted(plane_figure(scene, look, known, plane=plane), look, file_format)


def plane_figure(scene: Scene, look: Look, known: KnownPlane | None = None, *, plane: Plane) -> Any:
    """Draw the same as a matplotlib figure, of which nothing is painted yet."""
    sheet = _Sheet(scene, look, known or KnownPlane(), plane)
    return figure_of(look, sheet.height, sheet.draw)


def describe_plane(scene: Scene, plane: Plane) -> str:
    """Say in words what the drawing shows."""
    if scene.is_empty:
        return awaited(scene)
    paths = list(paths_of(scene, plane))
    counted = sum(int((np.isfinite(p.x) & np.isfinite(p.y)).sum()) for p in paths)
    stopped = "were stopped by conditions and " if any(t.hit for t in scene.tracks) else ""
    said = [
        f"{plane[1]} against {plane[0]} of {whose(scene)}: free energy in kT from these "
        f"{counted:,} frames, which {stopped}may not be converged"
    ]
    states = [name for name in scene.conditions if list(_rectangles(scene, plane, name))]
    said += [f"outlined: {listed(states)}"] if states else []
    return "; ".join(said + hits_in_words(scene)) + "."


def paths_of(scene: Scene, plane: Plane) -> Iterator[Path]:
    """Yield the walkers of which both functions are known."""
    for index, track in enumerate(scene.tracks):
        values = {o.name: o.values for o in track.series.observables}
        if plane[0] in values and plane[1] in values:
            yield Path(index, track, values[plane[0]], values[plane[1]])


def _rectangles(scene: Scene, plane: Plane, condition: str) -> Iterator[Rectangle]:
    """Where a condition has limits on both axes; in pieces where these go round a circle."""
    sides = [[b for b in scene.bands(name) if b.condition == condition] for name in plane]
    for x in sides[0]:
        for y in sides[1]:
            yield x.low, x.high, y.low, y.high


class _Sheet:
    def __init__(self, scene: Scene, look: Look, known: KnownPlane, plane: Plane) -> None:
        self.scene, self.look, self.known, self.plane = scene, look, known, plane
        self.size = max(160, min(SIZE, look.width - LEFT - 100))
        width = look.width - LEFT - 10
        self.legend = Legend(scene, look, LEFT, width, "at their newest frames, each a dot")
        self.paths = list(paths_of(scene, plane))
        self.sides = self._side(0), self._side(1)

    @property
    def height(self) -> float:
        if not self.paths or self.scene.is_empty:
            return 64
        return self.legend.height + TITLE + self.size + AXIS

    def _side(self, axis: int) -> Side:
        bands = self.scene.bands(self.plane[axis])
        period = next((band.period for band in bands if band.period), None)
        values = [(path.x, path.y)[axis] for path in self.paths]
        return Side(*limits(values, bands, period), period)

    def draw(self, figure: Any) -> None:
        if not self.paths or self.scene.is_empty:
            style = {"color": self.look.faint, "size": FONT + 1}
            figure.text(0.5, 0.5, self._nothing(), ha="center", va="center", **style)
            return
        self.legend.draw(figure)
        axes = self._axes(figure)
        self._energy(figure, axes)
        for index, name in enumerate(self.scene.conditions):
            self._state(axes, name, condition_colour(index))
        for path in self.paths:
            self._walker(axes, path)

    def _nothing(self) -> str:
        if self.scene.is_empty:
            return awaited(self.scene)
        return f"No walker has values of both {self.plane[0]} and {self.plane[1]}."

    def _axes(self, figure: Any) -> Any:
        look, (x, y) = self.look, self.sides
        place = (
            LEFT / look.width,
            AXIS / self.height,
            self.size / look.width,
            self.size / self.height,
        )
        axes = figure.add_axes(place, facecolor="none", xlim=(x.low, x.high), ylim=(y.low, y.high))
        axes.tick_params(colors=look.faint, labelcolor=look.ink, labelsize=FONT, width=0.6)
        for spine in axes.spines.values():
            spine.set(color=look.faint, linewidth=0.6)
        set_ticks(axes, y.period)
        set_ticks(axes, x.period, "x")
        axes.set_xlabel(_label(self.plane[0], x), color=look.ink, size=FONT, labelpad=3)
        axes.set_ylabel(_label(self.plane[1], y), color=look.ink, size=FONT, labelpad=1)
        return axes

    def _energy(self, figure: Any, axes: Any) -> None:
        counts = self.known.counts(self.paths, self.sides)
        (x, y), look = self.sides, self.look
        image = axes.imshow(
            free_energy(coarser(counts)),
            extent=(x.low, x.high, y.low, y.high),
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            cmap="cividis",
            vmin=0.0,
            vmax=min(HIGHEST, max(1.0, float(np.log(max(1.0, coarser(counts).max()))))),
            alpha=0.85,
        )
        left, height = (LEFT + self.size + 14) / look.width, self.size / self.height
        bar = figure.add_axes((left, AXIS / self.height, 12 / look.width, height))
        figure.colorbar(image, cax=bar, extend="neither")
        bar.tick_params(colors=look.faint, labelcolor=look.ink, labelsize=FONT, width=0.6)
        for spine in bar.spines.values():
            spine.set(color=look.faint, linewidth=0.6)
        said = f"free energy \u2212ln p (kT) from these {int(counts.sum()):,} frames"
        bar.set_ylabel(said, color=look.ink, size=FONT)

    def _state(self, axes: Any, name: str, colour: str) -> None:
        from matplotlib.patches import Rectangle as Patch

        (x, y), named = self.sides, False
        for x_low, x_high, y_low, y_high in self._pieces(name):
            width, height = x_high - x_low, y_high - y_low
            style: dict[str, Any] = {
                "edgecolor": colour,
                "facecolor": "none",
                "lw": 2.0,
                "zorder": 3,
            }
            axes.add_patch(Patch((x_low, y_low), width, height, **style))
            if not named and width > 0.1 * (x.high - x.low) and height > 0.06 * (y.high - y.low):
                self._name(axes, name, x_low, y_high, colour)
                named = True

    def _pieces(self, name: str) -> Iterator[Rectangle]:
        x, y = self.sides
        bands = [[b for b in self.scene.bands(n) if b.condition == name] for n in self.plane]
        for one in bands[0]:
            for other in bands[1]:
                for begin, end in copies(one, x.low, x.high):
                    for low, high in copies(other, y.low, y.high):
                        yield begin, end, low, high

    def _name(self, axes: Any, name: str, x: float, y: float, colour: str) -> None:
        ground = "#111111" if self.look.dark else "white"
        box = {"facecolor": ground, "edgecolor": colour, "lw": 0.8, "pad": 2, "alpha": 0.85}
        style = {"size": FONT - 0.6, "color": self.look.ink, "ha": "left", "va": "top"}
        place = {"xytext": (4, -4), "textcoords": "offset points", "clip_on": True}
        axes.annotate(name, (x, y), bbox=box, zorder=4, **style, **place)

    def _walker(self, axes: Any, path: Path) -> None:
        is_dense, look = self.scene.is_dense, self.look
        colour = walker_colour(path.place, len(self.scene.tracks), look)
        if is_dense or len(self.scene.tracks) == 1:
            colour = lone_colour(look)
        trail = SHORT_TRAIL if is_dense else TRAIL
        x, y = without_jumps(path.x[-trail:], path.y[-trail:], self.sides)
        if not len(x):
            return
        axes.plot(x, y, color=colour, zorder=4, lw=0.6 if is_dense else 1.0, alpha=0.6)
        hit = path.track.hit
        if hit is not None and hit[1] and is_dense:
            colour = condition_colour(self.scene.colour_of(hit[1][0]))
        mark, size = ("*", 12) if hit is not None else ("o", 7)
        style = {"ms": size * (0.65 if is_dense else 1.0), "mec": look.ink, "mew": 0.7}
        axes.plot(x[-1:], y[-1:], ls="", color=colour, marker=mark, zorder=5, **style)


def _label(name: str, side: Side) -> str:
    return f"{name} (°)" if side.period is not None and abs(side.period - 360) < 1e-6 else name
