"""Many short segments in one file, each of them whole or not there.

A record is a fixed head (magic bytes, two lengths), a header as JSON, the arrays as they are in
memory (little-endian, single precision), and a checksum of both.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.errors import TruncatedTrajectoryError
from asyncmd_jupyter.files.reading import open_regular

_MAGIC = b"asegment"
_HEAD = struct.Struct("<8sIQ")
_CHECKSUM = struct.Struct("<I")
_LONGEST_HEADER = 2**20


@dataclass(frozen=True, eq=False)
class Segment:
    """What became of one start.

    Attributes
    ----------
    key : str
        By which it is known.
    positions : array
        nm, shape (n_frames, n_atoms, 3), the first frame being the start.
    velocities : array or None
        nm/ps, the same shape.
    box : array or None
        nm, shape (n_frames, 3, 3).
    dt : float
        ps between two frames.
    ended : int or None
        Number of the condition that holds at the last frame.
    error : str
        Why it could not be computed to its end, empty if it was.
    """

    key: str
    positions: NDArray[Any]
    velocities: NDArray[Any] | None
    box: NDArray[Any] | None
    dt: float
    ended: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Entry:
    """Where a segment lies in a file, and what is known of it without its frames."""

    path: Path
    offset: int
    n_bytes: int
    key: str
    n_frames: int
    n_atoms: int
    arrays: tuple[str, ...]
    dt: float
    ended: int | None
    error: str

    @property
    def end(self) -> int:
        """Offset behind the record."""
        return self.offset + self.n_bytes + _CHECKSUM.size

    def _shape(self, name: str) -> tuple[int, int, int]:
        return (self.n_frames, 3, 3) if name == "box" else (self.n_frames, self.n_atoms, 3)

    def read(self) -> Segment:
        """Read its frames.

        Raises
        ------
        TruncatedTrajectoryError
            If the file is damaged there.
        """
        with self.path.open("rb") as file:
            content = os.pread(file.fileno(), self.n_bytes + _CHECKSUM.size, self.offset)
        payload = content[: self.n_bytes]
        if len(content) != self.n_bytes + _CHECKSUM.size or _CHECKSUM.pack(
            zlib.crc32(payload)
        ) != bytes(content[self.n_bytes :]):
            raise TruncatedTrajectoryError(f"{self.path} is damaged in the segment {self.key}.")
        found: dict[str, Any] = {"velocities": None, "box": None}
        start = 0
        for name in self.arrays:
            shape = self._shape(name)
            found[name] = np.frombuffer(payload, "<f4", int(np.prod(shape)), start).reshape(shape)
            start += found[name].nbytes
        return Segment(self.key, **found, dt=self.dt, ended=self.ended, error=self.error)


def append_segment(file: BinaryIO, segment: Segment) -> None:
    """Write a segment to the end of a file and hand it to the system."""
    named = {"positions": segment.positions, "velocities": segment.velocities, "box": segment.box}
    arrays = {name: np.asarray(each, "<f4") for name, each in named.items() if each is not None}
    payload = b"".join(each.tobytes() for each in arrays.values())
    header = json.dumps(
        {
            "key": segment.key,
            "n_frames": len(segment.positions),
            "n_atoms": segment.positions.shape[1],
            "arrays": list(arrays),
            "dt": segment.dt,
            "ended": segment.ended,
            "error": segment.error,
        }
    ).encode()
    file.write(_HEAD.pack(_MAGIC, len(header), len(payload)) + header)
    file.write(payload + _CHECKSUM.pack(zlib.crc32(payload)))
    file.flush()


def entries(path: Path, start: int = 0) -> Iterator[Entry]:
    """Whole records of a file, which may be growing, from an offset at which one begins."""
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        while (entry := _entry_at(path, file, start, size)) is not None:
            yield entry
            start = entry.end


def _entry_at(path: Path, file: BinaryIO, start: int, size: int) -> Entry | None:
    head = os.pread(file.fileno(), _HEAD.size, start)
    if len(head) < _HEAD.size:
        return None
    magic, n_header, n_payload = _HEAD.unpack(head)
    offset = start + _HEAD.size + n_header
    is_whole = offset + n_payload + _CHECKSUM.size <= size
    if magic != _MAGIC or n_header > _LONGEST_HEADER or not is_whole:
        return None
    header = json.loads(os.pread(file.fileno(), n_header, start + _HEAD.size))
    header["arrays"] = tuple(header["arrays"])
    return Entry(path, offset, n_payload, **header)
