"""Following a trajectory file while something else writes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import numpy as np

from asyncmd_jupyter.files.reading import open_regular
from asyncmd_jupyter.files.writing import new_file
from asyncmd_jupyter.frames.inputs import refuse_to_write_over
from asyncmd_jupyter.frames.xdr import FrameIndex, copy_frames, index_frames, join_indices

_FINGERPRINT_BYTES = 512
_FRAMES_TO_UNWRAP_BY = 16

_NOTHING = FrameIndex(
    offsets=np.zeros(0, np.int64),
    sizes=np.zeros(0, np.int64),
    steps=np.zeros(0, np.int64),
    times=np.zeros(0),
)


class GrowingFile:
    """The whole frames of an XTC or TRR file that is still being written.

    Each look reads only what is new. A file that is not there yet has no frames. One that
    was cut back, replaced or begun anew is followed from its beginning again: `restarts`
    counts how often.

    Parameters
    ----------
    path : path
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.restarts = 0
        self._pieces: list[FrameIndex] = []
        self._inode = 0
        self._fingerprint = b""

    def __len__(self) -> int:
        """Whole frames seen so far."""
        return sum(map(len, self._pieces))

    @property
    def index(self) -> FrameIndex:
        """All whole frames seen so far, put together at each call."""
        return reduce(join_indices, self._pieces, _NOTHING)

    def poll(self) -> FrameIndex:
        """Look for whole frames that were added since the last look.

        Returns
        -------
        FrameIndex
            Of the new frames only.

        Raises
        ------
        ValueError
            If the file is no trajectory or is damaged.
        """
        try:
            if self._pieces and not self._goes_on():
                self._start_over()
            self._inode = self.path.stat().st_ino
            found = index_frames(self.path, start_offset=self._last.end)
        except FileNotFoundError:
            return _NOTHING
        if not len(found):
            return found
        before = self._last.take(slice(-_FRAMES_TO_UNWRAP_BY, None))
        new = join_indices(before, found).take(slice(len(before), None))
        # Before anything is kept: what can't be read now has to be new the next time, too.
        self._fingerprint = self._fingerprint_of(new)
        self._append(new)
        return new

    @property
    def _last(self) -> FrameIndex:
        return self._pieces[-1] if self._pieces else _NOTHING

    def _append(self, new: FrameIndex) -> None:
        # Pieces at least twice as long as the next one: a frame is copied a few times only,
        # however many looks there are.
        pieces = self._pieces
        pieces.append(new)
        while len(pieces) > 1 and len(pieces[-2]) < 2 * len(pieces[-1]):
            last = pieces.pop()
            pieces[-1] = join_indices(pieces[-1], last)

    def snippet(
        self, first: int, last: int, destination: str | os.PathLike[str], *, overwrite: bool = True
    ) -> Path:
        """Copy the whole frames ``first:last`` to a file of their own.

        Parameters
        ----------
        first, last : int
            As in a slice of `index`.
        destination : path
            Gets the suffix of the growing file if it has another one.
        overwrite : bool
            Whether an existing file is replaced.

        Returns
        -------
        Path
            The complete file; an existing one was replaced at once.

        Raises
        ------
        FileExistsError, ValueError
            The last if there are no such frames, or for the growing file itself.
        """
        target = Path(destination)
        if target.suffix.lower() != self.path.suffix.lower():
            target = target.with_name(target.name + self.path.suffix)
        refuse_to_write_over("destination", target, self.path)
        chosen = list(self._pieces_of(first, last))
        if not chosen:
            raise ValueError(
                f"There are no frames {first}:{last} in {self.path}, {len(self)} are known."
            )
        with new_file(target, overwrite=overwrite) as file:
            for piece in chosen:
                copy_frames(self.path, piece, slice(None), file)
        return target

    def _pieces_of(self, first: int, last: int) -> Iterator[FrameIndex]:
        first, last, _ = slice(first, last).indices(len(self))
        begin = 0
        for piece in self._pieces:
            part = piece.take(slice(max(0, first - begin), max(0, last - begin)))
            if len(part):
                yield part
            begin += len(piece)

    def _goes_on(self) -> bool:
        found = self.path.stat()
        return (
            found.st_ino == self._inode
            and found.st_size >= self._last.end
            and self._fingerprint_of(self._last) == self._fingerprint
        )

    def _fingerprint_of(self, index: FrameIndex) -> bytes:
        """Read the beginning of the last frame: another one lies there after a restart."""
        offset, size = int(index.offsets[-1]), int(index.sizes[-1])
        descriptor = open_regular(self.path)
        try:
            return os.pread(descriptor, min(size, _FINGERPRINT_BYTES), offset)
        finally:
            os.close(descriptor)

    def _start_over(self) -> None:
        self.restarts += 1
        self._pieces = []
        self._fingerprint = b""
