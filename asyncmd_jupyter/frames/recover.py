"""The good frames of files that are torn or damaged."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from asyncmd_jupyter.files.writing import check_free, check_writable, new_file
from asyncmd_jupyter.frames.headers import (
    HEADER_BYTES,
    TRR_VERSION,
    XTC_BIG_MAGIC,
    XTC_MAGIC,
    DamagedFrameError,
    FrameHeader,
    parser_for,
)
from asyncmd_jupyter.frames.provenance_writing import record_changed, record_copy
from asyncmd_jupyter.frames.xdr import FrameIndex, copy_frames, make_index

_SEARCH_BYTES = 2**20
_SUSPECT_ZEROS = 64  # as many at the end of a frame as no data have
_BEGINNINGS = (
    ("xtc", struct.pack(">i", XTC_MAGIC)),
    ("xtc", struct.pack(">i", XTC_BIG_MAGIC)),
    ("trr", TRR_VERSION),
)


@dataclass(frozen=True)
class Salvage:
    """What is good of one file.

    Attributes
    ----------
    path : Path
    index : FrameIndex
        Of the good frames.
    size : int
        Of the file, in bytes.
    """

    path: Path
    index: FrameIndex
    size: int

    @property
    def lost_bytes(self) -> int:
        """Bytes that belong to no good frame."""
        return self.size - int(np.sum(self.index.sizes))

    @property
    def is_torn_only(self) -> bool:
        """Whether cutting the end off mends the file."""
        return self.index.end + self.lost_bytes == self.size

    def describe(self) -> str:
        """Say it in one line."""
        steps = self.index.steps
        frames = f"{len(self.index)} whole frames (steps {steps[0]} to {steps[-1]})"
        where = "at its end" if self.is_torn_only else "in the middle"
        return f"{self.path}: {frames} are used, {self.lost_bytes} bytes {where} are left out."


def recover_files(
    paths: Iterable[Path], *, folder: Path | None, in_place: bool, overwrite: bool
) -> tuple[list[Path], list[str]]:
    """Find the good frames of files, and put them where they can be read.

    Parameters
    ----------
    paths : iterable of Path
    folder : Path, optional
        For the copies; without it they lie beside the files.
    in_place : bool
        Whether the files themselves are mended.
    overwrite : bool
        Whether copies of earlier times are replaced.

    Returns
    -------
    list of Path
        The files themselves where nothing is wrong with them.
    list of str
        What was left out, for each of the others.

    Raises
    ------
    OSError
        If a file is in the way or can't be written; nothing was written then.
    ValueError
        If there is no good frame in a file; nothing was written then.
    """
    found = [salvage(path) for path in paths]
    for one in found:
        if one.lost_bytes and in_place:
            check_writable(one.path)
        elif one.lost_bytes:
            check_free(_copy_name(one.path, folder), overwrite=overwrite)
    good = [_mended(one, folder, in_place, overwrite) for one in found]
    return good, [one.describe() for one in found if one.lost_bytes]


def salvage(path: Path) -> Salvage:
    """Look for good frames: before, between and after what is damaged.

    The frame just before a damaged place is not taken for good, as nobody can tell where
    the damage begins. Bytes that were changed within a frame can't be noticed.

    Raises
    ------
    ValueError
        If there is none.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        search = _Search(file, size)
        headers = list(search)
    if not headers:
        raise ValueError(f"There is no whole frame in {path} ({size} bytes), nothing to recover.")
    offsets = np.array([offset for offset, _ in headers], dtype=np.int64)
    index = make_index(search.kind, [header for _, header in headers], offsets)
    return Salvage(path, index, size)


class _Search:
    """Walks over the good frames of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.kind = ""
        self._n_atoms = 0
        self._file = file
        self._size = size

    def __iter__(self) -> Iterator[tuple[int, FrameHeader]]:
        position = 0
        while found := self._next(position):
            position, kind, header = found
            end = position + header.size
            if end <= self._size and self._is_trusted(position, end, kind, header):
                self.kind, self._n_atoms = kind, header.n_atoms
                yield position, header
                position = end
            else:
                position += 4

    def _next(self, position: int) -> tuple[int, str, FrameHeader] | None:
        """The next place where a frame may begin."""
        for start in self._beginnings(position):
            try:
                kind, header = self._header(start)
            except DamagedFrameError:
                continue
            if header is not None and self._fits(kind, header):
                return start, kind, header
        return None

    def _fits(self, kind: str, header: FrameHeader) -> bool:
        return not self.kind or (self.kind, self._n_atoms) == (kind, header.n_atoms)

    def _beginnings(self, position: int) -> Iterator[int]:
        """Places of the bytes with which frames begin; first the one where one is expected."""
        yield position
        marks = [mark for kind, mark in _BEGINNINGS if self.kind in ("", kind)]
        overlap = max(map(len, marks)) - 1
        position += 1
        while chunk := self._read(position, _SEARCH_BYTES + overlap):
            found = {start for mark in marks for start in _all_places(chunk, mark)}
            yield from (position + start for start in sorted(found) if start < _SEARCH_BYTES)
            position += _SEARCH_BYTES

    def _header(self, position: int) -> tuple[str, FrameHeader | None]:
        """Read a header; None if the file ends within it."""
        buffer = self._read(position, HEADER_BYTES)
        if len(buffer) < 4:
            return "", None
        kind, parse = parser_for(buffer)
        return kind, parse(buffer)

    def _is_trusted(self, position: int, end: int, kind: str, header: FrameHeader) -> bool:
        """Whether another such frame, or nothing else than the end of the file, follows."""
        try:
            next_kind, following = self._header(end)
        except DamagedFrameError:
            only_zeros = not any(any(piece) for piece in self._pieces(end))
            begin = max(position, end - _SUSPECT_ZEROS)
            return only_zeros and any(self._read(begin, end - begin))
        if following is None:
            return True
        return (next_kind, following.n_atoms) == (kind, header.n_atoms)

    def _pieces(self, position: int) -> Iterator[bytes]:
        while piece := self._read(position, _SEARCH_BYTES):
            yield piece
            position += len(piece)

    def _read(self, position: int, n_bytes: int) -> bytes:
        return os.pread(self._file.fileno(), n_bytes, position)


def _all_places(data: bytes, mark: bytes) -> Iterator[int]:
    start = data.find(mark)
    while start >= 0:
        yield start
        start = data.find(mark, start + 1)


def _mended(found: Salvage, folder: Path | None, in_place: bool, overwrite: bool) -> Path:
    if not found.lost_bytes:
        return found.path
    target = found.path if in_place else _copy_name(found.path, folder)
    made = {"by": "recovery", "frames": len(found.index), "lost_bytes": found.lost_bytes}
    if in_place and found.is_torn_only:
        os.truncate(found.path, found.index.end)
    else:
        with new_file(target, overwrite=in_place or overwrite) as file:
            copy_frames(found.path, found.index, slice(None), file)
    if in_place:
        record_changed(target, made, found.size)
    else:
        record_copy(target, found.path, made)
    return target


def _copy_name(path: Path, folder: Path | None) -> Path:
    name = path.with_name(f"{path.stem}.recovered{path.suffix}")
    return name if folder is None else folder / name.name
