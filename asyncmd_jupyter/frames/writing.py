"""New XTC and TRR files: frames as bytes where nothing has to change, else decoded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from asyncmd_jupyter.files.writing import check_free, name_beside, new_path
from asyncmd_jupyter.frames.decoded import (
    Transformations,
    invert_if_any,
    leave,
    missing_attributes,
    write_decoded,
)
from asyncmd_jupyter.frames.formats import output_format
from asyncmd_jupyter.frames.inputs import (
    check_atoms_of_structure,
    existing_structure,
    is_same_file,
    refuse_to_write_over,
)
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.frames.paths import as_path
from asyncmd_jupyter.frames.read import read_xdr_frame
from asyncmd_jupyter.frames.selection import Segment, Stretch
from asyncmd_jupyter.frames.steps import wrap_step
from asyncmd_jupyter.frames.stopping import Stop
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import TrrFrame, invert_velocities, write_trr_frame
from asyncmd_jupyter.frames.written import check_written
from asyncmd_jupyter.frames.xdr import copy_frames

_PDB_FORMATS = ("PDB", "ENT")
_PDB_CELL_OF_NONE = [1, 1, 1, 90, 90, 90]
_BOX_OF_NONE = np.zeros((3, 3), np.float32)


class Outputs:
    """A trajectory file to be written, the structure it belongs to, and perhaps a copy of that.

    Parameters
    ----------
    trajectory : path
        As users give it, like the following.
    struct_out : path or None
        Existing structure file that the trajectory belongs to, which is never written to.
    structure_copy : path or None
        Structure file to be written.
    argument : str
        What users know the trajectory as.
    overwrite : bool
        Whether existing files are replaced.

    Raises
    ------
    OSError
        For files that are in the way, or a folder that is missing or can't be written to;
        FileNotFoundError for a `struct_out` that does not exist.
    TypeError, ValueError
        For what is not a path, or twice the same one.
    """

    def __init__(
        self,
        trajectory: Any,
        struct_out: Any = None,
        structure_copy: Any = None,
        *,
        argument: str,
        overwrite: bool,
    ) -> None:
        self.path = as_path(argument, trajectory)
        self.copy = None if structure_copy is None else as_path("structure_copy", structure_copy)
        self.structure = None if struct_out is None else existing_structure(struct_out)
        self._overwrite = overwrite
        self._written = {argument: self.path} | ({"structure_copy": self.copy} if self.copy else {})
        for path in self._written.values():
            check_free(path, overwrite=overwrite)
        self._refuse_to_write([self.structure] if self.structure else [])
        if self.copy and is_same_file(self.copy, self.path):
            raise ValueError(f"{argument} and structure_copy are the same file: {self.path}.")

    def check_sources(self, sources: Sequence[Trajectory]) -> None:
        """See that no input is written to, and that the structure belongs to the first one.

        Raises
        ------
        ValueError
            For an output that is an input, a `struct_out` with another number of atoms, or a
            copy whose ending says no format for structures.
        """
        for source in sources:
            self._refuse_to_write([*source.paths, source.structure_path])
        first = sources[0]
        if self.structure:
            check_atoms_of_structure(self.structure, first.n_atoms, first.trajectory_files[0])
        if self.copy and not _same_ending(self.copy, self._structure(first)):
            output_format(self.copy)

    @contextmanager
    def replaced(self, source: Trajectory, stop: Stop) -> Iterator[Path]:
        """Give the path to write to; all files take their names when the block ends well."""
        with ExitStack() as stack:
            path = stack.enter_context(new_path(self.path, overwrite=self._overwrite))
            if self.copy:
                beside = stack.enter_context(new_path(self.copy, overwrite=self._overwrite))
                _write_structure(self._structure(source), source, beside)
            yield path
            stop.check()

    def result(self, source: Trajectory) -> Trajectory:
        """Make the trajectory of what was written."""
        return Trajectory(self.path, self.copy or self._structure(source))

    def _structure(self, source: Trajectory) -> Path:
        return self.structure or source.structure_path

    def _refuse_to_write(self, inputs: Iterable[Path]) -> None:
        for path in inputs:
            for argument, output in self._written.items():
                refuse_to_write_over(argument, output, path)


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

    n_frames = n_atoms = 0
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
            n_frames, n_atoms = n_frames + 1, len(frame.positions)
    if n_frames:
        check_written(path, "XTC", n_frames=n_frames, n_atoms=n_atoms)


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


def _write_structure(structure: Path, source: Trajectory, target: Path) -> None:
    """Copy a structure file, or convert it."""
    if _same_ending(target, structure):
        shutil.copyfile(structure, target)
        return
    name = output_format(target)
    with open_universe(structure, source.paths, attributes=missing_attributes(name)) as universe:
        if name in _PDB_FORMATS and universe.dimensions is None:
            # What stands in PDB files for no box, where MDAnalysis would warn that it does so.
            universe.dimensions = _PDB_CELL_OF_NONE
        universe.atoms.write(str(target), file_format=name)
        check_written(target, name, n_frames=1, n_atoms=len(universe.atoms))


def _same_ending(one: Path, other: Path) -> bool:
    return one.suffix.lower() == other.suffix.lower()
