"""Frames of paths that are in files of segments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asyncmd_jupyter.engines.stepping.segments import Entry
from asyncmd_jupyter.frames.read_many import FrameArrays
from asyncmd_jupyter.methods.path import Numbers


@dataclass(frozen=True, eq=False)
class InSegment:
    """Frames of one segment, read when they are used."""

    entry: Entry
    structure: str | None = None

    def __len__(self) -> int:
        return self.entry.n_frames

    def read(self, numbers: Numbers) -> FrameArrays:
        """Read frames from the file."""
        segment = self.entry.read()
        arrays = FrameArrays(segment.positions, segment.velocities, segment.box)
        is_all = np.array_equal(numbers, np.arange(len(self)))
        return arrays if is_all else arrays.take(numbers)
