"""Which frames of which trajectories go into a new file, checked before any is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import SupportsIndex, TypeAlias

import numpy as np

from asyncmd_jupyter.frames.content import FrameTable
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

FrameSlice: TypeAlias = (
    slice | tuple[SupportsIndex | None, SupportsIndex | None, SupportsIndex | None]
)
"""A slice, or its start, stop and step."""

_SAME_PLACE_NM = 0.01


@dataclass(frozen=True)
class Segment:
    """Frames of one trajectory in the order in which they are to be written.

    Attributes
    ----------
    trajectory : Trajectory
    table : FrameTable
    frames : range
        Numbers of the frames.
    """

    trajectory: Trajectory
    table: FrameTable
    frames: range

    @property
    def is_reversed(self) -> bool:
        """Whether it runs backwards in time."""
        return self.frames.step < 0

    def by_file(self) -> Iterator[tuple[int, list[int]]]:
        """Split into file number and the numbers of the frames within that file."""
        numbers = np.array(self.frames, dtype=np.int64)
        files = np.searchsorted(self.table.starts, numbers, side="right") - 1
        breaks = np.flatnonzero(np.diff(files)) + 1
        for part in np.split(np.arange(len(numbers)), breaks):
            file_number = int(files[part[0]])
            yield file_number, [int(n) for n in numbers[part] - self.table.starts[file_number]]

    def kinds(self) -> set[str]:
        """Formats of the files: ``xtc``, ``trr``, or empty for any other."""
        return {part.kind for part in self.table.parts} or {""}


def select(
    trajectories: Sequence[Trajectory],
    slices: Sequence[FrameSlice],
    *,
    remove_double_frames: bool,
) -> list[Segment]:
    """Choose the frames.

    Raises
    ------
    ValueError
        For trajectories that do not fit together or to the slices, or if no frame is left.
    """
    if len(trajectories) != len(slices):
        raise ValueError(
            f"There are {len(trajectories)} trajectories but {len(slices)} slices; "
            "give one slice for each trajectory."
        )
    _check_atoms(trajectories)
    segments: list[Segment] = []
    for trajectory, chosen in zip(trajectories, slices, strict=True):
        table = trajectory.frame_table()
        frames = range(len(table.steps))[_as_slice(chosen)]
        segment = Segment(trajectory, table, frames)
        if remove_double_frames and segments and frames and _is_double(segments[-1], segment):
            segment = Segment(trajectory, table, frames[1:])
        if segment.frames:
            segments.append(segment)
    if not segments:
        raise ValueError(f"The slices {list(slices)} select no frame at all.")
    return segments


def common_kind(segments: Sequence[Segment], out: Path) -> str:
    """Give the format of all inputs and the output if it is the same XTC or TRR, else ''."""
    kinds = set().union(*(segment.kinds() for segment in segments))
    wanted = out.suffix.lower().removeprefix(".")
    return wanted if kinds == {wanted} else ""


def _as_slice(chosen: FrameSlice) -> slice:
    result = chosen if isinstance(chosen, slice) else slice(*chosen)
    if result.step is not None and result.step == 0:
        raise ValueError(f"The slice {chosen} has a step of zero.")
    return result


def _check_atoms(trajectories: Sequence[Trajectory]) -> None:
    counts = [trajectory.n_atoms for trajectory in trajectories]
    if len(set(counts)) > 1:
        found = ", ".join(
            f"{trajectory.trajectory_files[0]}: {count}"
            for trajectory, count in zip(trajectories, counts, strict=True)
        )
        raise ValueError(f"The trajectories differ in their atom counts ({found}).")


def _is_double(before: Segment, after: Segment) -> bool:
    """Whether the next frame is the one written last: same time, and the same place.

    The time alone would make one of two unrelated configurations vanish.
    """
    last, first = before.frames[-1], after.frames[0]
    times = float(before.table.times[last]), float(after.table.times[first])
    if abs(times[0] - times[1]) > float(np.spacing(np.float32(abs(times[0])))):
        return False
    return _same_place(read_frame(before.trajectory, last), read_frame(after.trajectory, first))


def _same_place(one: Frame, other: Frame) -> bool:
    return bool(np.max(np.abs(one.positions - other.positions)) < _SAME_PLACE_NM)
