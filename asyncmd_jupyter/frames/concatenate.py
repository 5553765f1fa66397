"""Frames of several trajectories as one file: as bytes wherever nothing has to change."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from asyncmd_jupyter.frames.atomic import check_free, new_file, new_path
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.frames.selection import FrameSlice, Segment, common_kind, select
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.trr import invert_velocities
from asyncmd_jupyter.frames.xdr import copy_frames

PathLike: TypeAlias = str | os.PathLike[str]
Modification: TypeAlias = Callable[[Any, Any], None]
"""Changes a timestep of a Universe, both are handed in."""


def concatenate_frames(
    sources: Sequence[tuple[Trajectory, FrameSlice]],
    out: PathLike,
    *,
    struct_out: PathLike | None = None,
    overwrite: bool = False,
    remove_double_frames: bool = True,
) -> Trajectory:
    """Write frames of trajectories one after the other into a new file.

    Parameters
    ----------
    sources : sequence of (Trajectory, slice)
        Slices may also be tuples of start, stop and step.
    out : path
        Appears when it is complete.
    struct_out : path, optional
        Where to put a structure file; without it the first trajectory's is used.
    overwrite : bool
        Whether existing files are replaced.
    remove_double_frames : bool
        Whether a frame with time and positions of the one before it is left out where
        two trajectories meet.

    Raises
    ------
    FileExistsError
    ValueError
        If the trajectories do not fit together; nothing was written then.
    """
    concatenator = TrajectoryConcatenator(remove_double_frames=remove_double_frames)
    trajectories = [trajectory for trajectory, _ in sources]
    slices = [chosen for _, chosen in sources]
    return concatenator.concatenate(
        trajectories, slices, out, struct_out=struct_out, overwrite=overwrite
    )


class TrajectoryConcatenator:
    """Makes one trajectory file of slices of others.

    XTC and TRR frames are copied as bytes, also in reverse, unless they have to be
    transformed or converted to another format; then MDAnalysis reads and writes them.

    Parameters
    ----------
    invert_v_for_negative_step : bool
        Whether velocities change their sign in reversed slices.
    remove_double_frames : bool
        Whether a frame with time and positions of the one before it is left out where
        two trajectories meet.
    mda_transformations : list of callables, optional
        MDAnalysis transformations, applied to each frame.
    mda_transformations_setup_func : callable, optional
        Called with each Universe, to add transformations that need to know it.

    Raises
    ------
    ValueError
        If both kinds of transformations are given.
    """

    def __init__(
        self,
        invert_v_for_negative_step: bool = True,
        remove_double_frames: bool = True,
        *,
        mda_transformations: Sequence[Callable[[Any], Any]] | None = None,
        mda_transformations_setup_func: Callable[[Any], Any] | None = None,
    ) -> None:
        self.invert_v_for_negative_step = invert_v_for_negative_step
        self.remove_double_frames = remove_double_frames
        self._transformations = Transformations(mda_transformations, mda_transformations_setup_func)

    def concatenate(
        self,
        trajs: Sequence[Trajectory],
        slices: Sequence[FrameSlice],
        tra_out: PathLike,
        *,
        struct_out: PathLike | None = None,
        overwrite: bool = False,
    ) -> Trajectory:
        """Write the frames; see `concatenate_frames` for parameters and errors."""
        out = Path(tra_out)
        structure = None if struct_out is None else Path(struct_out)
        for path in (out, structure):
            if path is not None:
                check_free(path, overwrite=overwrite)
        segments = select(trajs, slices, remove_double_frames=self.remove_double_frames)
        kind = common_kind(segments, out)
        if kind and not self._transformations:
            with new_file(out, overwrite=overwrite) as file:
                for segment in segments:
                    write_raw(file, segment, invert=kind == "trr" and self._inverts(segment))
        else:
            self._write_decoded(segments, out, overwrite)
        return Trajectory(out, place_structure(trajs[0], structure, overwrite=overwrite))

    async def concatenate_async(
        self,
        trajs: Sequence[Trajectory],
        slices: Sequence[FrameSlice],
        tra_out: PathLike,
        *,
        struct_out: PathLike | None = None,
        overwrite: bool = False,
    ) -> Trajectory:
        """Do the same in a thread."""
        return await asyncio.to_thread(
            self.concatenate, trajs, slices, tra_out, struct_out=struct_out, overwrite=overwrite
        )

    def _inverts(self, segment: Segment) -> bool:
        return segment.is_reversed and self.invert_v_for_negative_step

    def _write_decoded(self, segments: list[Segment], out: Path, overwrite: bool) -> None:
        with DecodedWriter(out, segments[0].table.n_atoms, overwrite=overwrite) as writer:
            for segment in segments:
                modify = _invert if self._inverts(segment) else _leave
                writer.write(segment, self._transformations, modify)


class Transformations:
    """The transformations that users may hand in, in one of two ways."""

    def __init__(
        self,
        transformations: Sequence[Callable[[Any], Any]] | None,
        setup: Callable[[Any], Any] | None,
    ) -> None:
        if transformations is not None and setup is not None:
            raise ValueError(
                "Give either mda_transformations or mda_transformations_setup_func, not both; "
                "the function can add the transformations too."
            )
        self._transformations = transformations
        self._setup = setup

    def __bool__(self) -> bool:
        return bool(self._transformations) or self._setup is not None

    def apply(self, universe: Any) -> None:
        """Add them to a Universe."""
        if self._transformations:
            universe.trajectory.add_transformations(*self._transformations)
        if self._setup is not None:
            self._setup(universe)


class DecodedWriter:
    """Writes frames with MDAnalysis; the file appears when the block ends well."""

    def __init__(self, out: Path, n_atoms: int, *, overwrite: bool) -> None:
        self._out = out
        self._n_atoms = n_atoms
        self._overwrite = overwrite
        self._stack = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> DecodedWriter:
        from MDAnalysis import Writer

        with ExitStack() as stack:
            path = stack.enter_context(new_path(self._out, overwrite=self._overwrite))
            self._writer = stack.enter_context(Writer(str(path), self._n_atoms))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *details: Any) -> None:
        self._stack.__exit__(*details)

    def write(
        self, segment: Segment, transformations: Transformations, modify: Modification
    ) -> None:
        """Append the frames of a segment, transformed and then modified."""
        trajectory = segment.trajectory
        with open_universe(
            trajectory.structure_path, trajectory.paths, to_guess=("types", "masses")
        ) as universe:
            transformations.apply(universe)
            for number in segment.frames:
                modify(universe, universe.trajectory[number])
                self._writer.write(universe.atoms)


def write_raw(file: BinaryIO, segment: Segment, *, invert: bool = False) -> None:
    """Append the frames as bytes, with inverted velocities if wished."""
    for file_number, frames in segment.by_file():
        path, index = segment.trajectory.paths[file_number], segment.table.parts[file_number]
        if not invert:
            copy_frames(path, index, frames, file)
            continue
        with path.open("rb") as source:
            for number in frames:
                source.seek(int(index.offsets[number]))
                file.write(invert_velocities(source.read(int(index.sizes[number]))))


def place_structure(trajectory: Trajectory, target: Path | None, *, overwrite: bool) -> Path:
    """Put the structure of a trajectory where it is wanted, converted if need be."""
    source = trajectory.structure_path
    if target is None:
        return source
    if target.suffix.lower() == source.suffix.lower():
        with new_file(target, overwrite=overwrite) as file, source.open("rb") as original:
            shutil.copyfileobj(original, file)
        return target
    with (
        new_path(target, overwrite=overwrite) as path,
        open_universe(source, trajectory.paths) as universe,
    ):
        universe.atoms.write(str(path))
    return target


def _leave(_universe: Any, _timestep: Any) -> None:
    """Change nothing."""


def _invert(_universe: Any, timestep: Any) -> None:
    if timestep.has_velocities:
        timestep.velocities *= -1
