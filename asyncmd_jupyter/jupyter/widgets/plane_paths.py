"""The frames of walkers in a plane of two functions: how many lie where, and which is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from asyncmd_jupyter.jupyter.widgets.decimate import Floats
from asyncmd_jupyter.jupyter.widgets.free_energy import PlaneCounts, Side
from asyncmd_jupyter.jupyter.widgets.overlay import REACH, Dot, Pick
from asyncmd_jupyter.jupyter.widgets.panels import Line, Span
from asyncmd_jupyter.jupyter.widgets.plot_axes import PlotAxes
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track

MOST_FRAMES = 1_000_000  # among which the nearest one is looked for; of more, only the newest

Plane = tuple[str, str]
Rectangle = tuple[float, float, float, float]


class Path(NamedTuple):
    """The values of both functions for one walker."""

    place: int
    track: Track
    times: Floats
    x: Floats
    y: Floats

    @property
    def n_frames(self) -> int:
        """Frames at which both functions have a value."""
        return int((np.isfinite(self.x) & np.isfinite(self.y)).sum())

    @property
    def end(self) -> int:
        """Number of the frames up to the one that is marked."""
        hit = self.track.hit
        return len(self.x) if hit is None else hit[0] + 1


def paths_of(scene: Scene, plane: Plane) -> Iterator[Path]:
    """Yield the walkers of which both functions are known."""
    for index, track in enumerate(scene.tracks):
        series = track.sampled
        values = {o.name: o.values for o in series.observables}
        if plane[0] in values and plane[1] in values:
            yield Path(index, track, series.times, values[plane[0]], values[plane[1]])


def is_free_energy(scene: Scene) -> bool:
    """Whether -ln of the density is one: not where runs are stopped by what they reach.

    Frames behind the first arrival in a state are missing then, so the state itself, where
    the free energy is lowest, would seem to be rarely visited.
    """
    return all(track.has_full_length for track in scene.tracks)


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


@dataclass(frozen=True, eq=False)
class PlaneOverlay:
    """What lies where in a drawing of a plane.

    Attributes
    ----------
    size : (float, float)
        Of the drawing in CSS pixels.
    whole : (Span, Span)
        All that could be shown along x and y.
    axes : PlotAxes
    paths : tuple of Path
    """

    size: tuple[float, float]
    whole: tuple[Span, Span]
    axes: PlotAxes
    paths: tuple[Path, ...]

    def as_json(self) -> dict[str, Any]:
        """What a page has to know of it."""
        return {
            "size": [round(one, 2) for one in self.size],
            "axes": [self.axes.as_json()],
            "whole": {"x": self.whole[0], "y": self.whole[1]},
            "is_zoomed": (self.axes.x, self.axes.y) != self.whole,
        }

    def at(self, left: float, top: float, reach: float = REACH) -> Pick | None:
        """Find the frame that is drawn nearest to a point; takes long where frames are many."""
        if not self.axes.holds(left, top):
            return None
        is_many = sum(len(path.x) for path in self.paths) > MOST_FRAMES
        found = (_on_path(path, self.axes, left, top, is_many) for path in self.paths)
        near = [pick for pick in found if pick is not None and pick.distance <= reach]
        return min(near, key=lambda pick: pick.distance, default=None)

    def dots(self, frames: Iterable[Pick]) -> Iterator[Dot]:
        """Yield where some frames are drawn."""
        for frame in frames:
            for path in self._of(frame.place):
                at = Line(path.place, path.times, path.x).nearest(frame.time)
                x, y = float(path.x[at]), float(path.y[at])
                if np.isfinite(x) and np.isfinite(y):
                    yield Dot(0, *self.axes.shown(x, y))

    def values(self, frame: Pick) -> Iterator[tuple[str, str, float]]:
        """Yield name, unit and value of both functions for a frame."""
        axes = self.axes
        for path in self._of(frame.place):
            at = Line(path.place, path.times, path.x).nearest(frame.time)
            yield axes.x_name, axes.x_unit, float(path.x[at])
            yield axes.name, axes.unit, float(path.y[at])

    def _of(self, place: int) -> Iterator[Path]:
        yield from (path for path in self.paths if path.place == place and len(path.times))


def _on_path(path: Path, axes: PlotAxes, left: float, top: float, is_many: bool) -> Pick | None:
    seen = slice(max(0, path.end - 1), path.end) if is_many else slice(0, len(path.x))
    x, y = axes.place_of(path.x[seen], path.y[seen])
    far = np.hypot(x - left, y - top)
    if not np.isfinite(far).any():
        return None
    found = int(np.nanargmin(far))
    return Pick(path.place, float(path.times[seen][found]), float(far[found]))
