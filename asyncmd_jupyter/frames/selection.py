"""Which frames of which trajectories go into a new file, checked before any is written."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.content import FrameTable
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex

FrameSlice: TypeAlias = (
    slice | tuple[SupportsIndex | None, SupportsIndex | None, SupportsIndex | None]
)
"""A slice, or its start, stop and step."""


@dataclass(frozen=True, eq=False)
class Segment:
    """Frames of one trajectory in the order in which they are to be written.

    Attributes
    ----------
    trajectory : Trajectory
    table : FrameTable
    numbers : array of int64
        Of the frames, counted over all files.
    is_reversed : bool
        Whether they run backwards in time.
    """

    trajectory: Trajectory
    table: FrameTable
    numbers: NDArray[np.int64]
    is_reversed: bool = False

    def keep(self, mask: NDArray[np.bool_]) -> Segment:
        """Leave frames out."""
        return Segment(self.trajectory, self.table, self.numbers[mask], self.is_reversed)

    def may_have_velocities(self) -> bool:
        """Whether none of the files is of a kind without them."""
        return all(part.kind == "trr" for part in self.table.parts)

    def files(self) -> NDArray[np.int64]:
        """The number of the file in which each frame is."""
        return np.searchsorted(self.table.starts, self.numbers, side="right") - 1

    def stretches(self) -> Iterator[Stretch]:
        """Split where another file begins; only for XTC and TRR files."""
        files = self.files()
        breaks = np.flatnonzero(np.diff(files)) + 1
        for part in np.split(np.arange(len(files)), breaks):
            number = int(files[part[0]])
            frames = self.numbers[part] - self.table.starts[number]
            yield Stretch(self.trajectory.paths[number], self.table.parts[number], frames)


@dataclass(frozen=True, eq=False)
class Stretch:
    """Frames of one XTC or TRR file.

    Attributes
    ----------
    path : Path
    index : FrameIndex
    frames : array of int64
        Counted from the beginning of the file.
    """

    path: Path
    index: FrameIndex
    frames: NDArray[np.int64]


def select(trajectories: Sequence[Trajectory], slices: Sequence[FrameSlice]) -> list[Segment]:
    """Choose the frames.

    Raises
    ------
    TypeError
        For anything but lists of trajectories and slices.
    ValueError
        For trajectories that do not fit together or to the slices, or if no frame is left.
    """
    check_trajectories(trajectories)
    if not isinstance(slices, Sequence):
        raise TypeError(f"slices={slices!r}: A list of slices is needed, one for each trajectory.")
    if len(trajectories) != len(slices):
        raise ValueError(
            f"There are {len(trajectories)} trajectories but {len(slices)} slices; "
            "give one slice for each trajectory."
        )
    chosen = [as_slice(one) for one in slices]
    tables = [trajectory.frame_table() for trajectory in trajectories]
    _check_atoms(trajectories, tables)
    segments = [_segment(*three) for three in zip(trajectories, tables, chosen, strict=True)]
    segments = [segment for segment in segments if len(segment.numbers)]
    if not segments:
        raise ValueError(f"The slices {list(slices)} select no frame at all.")
    return segments


def as_slice(chosen: Any) -> slice:
    """Make a slice of three numbers.

    Raises
    ------
    TypeError
        For anything that is none.
    ValueError
        For a step of zero.
    """
    parts = (chosen.start, chosen.stop, chosen.step) if isinstance(chosen, slice) else chosen
    try:
        start, stop, step = (None if part is None else operator.index(part) for part in parts)
    except (TypeError, ValueError):
        raise TypeError(
            f"{chosen!r} is no slice: give (start, stop, step), each a whole number or None."
        ) from None
    if step == 0:
        raise ValueError(f"The slice {chosen} has a step of zero.")
    return slice(start, stop, step)


def _segment(trajectory: Trajectory, table: FrameTable, chosen: slice) -> Segment:
    numbers = np.array(range(len(table.steps))[chosen], dtype=np.int64)
    return Segment(trajectory, table, numbers, (chosen.step or 1) < 0)


def check_trajectories(trajectories: Any, name: str = "trajs") -> None:
    """See that it is a list of at least one.

    Raises
    ------
    TypeError, ValueError
    """
    if isinstance(trajectories, Trajectory):
        raise TypeError("Put the trajectory into a list: [trajectory], and its slice too.")
    if not isinstance(trajectories, Sequence):
        raise TypeError(f"{name}={trajectories!r}: A list of trajectories is needed.")
    if not len(trajectories):
        raise ValueError(f"{name}={trajectories!r}: No trajectories were given, one is needed.")
    for number, one in enumerate(trajectories):
        check_trajectory(one, f"{name}[{number}]")


def check_trajectory(value: Any, name: str = "A trajectory") -> None:
    """See that it is a `Trajectory`.

    Raises
    ------
    TypeError
    """
    if not isinstance(value, Trajectory):
        raise TypeError(
            f"{name} has to be a Trajectory, not {value!r}. Make one of your files: "
            "Trajectory(trajectory_files, structure_file)."
        )


def _check_atoms(trajectories: Sequence[Trajectory], tables: Sequence[FrameTable]) -> None:
    counts = [table.n_atoms for table in tables]
    if len(set(counts)) > 1:
        found = ", ".join(
            f"{trajectory.trajectory_files[0]}: {count}"
            for trajectory, count in zip(trajectories, counts, strict=True)
        )
        raise ValueError(f"The trajectories differ in their atom counts ({found}).")
