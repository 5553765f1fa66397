"""Many frames at once, as arrays in GROMACS' units."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.content import FrameTable
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.frames.read import arrays_of_timestep
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex, read_trr_frame

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FrameArrays:
    """Frames in memory, which nobody may change.

    Attributes
    ----------
    positions : array
        nm, shape (n_frames, n_atoms, 3).
    velocities : array or None
        nm/ps, the same shape; None if a frame has none.
    box : array or None
        Box vectors as rows in nm, shape (n_frames, 3, 3); None if a frame has none.
    """

    positions: Floats
    velocities: Floats | None = None
    box: Floats | None = None

    def take(self, numbers: NDArray[np.int64]) -> Self:
        """Frames by their numbers."""
        return type(self)(
            _frozen(self.positions[numbers]),
            None if self.velocities is None else _frozen(self.velocities[numbers]),
            None if self.box is None else _frozen(self.box[numbers]),
        )

    def with_opposite_velocities(self) -> Self:
        """The same frames with velocities of the other sign."""
        return replace(self, velocities=None if self.velocities is None else -self.velocities)

    def __add__(self, other: FrameArrays) -> Self:
        return type(self)(
            _frozen(np.concatenate([self.positions, other.positions])),
            _joined(self.velocities, other.velocities),
            _joined(self.box, other.box),
        )


class _OneFrame(NamedTuple):
    """What a reader gives."""

    box: NDArray[Any] | None
    positions: NDArray[Any] | None
    velocities: NDArray[Any] | None


def read_frames(trajectory: Trajectory, numbers: NDArray[np.int64]) -> FrameArrays:
    """Read frames in the order that is asked for, each file being opened once.

    Parameters
    ----------
    trajectory : Trajectory
    numbers : array of int
        Of the frames, counted from 0.

    Raises
    ------
    ValueError
        For a frame without positions.
    """
    with ExitStack() as files:
        found = list(_frames(trajectory, trajectory.frame_table(), numbers, files))
    positions = [
        _there(frame.positions, number, trajectory)
        for number, frame in zip(numbers.tolist(), found, strict=True)
    ]
    boxes = [None if frame.box is None or not np.any(frame.box) else frame.box for frame in found]
    return FrameArrays(
        _frozen(np.stack(positions).astype(np.float32, copy=False)),
        _stacked([frame.velocities for frame in found]),
        _stacked(boxes),
    )


def _there(positions: NDArray[Any] | None, number: int, trajectory: Trajectory) -> NDArray[Any]:
    if positions is None:
        files = ", ".join(trajectory.trajectory_files)
        raise ValueError(f"Frame {number} of {files} has no positions.")
    return positions


def _frames(
    trajectory: Trajectory, table: FrameTable, numbers: NDArray[np.int64], files: ExitStack
) -> Iterator[_OneFrame]:
    readers: dict[int, Any] = {}
    for number in numbers.tolist():
        file_number, local = table.locate(number)
        if file_number not in readers:
            readers[file_number] = _reader(trajectory, table, file_number, files)
        yield readers[file_number](local)


def _reader(trajectory: Trajectory, table: FrameTable, file_number: int, files: ExitStack) -> Any:
    path = trajectory.paths[file_number]
    if not table.parts:
        universe = files.enter_context(open_universe(trajectory.structure_path, [path]))
        return lambda local: _OneFrame(*arrays_of_timestep(path, universe.trajectory[local]))
    index = table.parts[file_number]
    return _trr_reader(path, index) if index.kind == "trr" else _xtc_reader(path, index, files)


def _trr_reader(path: Path, index: FrameIndex) -> Any:
    def read(local: int) -> _OneFrame:
        frame = read_trr_frame(path, int(index.offsets[local]))
        return _OneFrame(frame.box, frame.positions, frame.velocities)

    return read


def _xtc_reader(path: Path, index: FrameIndex, files: ExitStack) -> Any:
    from MDAnalysis.lib.formats.libmdaxdr import XTCFile

    file = files.enter_context(XTCFile(str(path)))
    file.set_offsets(np.array(index.offsets, np.int64))

    def read(local: int) -> _OneFrame:
        file.seek(local)
        frame = file.read()
        return _OneFrame(frame.box, frame.x, None)

    return read


def _stacked(arrays: list[NDArray[Any] | None]) -> Floats | None:
    there = [array for array in arrays if array is not None]
    if len(there) < len(arrays):
        return None
    return _frozen(np.stack(there).astype(np.float32, copy=False))


def _joined(one: Floats | None, another: Floats | None) -> Floats | None:
    if one is None or another is None:
        return None
    return _frozen(np.concatenate([one, another]))


def _frozen(array: Floats) -> Floats:
    array.flags.writeable = False
    return array
