"""When conditions held, as one strip for each condition."""

from __future__ import annotations

from typing import Any

import numpy as np

from asyncmd_jupyter.jupyter.widgets.decimate import Floats, fulfilled_share
from asyncmd_jupyter.jupyter.widgets.look import condition_colour
from asyncmd_jupyter.jupyter.widgets.panels import Span
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track

STRIP = 15


class Strips:
    """The pixels of all strips: a lane for each walker, or the share of all where many."""

    def __init__(self, scene: Scene, span: Span, columns: int) -> None:
        self._scene, self._span, self._columns = scene, span, columns
        n_tracks = len(scene.tracks)
        self._lane = STRIP
        if n_tracks > 1 and not scene.is_dense:
            self._lane = max(3, min(STRIP, 60 // n_tracks))
        self.lanes = 0 if scene.is_dense else n_tracks
        self.strip = self._lane * max(1, self.lanes) + 3

    @property
    def height(self) -> int:
        """Of all strips in pixels."""
        return self.strip * len(self._scene.conditions)

    @property
    def centres(self) -> list[float]:
        """Middle of each condition's strip in pixels from the top."""
        return [self.strip * (i + 0.5) - 1.5 for i in range(len(self._scene.conditions))]

    def image(self) -> Any:
        """Make RGBA pixels: strong where a condition held, weak where it was looked at."""
        from matplotlib.colors import to_rgb

        image = np.zeros((self.height, self._columns, 4))
        for row, shares in enumerate(self._shares()):
            for i, share in enumerate(shares):
                begin = row * self.strip + i * self._lane
                gap = 1 if len(shares) > 1 else 0
                lane = image[begin : begin + max(1, self._lane - gap)]
                lane[:, :, :3] = to_rgb(condition_colour(row))
                lane[:, :, 3] = np.where(np.isnan(share), 0.0, 0.13 + 0.87 * np.nan_to_num(share))
        return np.rint(255 * image).astype(np.uint8)

    def _shares(self) -> list[list[Floats]]:
        """Give the lanes of each condition."""
        if self._scene.is_dense:
            return [[share] for share in self._of_all()]
        return [[self._of(t, name) for t in self._scene.tracks] for name in self._scene.conditions]

    def _of(self, track: Track, name: str) -> Floats:
        series = track.series
        held = series.fulfilled.get(name, np.zeros(len(series.times), dtype=bool))
        return fulfilled_share(series.times, held, self._span, self._columns)

    def _of_all(self) -> list[Floats]:
        """Share of the walkers that are there at each time, for each condition."""
        names = self._scene.conditions
        width = (self._span[1] - self._span[0]) / self._columns
        middles = self._span[0] + (np.arange(self._columns) + 0.5) * width
        held, there = np.zeros((len(names), self._columns)), np.zeros(self._columns)
        for track in self._scene.tracks:
            times = track.series.times
            if not len(times):
                continue
            frames = np.maximum(np.searchsorted(times, middles, "right") - 1, 0)
            alive = middles <= times[-1] + self._scene.interval
            there += alive
            for i, name in enumerate(names):
                if name in track.series.fulfilled:
                    held[i] += track.series.fulfilled[name][frames] & alive
        with np.errstate(invalid="ignore"):
            return list(held / np.where(there > 0, there, np.nan))
