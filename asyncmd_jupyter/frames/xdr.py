"""Frame index and raw copies of XTC and TRR files, from the headers alone.

Needs numpy and nothing else: the worker processes of engines use it too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.errors import TruncatedTrajectoryError
from asyncmd_jupyter.files.reading import open_regular
from asyncmd_jupyter.files.writing import cut
from asyncmd_jupyter.frames.headers import (
    HEADER_BYTES,
    DamagedFrameError,
    FrameHeader,
    Parser,
    parser_for,
    quick_parser,
)
from asyncmd_jupyter.frames.steps import unwrap_steps
from asyncmd_jupyter.frames.trr import TrrFrame, read_trr_frame, write_trr_frame

__all__ = [
    "FrameIndex",
    "TrrFrame",
    "copy_frames",
    "index_frames",
    "join_indices",
    "read_trr_frame",
    "truncate_to_whole_frames",
    "write_trr_frame",
]

_COPY_BYTES = 2**18  # larger pieces no longer fit into the caches of the CPU


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """Where the whole frames of a file are, and their steps and times.

    Attributes
    ----------
    offsets, sizes : array of int64
        First byte and number of bytes of each frame.
    steps : array of int64
        Unwrapped beyond 32 bit.
    times : array of float64
        In ps.
    n_atoms : int
        0 for a file without a whole frame.
    kind : str
        ``xtc`` or ``trr``; empty for a file without a whole frame.
    tail_bytes : int
        Bytes after the last whole frame: the beginning of one that is not yet, or never
        was, written to its end.
    """

    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    n_atoms: int = 0
    kind: str = ""
    tail_bytes: int = 0

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def end(self) -> int:
        """The byte after the last whole frame; 0 without frames."""
        return int(self.offsets[-1] + self.sizes[-1]) if len(self) else 0

    def take(self, selection: slice | Iterable[int]) -> FrameIndex:
        """Pick some of the frames, in the given order; without the tail."""
        chosen = selection if isinstance(selection, slice) else np.fromiter(selection, np.int64)
        return FrameIndex(
            offsets=self.offsets[chosen],
            sizes=self.sizes[chosen],
            steps=self.steps[chosen],
            times=self.times[chosen],
            n_atoms=self.n_atoms,
            kind=self.kind,
        )


def index_frames(path: str | Path, *, start_offset: int = 0) -> FrameIndex:
    """Find the whole frames of an XTC or TRR file from `start_offset` on.

    A file that ends within a frame, or in zeros that a crashed machine left there, is
    no error: see `FrameIndex.tail_bytes`.

    Raises
    ------
    FileNotFoundError
    ValueError
        For a file that is neither XTC nor TRR, or is damaged between whole frames.
    """
    descriptor = open_regular(path)
    try:
        size = os.fstat(descriptor).st_size
        scan = _Scan(path, descriptor, start_offset, size)
        headers = list(scan)
    finally:
        os.close(descriptor)
    end = start_offset + sum(header.size for header in headers)
    kind = scan.kind if headers else ""
    return make_index(kind, headers, start_offset, tail_bytes=max(0, size - end))


def make_index(
    kind: str,
    headers: Sequence[FrameHeader],
    offsets: NDArray[np.int64] | int,
    *,
    tail_bytes: int = 0,
) -> FrameIndex:
    """Put together what headers say; `offsets` may be the first one of frames in a row."""
    table = np.array(headers, dtype=np.float64).reshape(-1, 4)
    sizes, raw_steps = table[:, 0].astype(np.int64), table[:, 2].astype(np.int64)
    times = table[:, 3].copy()
    if isinstance(offsets, int):
        offsets = offsets + np.cumsum(sizes) - sizes
    return _frozen(
        FrameIndex(
            offsets=offsets,
            sizes=sizes,
            steps=unwrap_steps(raw_steps, times),
            times=times,
            n_atoms=headers[0].n_atoms if headers else 0,
            kind=kind,
            tail_bytes=tail_bytes,
        )
    )


def join_indices(first: FrameIndex, second: FrameIndex) -> FrameIndex:
    """One index for frames of one file, or of files that follow each other.

    The steps are unwrapped anew over all frames.
    """
    if not len(first):
        return second
    pairs = ((getattr(first, n), getattr(second, n)) for n in ("offsets", "sizes", "times"))
    offsets, sizes, times = (np.concatenate(pair) for pair in pairs)
    steps = unwrap_steps(np.concatenate((first.steps, second.steps)), times)
    return _frozen(
        FrameIndex(offsets, sizes, steps, times, first.n_atoms, first.kind, second.tail_bytes)
    )


def copy_frames(
    source: str | Path,
    index: FrameIndex,
    selection: slice | Iterable[int],
    out_file: BinaryIO,
) -> int:
    """Append the bytes of the selected frames of `source` to `out_file`.

    Returns
    -------
    int
        Number of frames copied.

    Raises
    ------
    TruncatedTrajectoryError
        If the file is now shorter than its index says.
    """
    chosen = index.take(selection)
    with Path(source).open("rb") as file:
        for start, n_bytes in _runs(chosen):
            file.seek(start)
            _copy_bytes(file, out_file, n_bytes)
    return len(chosen)


def truncate_to_whole_frames(path: str | Path) -> FrameIndex:
    """Cut an incomplete last frame off a file, in place.

    Returns
    -------
    FrameIndex
        Of the frames that are left.
    """
    index = index_frames(path)
    if index.tail_bytes:
        cut(path, index.end)
    return index.take(slice(None))


class _Scan:
    """Walks over the headers of the whole frames of one file."""

    def __init__(self, path: str | Path, descriptor: int, start: int, end: int) -> None:
        self.kind = ""
        self._path = path
        self._descriptor = descriptor
        self._position = start
        self._end = end
        self._n_atoms = 0
        self._n_frames = 0
        self._buffer = b""

    def __iter__(self) -> Iterator[FrameHeader]:
        while (header := self._next()) is not None:
            self._position += header.size
            self._n_frames += 1
            yield header
            yield from self._alike(quick_parser(self.kind, self._buffer, header))

    def _alike(self, parse: Parser) -> Iterator[FrameHeader]:
        descriptor, position, end = self._descriptor, self._position, self._end
        while (header := parse(os.pread(descriptor, HEADER_BYTES, position))) is not None:
            after = position + header.size
            if after > end:
                break
            position = self._position = after
            self._n_frames += 1
            yield header

    def _next(self) -> FrameHeader | None:
        buffer = self._buffer = os.pread(self._descriptor, HEADER_BYTES, self._position)
        if len(buffer) < 4 or (not any(buffer) and self._zeros_to_the_end()):
            return None
        try:
            header = self._parser(buffer)(buffer)
            if header is not None:
                self._check_atoms(header)
        except DamagedFrameError as error:
            raise ValueError(self._damage(error)) from error
        if header is None or self._position + header.size > self._end:
            return None
        return header

    def _parser(self, buffer: bytes) -> Parser:
        kind, parser = parser_for(buffer)
        if self.kind and kind != self.kind:
            raise DamagedFrameError(f"a frame of a {kind.upper()} file")
        self.kind = kind
        return parser

    def _check_atoms(self, header: FrameHeader) -> None:
        if self._n_frames and header.n_atoms != self._n_atoms:
            raise DamagedFrameError(f"{header.n_atoms} atoms instead of {self._n_atoms}")
        self._n_atoms = header.n_atoms

    def _zeros_to_the_end(self) -> bool:
        position = self._position
        while chunk := os.pread(self._descriptor, _COPY_BYTES, position):
            if any(chunk):
                return False
            position += len(chunk)
        return True

    def _damage(self, error: DamagedFrameError) -> str:
        if not self._n_frames and not self.kind:
            return f"{self._path} is no XTC or TRR file: it {error}."
        return (
            f"{self._path} is damaged after {self._n_frames} whole frames: at byte "
            f"{self._position} there is {error}. Trajectory.recover takes what is good of it."
        )


def _runs(index: FrameIndex) -> Iterator[tuple[int, int]]:
    """Ranges of bytes (start, length), neighbouring frames as one."""
    if not len(index):
        return
    ends = index.offsets + index.sizes
    breaks = np.flatnonzero(index.offsets[1:] != ends[:-1]) + 1
    firsts = np.concatenate(([0], breaks))
    lasts = np.concatenate((breaks, [len(index)])) - 1
    for first, last in zip(firsts, lasts, strict=True):
        start = int(index.offsets[first])
        yield start, int(ends[last]) - start


def _copy_bytes(source: BinaryIO, target: BinaryIO, n_bytes: int) -> None:
    while n_bytes:
        chunk = source.read(min(n_bytes, _COPY_BYTES))
        if not chunk:
            raise TruncatedTrajectoryError(
                f"{source.name} became shorter while its frames were copied; "
                "make a new Trajectory of it."
            )
        target.write(chunk)
        n_bytes -= len(chunk)


def _frozen(index: FrameIndex) -> FrameIndex:
    arrays: tuple[NDArray[Any], ...] = (index.offsets, index.sizes, index.steps, index.times)
    for array in arrays:
        array.flags.writeable = False
    return index
