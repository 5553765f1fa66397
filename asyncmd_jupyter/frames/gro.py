"""All frames of GRO files, of which MDAnalysis reads the first one only."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from MDAnalysis.coordinates.base import ReaderBase
from MDAnalysis.coordinates.GRO import GROReader
from MDAnalysis.lib.util import NamedStream, anyopen

# What GROMACS writes into the first line of a frame, and reads there.
_TIME = re.compile(r"\bt=\s*([-+.\w]+)")
_STEP = re.compile(r"\bstep=\s*(\d+)")
_NO_BOX = " ".join("0" * 9)  # for which MDAnalysis gives no warning


class GroFrames(ReaderBase):  # type: ignore[misc]
    """A reader of MDAnalysis for GRO files with one or several frames."""

    units = GROReader.units

    def __init__(self, filename: str, **options: Any) -> None:
        super().__init__(filename, **options)
        self.format = "GRO"  # a class that has this would become the reader for everybody
        self._file: BinaryIO = anyopen(self.filename, "rb")
        spans = list(_frames_in(self._file, self.filename))
        self._spans = [(start, stop) for start, stop, _ in spans]
        self.n_atoms = spans[0][2]
        self.n_frames = len(spans)
        for number, (*_, n_atoms) in enumerate(spans):
            if n_atoms != self.n_atoms:
                raise ValueError(
                    f"Frame {number} of {self.filename} has {n_atoms} atoms, the first one "
                    f"{self.n_atoms}: these are no frames of one trajectory."
                )
        self._read_frame(0)

    def _read_frame(self, frame: int) -> Any:
        if frame >= self.n_frames:
            raise OSError(f"{self.filename} has {self.n_frames} frames.")
        start, stop = self._spans[frame]
        self._file.seek(start)
        text = self._file.read(stop - start).decode("utf-8", "replace")
        stream = NamedStream(io.StringIO(_without_zero_box(text)), self.filename)
        self.ts = GROReader(stream, convert_units=self.convert_units, **self._ts_kwargs).ts
        self.ts.frame = frame
        title = text.partition("\n")[0]
        self.ts.data.update(_found(_TIME, title, "time", float) | _found(_STEP, title, "step", int))
        return self.ts

    def _read_next_timestep(self, _timestep: Any = None) -> Any:
        return self._read_frame(self.ts.frame + 1)

    def _reopen(self) -> None:
        self.ts.frame = -1

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _frames_in(file: BinaryIO, name: str) -> Iterator[tuple[int, int, int]]:
    """Where frames begin and end, and how many atoms each has."""
    number, start = 0, 0
    while title := file.readline():
        count = file.readline().strip()
        if not title.strip() and not count:  # empty lines at the end
            continue
        if not count.isdigit():
            raise ValueError(f"Frame {number} of {name} has no number of atoms in its second line.")
        lines = [file.readline() for _ in range(int(count) + 1)]
        if not lines[-1].strip():
            raise ValueError(
                f"{name} ends within frame {number}: its last line, the box, is missing."
            )
        yield start, file.tell(), int(count)
        number, start = number + 1, file.tell()
    if not number:
        raise ValueError(f"There is no frame in {name}.")


def _without_zero_box(text: str) -> str:
    head, newline, box = text.rstrip().rpartition("\n")
    try:
        is_zero = not np.any(np.array(box.split(), dtype=float))
    except ValueError:  # numbers that touch each other, which MDAnalysis can read
        return text
    return f"{head}{newline}{_NO_BOX}\n" if is_zero else text


def _found(pattern: re.Pattern[str], title: str, name: str, kind: type) -> dict[str, Any]:
    match = pattern.search(title)
    try:
        return {name: kind(match[1])} if match else {}
    except ValueError:  # a title that only looks like this
        return {}
