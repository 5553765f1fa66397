"""The legend of a plot: a line for each walker, or a summary where they are many."""

from __future__ import annotations

from typing import Any

from asyncmd_jupyter.jupyter.widgets.axes import shortened
from asyncmd_jupyter.jupyter.widgets.look import (
    WALKER_COLOURS,
    Look,
    condition_colour,
    lone_colour,
    walker_colour,
    walker_dashes,
)
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track, name_of
from asyncmd_jupyter.jupyter.widgets.words import listed, picoseconds

FONT = 8.6
ROW, BELOW = 18, 4
MOST_ROWS = 4  # with the times at which states were reached; they are in the head, too


class Legend:
    """Entries in as many columns as there is room for.

    Parameters
    ----------
    scene : Scene
    look : Look
    left, width : float
        Where it may be, in CSS pixels.
    how : str
        How many walkers are drawn, in words.
    """

    def __init__(
        self,
        scene: Scene,
        look: Look,
        left: float,
        width: float,
        how: str = "darker where more pass",
    ) -> None:
        self._scene, self._look, self._left = scene, look, left
        self._is_dots = "dot" in how
        self._labels = _labels(scene, how)
        has_dashes = len(WALKER_COLOURS) < len(scene.tracks) and not scene.is_dense
        self._handle = 2.6 if has_dashes else 1.2  # so long that dashes are seen
        if self._fitting(width) < 2 and len(self._labels) > MOST_ROWS:
            self._labels = [_without_time(label) for label in self._labels]
        rows = -(-len(self._labels) // self._fitting(width))
        self._columns = -(-len(self._labels) // max(1, rows))
        self.height = ROW * rows + (BELOW if rows else 0)

    def _fitting(self, width: float) -> int:
        """Entries that fit beside each other."""
        widest = max(map(len, self._labels), default=0)
        return max(1, int(width // (6.1 * widest + 22 + 10 * self._handle)))

    def draw(self, figure: Any) -> None:
        """Draw it at the top of a figure."""
        if not self._labels:
            return
        look = self._look
        # Before version 3.10 matplotlib leaves out what begins with an underscore.
        figure.legend(
            self._handles(),
            [f" {label}" if label.startswith("_") else label for label in self._labels],
            loc="upper left",
            bbox_to_anchor=((self._left - 8) / look.width, 1.0),
            ncols=self._columns,
            frameon=False,
            fontsize=FONT,
            labelcolor=look.ink,
            handlelength=self._handle,
            columnspacing=1.2,
            borderpad=0.2,
        )

    def _handles(self) -> list[Any]:
        from matplotlib.lines import Line2D

        look, n_tracks = self._look, len(self._scene.tracks)
        if not self._scene.is_dense:
            return [
                Line2D([], [], color=walker_colour(i, n_tracks, look), ls=walker_dashes(i), lw=2)
                for i in range(n_tracks)
            ]
        star: dict[str, Any] = {"marker": "*", "ls": "", "mec": look.ink, "mew": 0.7, "ms": 8}
        reached = _reached(self._scene)
        colours = [condition_colour(self._scene.colour_of(name)) for name in reached]
        dot = {**star, "marker": "o", "ms": 5, "color": lone_colour(look)}
        band = {"color": look.line, "lw": 5, "alpha": 0.5}
        return [
            Line2D([], [], **(dot if self._is_dots else band)),
            *(Line2D([], [], color=colour, **star) for colour in colours),
        ]


def when_reached(track: Track) -> str:
    """Say what ended a walker and when; empty if nothing did."""
    walker = track.walker
    if walker.reached_time is None:
        return ""
    return f"★ {listed(walker.reached)} at {picoseconds(walker.reached_time)}"


def _labels(scene: Scene, how: str) -> list[str]:
    if len(scene.tracks) < 2:
        return []
    if not scene.is_dense:
        return [
            f"{shortened(name_of(track, scene), 28)} {when_reached(track)}".rstrip()
            for track in scene.tracks
        ]
    hits = [track.walker.reached[0] for track in scene.tracks if track.walker.reached]
    counted = [f"{name}: {hits.count(name)} first hits" for name in _reached(scene)]
    runs = f" of {len(scene.runs)} runs" if len(scene.runs) > 1 else ""
    return [f"{len(scene.tracks)} walkers{runs}, {how}", *counted]


def _without_time(label: str) -> str:
    return label.rpartition(" at ")[0] if "★" in label else label


def _reached(scene: Scene) -> list[str]:
    """Names of the conditions that were reached, in their order."""
    first = {track.walker.reached[0] for track in scene.tracks if track.walker.reached}
    return [name for name in scene.conditions if name in first]
