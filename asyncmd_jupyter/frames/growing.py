"""Following a trajectory file while something else writes it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from asyncmd_jupyter.frames.atomic import new_file
from asyncmd_jupyter.frames.xdr import FrameIndex, copy_frames, index_frames, join_indices

_FINGERPRINT_BYTES = 512

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
        self._index = _NOTHING
        self._inode = 0
        self._fingerprint = b""

    @property
    def index(self) -> FrameIndex:
        """All whole frames seen so far."""
        return self._index

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
            if len(self._index) and not self._goes_on():
                self._start_over()
            self._inode = self.path.stat().st_ino
            found = index_frames(self.path, start_offset=self._index.end)
        except FileNotFoundError:
            return _NOTHING
        if not len(found):
            return found
        known = len(self._index)
        self._index = join_indices(self._index, found)
        self._fingerprint = self._read_fingerprint()
        return self._index.take(slice(known, None))

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
        """
        target = Path(destination)
        if target.suffix.lower() != self.path.suffix.lower():
            target = target.with_name(target.name + self.path.suffix)
        if not len(self._index.take(slice(first, last))):
            raise ValueError(
                f"There are no frames {first}:{last} in {self.path}, {len(self._index)} are known."
            )
        with new_file(target, overwrite=overwrite) as file:
            copy_frames(self.path, self._index, slice(first, last), file)
        return target

    def _goes_on(self) -> bool:
        found = self.path.stat()
        return (
            found.st_ino == self._inode
            and found.st_size >= self._index.end
            and self._read_fingerprint() == self._fingerprint
        )

    def _read_fingerprint(self) -> bytes:
        """Read the beginning of the last known frame: another one lies there after a restart."""
        offset, size = int(self._index.offsets[-1]), int(self._index.sizes[-1])
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(min(size, _FINGERPRINT_BYTES))

    def _start_over(self) -> None:
        self.restarts += 1
        self._index = _NOTHING
        self._fingerprint = b""
