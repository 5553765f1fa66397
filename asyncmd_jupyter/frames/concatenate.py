"""Frames of several trajectories as one file: as bytes wherever nothing has to change."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from asyncmd_jupyter.frames.decoded import (
    Transformations,
    Transforming,
    invert_if_any,
    leave,
    write_decoded,
)
from asyncmd_jupyter.frames.doubles import drop_doubles
from asyncmd_jupyter.frames.formats import RAW_FORMATS, output_format
from asyncmd_jupyter.frames.provenance_frames import record_frames
from asyncmd_jupyter.frames.selection import FrameSlice, Segment, check_trajectories, select
from asyncmd_jupyter.frames.stopping import Stop, run_stoppable
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.writing import Outputs, write_segment

PathLike: TypeAlias = str | os.PathLike[str]


def concatenate_frames(
    sources: Sequence[tuple[Trajectory, FrameSlice]],
    out: PathLike,
    *,
    struct_out: PathLike | None = None,
    overwrite: bool = False,
    structure_copy: PathLike | None = None,
    remove_double_frames: bool = True,
) -> Trajectory:
    """Write frames of trajectories, given as pairs with slices; see `TrajectoryConcatenator`."""
    if not isinstance(sources, Sequence):
        raise TypeError(f"sources={sources!r}: A list of (trajectory, slice) is needed.")
    concatenator = TrajectoryConcatenator(remove_double_frames=remove_double_frames)
    trajectories = [trajectory for trajectory, _ in sources]
    slices = [chosen for _, chosen in sources]
    return concatenator.concatenate(
        trajectories,
        slices,
        out,
        struct_out=struct_out,
        overwrite=overwrite,
        structure_copy=structure_copy,
    )


class TrajectoryConcatenator(Transforming):
    """Makes one trajectory file of slices of others.

    XTC and TRR frames are copied as bytes, also in reverse, unless they have to be
    transformed or converted to another format. Steps and times stay as they are, as far
    as the format of the output has room for them.

    Parameters
    ----------
    invert_v_for_negative_step : bool
        Whether velocities change their sign in reversed slices.
    remove_double_frames : bool
        Whether a frame that was written just before is left out where trajectories, or
        the files of one, meet: the last frame of a part with which the next part begins,
        the shooting frame that both halves of a two-way shot have. Frames with other
        positions are never left out, whatever their steps.
    mda_transformations : list of callables, optional
        MDAnalysis transformations, applied to each frame.
    mda_transformations_setup_func : callable, optional
        Called with each Universe, to add transformations that need to know it.

    Raises
    ------
    ValueError
        If both kinds of transformations are given.
    """

    _made_by = "concatenation"
    _is_recorded = True

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
        structure_copy: PathLike | None = None,
    ) -> Trajectory:
        """Write frames of trajectories one after the other into a new file.

        Parameters
        ----------
        trajs : list of Trajectory
        slices : list of (start, stop, step)
            One for each trajectory, with the meaning of Python's slices: None and negative
            numbers as there, a negative step for a reversed one.
        tra_out : path
            Appears when it is complete; its ending says the format.
        struct_out : path, optional
            Existing structure file that the result belongs to; without it the first
            trajectory's. It is never written to.
        overwrite : bool
            Whether existing files are replaced, which inputs never are.
        structure_copy : path, optional
            Where to write a copy of that structure, to which the result then belongs; its
            ending says the format.

        Raises
        ------
        FileExistsError, FileNotFoundError, NotADirectoryError, PermissionError
            If a file is in the way, or can't be written where it shall lie, or there is no
            `struct_out`.
        TypeError
            For what is no list of trajectories or slices.
        ValueError
            If the trajectories do not fit together or to `struct_out`, if `tra_out` can't hold
            them, or if an output is one of the inputs; nothing was written then.
        """
        arguments = (trajs, slices, tra_out, (struct_out, structure_copy), overwrite)
        return self._concatenate(*arguments, Stop())

    async def concatenate_async(
        self,
        trajs: Sequence[Trajectory],
        slices: Sequence[FrameSlice],
        tra_out: PathLike,
        *,
        struct_out: PathLike | None = None,
        overwrite: bool = False,
        structure_copy: PathLike | None = None,
    ) -> Trajectory:
        """Do the same in a thread; when cancelled, nothing is written."""
        check_trajectories(trajs)
        arguments = (trajs, slices, tra_out, (struct_out, structure_copy), overwrite)
        return await run_stoppable(lambda stop: self._concatenate(*arguments, stop), trajs)

    def _concatenate(
        self,
        trajs: Sequence[Trajectory],
        slices: Sequence[FrameSlice],
        tra_out: PathLike,
        structures: tuple[PathLike | None, PathLike | None],
        overwrite: bool,
        stop: Stop,
    ) -> Trajectory:
        outputs = Outputs(tra_out, *structures, argument="tra_out", overwrite=overwrite)
        segments = select(trajs, slices)
        outputs.check_sources(trajs)
        if self.remove_double_frames:
            segments = drop_doubles(segments)
        n_frames = sum(len(segment.numbers) for segment in segments)
        name = output_format(outputs.path, n_frames=n_frames)
        with outputs.replaced(trajs[0], stop) as path:
            self._write(path, name, segments, stop)
        if self._is_recorded:
            made = {"by": self._made_by, "reversed": any(one.is_reversed for one in segments)}
            record_frames(outputs.path, segments, made)
        return outputs.result(trajs[0])

    def _write(self, path: Path, name: str, segments: Sequence[Segment], stop: Stop) -> None:
        if self._transformations or name not in RAW_FORMATS:
            jobs = [(one, invert_if_any if self._inverts(one) else leave) for one in segments]
            write_decoded(path, name, jobs, self._transformations, stop)
            return
        with path.open("xb") as file:
            for segment in segments:
                write_segment(file, name, segment, invert=self._inverts(segment), stop=stop)

    def _inverts(self, segment: Segment) -> bool:
        return segment.is_reversed and self.invert_v_for_negative_step
