"""A frame that was copied out of a file which still grows."""

from __future__ import annotations

from pathlib import Path

from asyncmd_jupyter.frames.trajectory import Trajectory


class FrameCopy(Trajectory):
    """One frame in a file of its own, which knows where it was copied from.

    Parameters
    ----------
    file, structure_file : Path
        The copy.
    source : Path
        The file that grows.
    frame : int
        Number of the frame in `source`.
    """

    __slots__ = ("frame", "source")

    def __init__(self, file: Path, structure_file: Path, *, source: Path, frame: int) -> None:
        super().__init__(file, structure_file)
        self.source = source
        self.frame = frame
