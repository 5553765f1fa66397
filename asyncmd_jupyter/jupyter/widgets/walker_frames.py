"""The frames of one walker on disk, while they grow. Everything here blocks: use threads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.frame_copy import FrameCopy
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex, read_trr_frame
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.timeline import whole_wraps


@dataclass(frozen=True, eq=False)
class ShownFrame:
    """A frame in Å.

    Attributes
    ----------
    positions : NDArray
        Shape (n_atoms, 3).
    box : NDArray or None
        Vectors as rows; None without a periodic box.
    """

    positions: NDArray[np.float32]
    box: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Place:
    """Where a frame is."""

    file: GrowingFile
    known: FrameIndex
    index: int


class WalkerFrames:
    """Counts and reads the frames of all parts; one that opens a part again counts once.

    Parameters
    ----------
    structure_file : Path
    """

    def __init__(self, structure_file: Path) -> None:
        self.structure_file = structure_file
        self._files: dict[Path, GrowingFile] = {}
        self._starts: list[tuple[GrowingFile, FrameIndex, int, int]] = []
        self.times = np.empty(0)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that were looked at last."""
        return tuple(self._files)

    def follow(self, paths: Sequence[Path], clock: Clock | None = None) -> int:
        """Look at the files for new frames and return how many there are in all.

        Times are those of the files, or by the clock of the simulation that writes them.
        """
        clock = clock or Clock()
        self._files = {path: self._files.get(path) or GrowingFile(path) for path in paths}
        starts, times, last_step = [], [np.empty(0)], -1
        for file in self._files.values():
            file.poll()
            known = file.index
            steps = known.steps
            if len(steps) and last_step >= 0:
                steps = steps + whole_wraps(last_step - int(steps[0]))
            first = int(np.searchsorted(steps, last_step, "right"))
            starts.append((file, known, first, len(steps) - first))
            times.append(clock.times(steps[first:], known.times[first:]))
            last_step = int(steps[-1]) if len(steps) else last_step
        self._starts = starts
        self.times = np.concatenate(times)
        return len(self.times)

    def positions(self, frame: int) -> NDArray[np.float32]:
        """Read the coordinates of a frame in Å."""
        return self.frame(frame).positions

    def frame(self, frame: int) -> ShownFrame:
        """Read a frame."""
        place = self.place(frame)
        if place.known.kind == "trr":
            found = read_trr_frame(place.file.path, int(place.known.offsets[place.index]))
            if found.positions is None:
                raise ValueError(f"Frame {frame} of {place.file.path} has no positions.")
            return in_angstrom(found.positions, found.box)
        with self.copied(frame) as copy:
            decoded = read_frame(copy, 0)
        return in_angstrom(decoded.positions, decoded.box)

    @contextmanager
    def copied(self, frame: int) -> Iterator[Trajectory]:
        """Copy a frame to a file of its own, for what must not see the file grow."""
        place = self.place(frame)
        with tempfile.TemporaryDirectory(prefix="asyncmd-") as folder:
            target = Path(folder) / f"frame{place.file.path.suffix}"
            copy = place.file.snippet(place.index, place.index + 1, target)
            source, number = place.file.path, place.index
            yield FrameCopy(copy, self.structure_file, source=source, frame=number)

    def place(self, frame: int) -> Place:
        """Tell where a frame is."""
        left = frame
        for file, known, first, count in self._starts:
            if left < count:
                return Place(file, known, first + left)
            left -= count
        raise IndexError(f"There is no frame {frame}, {len(self)} are known.")


def in_angstrom(positions: NDArray[Any], box: NDArray[Any] | None) -> ShownFrame:
    """Make a frame of lengths in nm; a box of zeros is none."""
    periodic = box is not None and bool(np.any(box))
    return ShownFrame(
        positions=np.asarray(positions * 10, dtype=np.float32),
        box=np.asarray(box, dtype=np.float32) * 10 if periodic else None,
    )
