"""New XTC and TRR files: frames as bytes where nothing has to change, else decoded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from asyncmd_jupyter.frames.atomic import check_free, name_beside, new_path
from asyncmd_jupyter.frames.decoded import (
    Transformations,
    invert_if_any,
    leave,
    missing_attributes,
    write_decoded,
)
from asyncmd_jupyter.frames.formats import output_format
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.frames.paths import as_path
from asyncmd_jupyter.frames.read import read_xdr_frame
from asyncmd_jupyter.frames.selection import Segment, Stretch
from asyncmd_jupyter.frames.steps import wrap_step
from asyncmd_jupyter.frames.stopping import Stop
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame, invert_velocities, write_trr_frame
from asyncmd_jupyter.frames.xdr import copy_frames

_BOX_OF_NONE = np.zeros((3, 3), np.float32)


class Outputs:
    """A trajectory file to be written, and perhaps a structure file that belongs to it.

    Parameters
    ----------
    trajectory, structure : path or None
        As users give them.
    argument : str
        What users know the trajectory as.
    overwrite : bool
        Whether existing files are replaced.

    Raises
    ------
    OSError
        For files that are in the way, or a folder that is missing or can't be written to.
    TypeError, ValueError
        For what is no path, or twice the same one.
    """

    def __init__(self, trajectory: Any, structure: Any, *, argument: str, overwrite: bool) -> None:
        self.path = as_path(argument, trajectory)
        self.structure = None if structure is None else as_path("struct_out", structure)
        self._overwrite = overwrite
        for path in (self.path, self.structure):
            if path is not None:
                check_free(path, overwrite=overwrite)
        if self.structure and self.structure.absolute() == self.path.absolute():
            raise ValueError(f"{self.path} can't be the trajectory and struct_out too.")

    def check_structure(self, source: Trajectory) -> None:
        """See that the structure can be written.

        Raises
        ------
        ValueError
            For an ending that says no format for structures.
        """
        if self.structure and not _same_ending(self.structure, source.structure_path):
            output_format(self.structure)

    @contextmanager
    def replaced(self, source: Trajectory, stop: Stop) -> Iterator[Path]:
        """Give the path to write to; all files take their names when the block ends well."""
        with ExitStack() as stack:
            path = stack.enter_context(new_path(self.path, overwrite=self._overwrite))
            if self.structure:
                beside = new_path(self.structure, overwrite=self._overwrite)
                _write_structure(source, stack.enter_context(beside))
            yield path
            stop.check()

    def result(self, source: Trajectory) -> Trajectory:
        """Make the trajectory of what was written."""
        return Trajectory(self.path, self.structure or source.structure_path)


def write_segment(file: BinaryIO, name: str, segment: Segment, *, invert: bool, stop: Stop) -> None:
    """Append frames to an open XTC or TRR file.

    Those of a file of the same format are copied as bytes, with inverted velocities if
    wished; others are converted.
    """
    guarded = cast(BinaryIO, _Guarded(file, stop))
    if not segment.table.parts:
        modify = invert_if_any if invert else leave
        with _file_to_append(guarded) as path:
            write_decoded(path, name, [(segment, modify)], Transformations(None, None), stop)
        return
    for stretch in segment.stretches():
        if stretch.index.kind.upper() != name:
            _convert(guarded, name, stretch, stop)
        elif invert and name == "TRR":
            _copy_inverted(guarded, stretch)
        else:
            copy_frames(stretch.path, stretch.index, stretch.frames, guarded)


class _Guarded:
    """A file that can't be written to any more once its writer is to stop."""

    def __init__(self, file: BinaryIO, stop: Stop) -> None:
        self._file = file
        self._stop = stop
        self.name = file.name

    def write(self, data: bytes) -> int:
        self._stop.check()
        return self._file.write(data)


def _copy_inverted(file: BinaryIO, stretch: Stretch) -> None:
    with stretch.path.open("rb") as source:
        for number in stretch.frames:
            source.seek(int(stretch.index.offsets[number]))
            file.write(invert_velocities(source.read(int(stretch.index.sizes[number]))))


def _convert(file: BinaryIO, name: str, stretch: Stretch, stop: Stop) -> None:
    frames = (read_xdr_frame(stretch.path, stretch.index, int(n)) for n in stretch.frames)
    if name == "TRR":
        for frame in frames:
            write_trr_frame(file, frame)
        return
    with _file_to_append(file) as path:
        _write_xtc(path, stretch.path, frames, stop)


def _write_xtc(path: Path, source: Path, frames: Iterator[TrrFrame], stop: Stop) -> None:
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    with XTCFile(str(path), "w") as file:
        for frame in frames:
            stop.check()
            if frame.positions is None:
                raise ValueError(
                    f"Step {frame.step} of {source} has no positions, an XTC file would hold "
                    "nothing of it. Choose the ending .trr or leave it out."
                )
            box = _BOX_OF_NONE if frame.box is None else frame.box
            file.write(frame.positions, box, wrap_step(frame.step), frame.time)


@contextmanager
def _file_to_append(file: BinaryIO) -> Iterator[Path]:
    """Give a path for a library that can't write to open files."""
    path = name_beside(Path(os.fsdecode(file.name)))
    try:
        yield path
        with path.open("rb") as written:
            shutil.copyfileobj(written, file)
    finally:
        path.unlink(missing_ok=True)


def _write_structure(source: Trajectory, target: Path) -> None:
    """Copy a structure file, or convert it."""
    if _same_ending(target, source.structure_path):
        shutil.copyfile(source.structure_path, target)
        return
    name = output_format(target)
    with open_universe(
        source.structure_path, source.paths, attributes=missing_attributes(name)
    ) as universe:
        universe.atoms.write(str(target), file_format=name)


def _same_ending(one: Path, other: Path) -> bool:
    return one.suffix.lower() == other.suffix.lower()
