"""PDB files whose frames MDAnalysis does not find, or finds without their box."""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.coordinates.PDB import PDBReader
from MDAnalysis.lib.util import anyopen

_ATOMS = (b"ATOM  ", b"HETATM")
_WIDTHS = ((6, 15), (15, 24), (24, 33), (33, 40), (40, 47), (47, 54))
_PLACEHOLDER = np.array([1.0, 1.0, 1.0, 90.0, 90.0, 90.0])  # of a structure without a crystal


class PdbFrames(PDBReader):  # type: ignore[misc]
    """A PDB reader that knows two more kinds of files.

    VMD separates frames by END without MODEL records. OpenMM and others write the box once,
    before the first of several MODEL records, where MDAnalysis does not look for it.
    """

    _frames: list[_Span] | None = None

    def _read_frame(self, frame: int) -> Any:
        if self._frames is None:  # the last thing that the parent's __init__ does
            self._frames = _frames_in(self.filename)
            self._start_offsets = [one.start for one in self._frames]
            self._stop_offsets = [one.stop for one in self._frames]
            self.n_frames = len(self._frames)
        if frame < len(self._frames):
            self.ts.dimensions = _dimensions(self._frames[frame].cell)
        try:
            return super()._read_frame(frame)
        except IndexError:
            raise ValueError(
                f"Frame {frame} of {self.filename} has more atoms than its structure."
            ) from None


class _Span:
    """The lines of a frame from its first atom on, and the CRYST1 record that is valid there."""

    def __init__(self, start: int, cell: bytes) -> None:
        self.start, self.stop, self.cell = start, start, cell


def _frames_in(filename: str) -> list[_Span]:
    found: list[_Span] = []
    cell, is_new, position = b"", True, 0
    with anyopen(filename, "rb") as file:
        for line in file:
            if line[:6] == b"CRYST1":
                cell = line
            elif line[:6] in _ATOMS:
                if is_new:
                    found.append(_Span(position, cell))
                is_new = False
                found[-1].stop = position + len(line)
            elif line[:5] == b"MODEL" or line[:6].strip() in (b"END", b"ENDMDL"):
                is_new = True
            position += len(line)
    if not found:
        raise ValueError(f"There is no frame in {filename}.")
    return found


def _dimensions(cell: bytes) -> Any:
    try:
        values = np.array([float(cell[start:stop]) for start, stop in _WIDTHS], dtype=np.float32)
    except ValueError:
        return None
    is_none = np.allclose(values, _PLACEHOLDER) or not values.any()
    return None if is_none else values
