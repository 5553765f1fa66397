"""Draws walkers over how often their frames lie where, in a plane of two functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from asyncmd_jupyter.jupyter.widgets.axes import copies, limits, set_ticks
from asyncmd_jupyter.jupyter.widgets.condition_plot import FONT, Legend
from asyncmd_jupyter.jupyter.widgets.free_energy import (
    Side,
    coarser,
    density,
    free_energy,
    without_jumps,
)
from asyncmd_jupyter.jupyter.widgets.look import (
    Look,
    condition_colour,
    lone_colour,
    walker_colour,
)
from asyncmd_jupyter.jupyter.widgets.panels import Span, unit_of
from asyncmd_jupyter.jupyter.widgets.plane_paths import (
    KnownPlane,
    Path,
    Plane,
    PlaneOverlay,
    Rectangle,
    is_free_energy,
    paths_of,
)
from asyncmd_jupyter.jupyter.widgets.plot_axes import PlotAxes
from asyncmd_jupyter.jupyter.widgets.scene import Scene, awaited, hits_in_words, whose
from asyncmd_jupyter.jupyter.widgets.words import listed
from asyncmd_jupyter.jupyter.widgets.zoom import Zoom, kept_within

SIZE, LEFT, TITLE, AXIS = 400, 62, 30, 46
TRAIL, SHORT_TRAIL = 25, 4
HIGHEST = 8.0  # kT, above which all looks the same


def describe_plane(scene: Scene, plane: Plane) -> str:
    """Say in words what the drawing shows."""
    if note := note_in_plane(scene, plane):
        return note
    what = "free energy" if is_free_energy(scene) else "density of the frames"
    said = [f"{plane[1]} against {plane[0]} of {whose(scene)}: {what}"]
    states = [name for name in scene.conditions if list(_rectangles(scene, plane, name))]
    said += [f"outlined: {listed(states)}"] if states else []
    return "; ".join(said + hits_in_words(scene)) + ". " + caption(scene, plane)


def caption(scene: Scene, plane: Plane) -> str:
    """Say in one sentence what the colours are, and why they are not something else."""
    if note_in_plane(scene, plane):
        return ""
    counted = sum(path.n_frames for path in paths_of(scene, plane))
    if is_free_energy(scene):
        return (
            f"Free energy in kT from the {counted:,} frames of runs of full length; it is "
            "converged only where the walkers have been several times."
        )
    return (
        f"Density of these {counted:,} frames, not a free energy: the runs are stopped when they "
        "arrive in a state, so what lies behind is missing; a free energy needs runs of full "
        "length."
    )


def note_in_plane(scene: Scene, plane: Plane) -> str:
    """What is said where there is nothing to draw; else empty."""
    if scene.is_empty:
        return awaited(scene)
    if not list(paths_of(scene, plane)):
        return f"No walker has values of both {plane[0]} and {plane[1]}."
    return ""


def _rectangles(scene: Scene, plane: Plane, condition: str) -> Iterator[Rectangle]:
    """Where a condition has limits on both axes; in pieces where these go round a circle."""
    sides = [[b for b in scene.bands(name) if b.condition == condition] for name in plane]
    for x in sides[0]:
        for y in sides[1]:
            yield x.low, x.high, y.low, y.high


class PlaneSheet:
    """Places axes, legend and the bar of colours by pixels.

    Parameters
    ----------
    scene : Scene
    look : Look
    known : KnownPlane
        What was counted for earlier drawings of the same plot.
    plane : (str, str)
        Names of the functions along x and y.
    zoom : Zoom, optional
        The part of the plane that is shown.
    """

    def __init__(
        self, scene: Scene, look: Look, known: KnownPlane, plane: Plane, zoom: Zoom | None = None
    ) -> None:
        self.scene, self.look, self.known, self.plane = scene, look, known, plane
        self.size = max(160, min(SIZE, look.width - LEFT - 100))
        width = look.width - LEFT - 10
        self.legend = Legend(scene, look, LEFT, width, "at their newest frames, each a dot")
        self.paths = list(paths_of(scene, plane))
        self.whole = self._side(0), self._side(1)
        asked = (None, None) if zoom is None else (zoom.x, zoom.y)
        self.sides = _part(self.whole[0], asked[0]), _part(self.whole[1], asked[1])

    @property
    def height(self) -> float:
        """Of the whole drawing."""
        return self.legend.height + TITLE + self.size + AXIS

    def _side(self, axis: int) -> Side:
        bands = self.scene.bands(self.plane[axis])
        period = next((band.period for band in bands if band.period), None)
        values = [(path.x, path.y)[axis] for path in self.paths]
        return Side(*limits(values, bands, period), period)

    @property
    def overlay(self) -> PlaneOverlay:
        """What lies where."""
        size = float(self.look.width), self.height
        whole = tuple((side.low, side.high) for side in self.whole)
        return PlaneOverlay(size, (whole[0], whole[1]), self._placed, tuple(self.paths))

    @property
    def _placed(self) -> PlotAxes:
        x, y = self.sides
        return PlotAxes(
            self.plane[1],
            self._unit(1),
            LEFT,
            self.height - AXIS - self.size,
            self.size,
            self.size,
            (x.low, x.high),
            (y.low, y.high),
            y.period,
            self.plane[0],
            self._unit(0),
            x.period,
        )

    def _unit(self, axis: int) -> str:
        name = self.plane[axis]
        shown = [one for track in self.scene.tracks for one in track.pieces.observables]
        return unit_of([one for one in shown if one.name == name], self.scene.bands(name))

    def draw(self, figure: Any) -> None:
        """Fill a figure of this height."""
        self.legend.draw(figure)
        axes = self._axes(figure)
        self._surface(figure, axes)
        for index, name in enumerate(self.scene.conditions):
            self._state(axes, name, condition_colour(index))
        for path in self.paths:
            self._walker(axes, path)

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
        axes.set_xlabel(_label(self.plane[0], self._unit(0)), color=look.ink, size=FONT, labelpad=3)
        axes.set_ylabel(_label(self.plane[1], self._unit(1)), color=look.ink, size=FONT, labelpad=1)
        return axes

    def _surface(self, figure: Any, axes: Any) -> None:
        (x, y), look = self.sides, self.look
        counts = self.known.counts(self.paths, self.sides)
        drawn = self._energy(counts) if is_free_energy(self.scene) else self._density(counts)
        values, style, said = drawn
        extent = (x.low, x.high, y.low, y.high)
        style = {"interpolation": "nearest", "cmap": "cividis", "alpha": 0.85, **style}
        image = axes.imshow(values, extent=extent, origin="lower", aspect="auto", **style)
        left, height = (LEFT + self.size + 14) / look.width, self.size / self.height
        bar = figure.add_axes((left, AXIS / self.height, 12 / look.width, height))
        drawn_bar = figure.colorbar(image, cax=bar, extend="neither")
        if "norm" in style:
            _set_log_ticks(drawn_bar)
        bar.tick_params(colors=look.faint, labelcolor=look.ink, labelsize=FONT, width=0.6)
        for spine in bar.spines.values():
            spine.set(color=look.faint, linewidth=0.6)
        bar.set_ylabel(said, color=look.ink, size=FONT)

    def _energy(self, counts: Any) -> tuple[Any, dict[str, Any], str]:
        shown = coarser(counts)
        most = min(HIGHEST, max(1.0, float(np.log(max(1.0, shown.max())))))
        said = f"free energy \u2212ln p (kT) from {int(counts.sum()):,} frames"
        if self.sides != self.whole:
            said += ", 0 at the lowest shown"
        return free_energy(shown), {"vmin": 0.0, "vmax": most}, said

    def _density(self, counts: Any) -> tuple[Any, dict[str, Any], str]:
        from matplotlib.colors import LogNorm

        x, y = self.sides
        total = float(sum(path.n_frames for path in self.paths))
        values = density(coarser(counts), (x.high - x.low) * (y.high - y.low), total)
        seen = values[np.isfinite(values)]
        low, high = (seen.min(), seen.max()) if len(seen) else (1.0, 1.0)
        said = f"density of {int(counts.sum()):,} frames{self._by_area()}"
        return values, {"norm": LogNorm(low, max(high, low * 1.01))}, said

    def _by_area(self) -> str:
        x, y = self._unit(0), self._unit(1)
        if not (x and y):
            return ""
        return f" (1/{x}\u00b2)" if x == y else f" (1/({x}\u00b7{y}))"

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
        end = path.end
        x, y = without_jumps(path.x[:end][-trail:], path.y[:end][-trail:], self.sides)
        if not len(x):
            return
        axes.plot(x, y, color=colour, zorder=4, lw=0.6 if is_dense else 1.0, alpha=0.6)
        hit = path.track.hit
        if hit is not None and hit[1] and is_dense:
            colour = condition_colour(self.scene.colour_of(hit[1][0]))
        mark, size = ("*", 12) if hit is not None else ("o", 7)
        style = {"ms": size * (0.65 if is_dense else 1.0), "mec": look.ink, "mew": 0.7}
        axes.plot(x[-1:], y[-1:], ls="", color=colour, marker=mark, zorder=5, **style)


def _part(whole: Side, asked: Span | None) -> Side:
    low, high = kept_within(asked, (whole.low, whole.high))
    return Side(low, high, whole.period)


def _label(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _set_log_ticks(bar: Any) -> None:
    """Write numbers without powers: names are no formulas in a plot, so these can't be either."""
    from matplotlib.ticker import LogLocator, NullLocator

    bar.locator, bar.minorlocator = LogLocator(subs=(1.0, 2.0, 5.0)), NullLocator()
    bar.formatter = lambda value, _: f"{value:.3g}"
    bar.update_ticks()
