"""What lies where in a drawing of walkers over time. Knows of no widget and no loop."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from asyncmd_jupyter.jupyter.widgets.panels import Line, Panel, Span
from asyncmd_jupyter.jupyter.widgets.plot_axes import PlotAxes

REACH = 30.0  # CSS pixels: what is farther away from the pointer is not meant
_SAME_TIME = 1e-6  # files with times in single precision are that exact
STAR = 9.0  # a star that is as near as this is meant, whatever else is nearer


class Pick(NamedTuple):
    """A frame of a walker.

    Attributes
    ----------
    place : int
        Of the walker among all of the plot.
    time : float
        In ps.
    distance : float
        Between the point and where the frame is drawn, in CSS pixels.
    """

    place: int
    time: float
    distance: float = 0.0


class Dot(NamedTuple):
    """Where a frame lies in one of the axes: their number, and what is along x and y."""

    axes: int
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Overlay:
    """A drawing over time.

    Attributes
    ----------
    size : (float, float)
        In CSS pixels.
    whole : (float, float)
        All times that could be shown.
    panels : tuple of Panel
    axes : tuple of PlotAxes
        Those of the panels.
    strips : PlotAxes or None
        Where it is drawn when conditions held.
    strip : float
        Height of the strip of one condition.
    lanes : int
        Walkers that have a lane of their own in each strip; 0 where they have none.
    is_dense : bool
        Whether there are too many walkers for a line of their own.
    """

    size: tuple[float, float]
    whole: Span
    panels: tuple[Panel, ...]
    axes: tuple[PlotAxes, ...]
    strips: PlotAxes | None = None
    strip: float = 1.0
    lanes: int = 0
    is_dense: bool = False

    def as_json(self) -> dict[str, Any]:
        """What a page has to know of it."""
        shown = self.axes if self.strips is None else (*self.axes, self.strips)
        return {
            "size": [round(one, 2) for one in self.size],
            "axes": [one.as_json() for one in shown],
            "whole": {"x": self.whole},
            "is_zoomed": any(one.x != self.whole for one in shown),
        }

    def at(self, left: float, top: float, reach: float = REACH) -> Pick | None:
        """Find the frame that is drawn nearest to a point; takes long where walkers are many.

        Parameters
        ----------
        left, top : float
        reach : float
            What is farther away does not count.
        """
        for panel, axes in zip(self.panels, self.axes, strict=True):
            if axes.holds(left, top, STAR):
                star = _star(panel, axes, left, top)
                # Of a cloud of curves no single one is meant until it is clicked.
                is_cloud = self.is_dense and reach < math.inf
                return star if star or is_cloud else nearest(panel, axes, left, top, reach)
        if self.strips is not None and self.strips.holds(left, top):
            return self._in_lane(self.strips, left, top)
        return None

    def _in_lane(self, strips: PlotAxes, left: float, top: float) -> Pick | None:
        if not self.lanes:
            return None
        lane = int((top - strips.top) % self.strip * self.lanes / self.strip)
        return Pick(min(lane, self.lanes - 1), strips.values_at(left, top)[0])

    def dots(self, frames: Iterable[Pick]) -> Iterator[Dot]:
        """Yield where the values of some frames are drawn."""
        for frame in frames:
            for number, panel in enumerate(self.panels):
                line = panel.by_place.get(frame.place)
                if line is not None and len(line.times):
                    yield from _dot(number, self.axes[number], line, frame.time)

    def values(self, frame: Pick) -> Iterator[tuple[str, str, float]]:
        """Yield name, unit and value of what is known of a frame.

        Energies may be written at other times than frames, which the name then tells.
        """
        for panel in self.panels:
            line = panel.by_place.get(frame.place)
            if line is not None and len(line.times):
                at = line.nearest(frame.time)
                name = _name_at(panel.name, float(line.times[at]), frame.time)
                yield name, panel.unit, float(line.values[at])


def _name_at(name: str, time: float, wanted: float) -> str:
    is_then = math.isclose(time, wanted, rel_tol=_SAME_TIME, abs_tol=_SAME_TIME)
    return name if is_then else f"{name} (at {time:.6g} ps)"


def _dot(number: int, axes: PlotAxes, line: Line, time: float) -> Iterator[Dot]:
    found = line.nearest(time)
    x, y = axes.shown(float(line.times[found]), float(line.values[found]))
    if np.isfinite(y):
        yield Dot(number, x, y)


def nearest(panel: Panel, axes: PlotAxes, left: float, top: float, reach: float) -> Pick | None:
    """Find the frame on a curve that is nearest to a point."""
    time, _ = axes.values_at(left, top)
    room = reach * (axes.x[1] - axes.x[0]) / axes.width
    span = max(axes.x[0], time - room), min(axes.x[1], time + room)
    found = (_on_line(line, axes, left, top, span) for line in panel.lines)
    near = [pick for pick in found if pick is not None and pick.distance <= reach]
    return min(near, key=lambda pick: pick.distance, default=None)


def _star(panel: Panel, axes: PlotAxes, left: float, top: float) -> Pick | None:
    places, times, values = panel.stars
    x, y = axes.place_of(times, values)
    far = np.hypot(x - left, y - top)
    if not np.isfinite(far).any():
        return None
    found = int(np.nanargmin(far))
    near = Pick(int(places[found]), float(times[found]), float(far[found]))
    return near if near.distance <= STAR else None


def _on_line(line: Line, axes: PlotAxes, left: float, top: float, span: Span) -> Pick | None:
    seen = line.within(span)
    times, values = line.times[seen], line.values[seen]
    if not len(times):
        return None
    x, y = axes.place_of(times, values)
    far = np.hypot(x - left, y - top)
    if not np.isfinite(far).any():
        return None
    found = int(np.nanargmin(far))
    return Pick(line.place, float(times[found]), float(far[found]))
