"""Sequences of snapshots, in memory or read from files when they are used."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Protocol, Self, overload
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.read_many import FrameArrays, read_frames
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.write_arrays import write_arrays
from asyncmd_jupyter.methods.snapshot import Floats, Snapshot, checked_box

if TYPE_CHECKING:
    from asyncmd_jupyter.methods.cv import CV

Numbers = NDArray[np.int64]

_CHUNK_BYTES = 2**26
_SAME_DT = 1e-3  # relative: times in files are in single precision


class Frames(Protocol):
    """Where the frames of paths are; nothing of it changes."""

    @property
    def structure(self) -> str | None:
        """Structure file of the system, if one is known."""

    def __len__(self) -> int: ...

    def read(self, numbers: Numbers) -> FrameArrays:
        """Read frames, in the order that is asked for."""


@dataclass(frozen=True, eq=False)
class InMemory:
    """Frames in arrays."""

    arrays: FrameArrays
    structure: str | None = None

    def __len__(self) -> int:
        return len(self.arrays.positions)

    def read(self, numbers: Numbers) -> FrameArrays:
        """Take frames, without a copy if they are all of them."""
        if np.array_equal(numbers, np.arange(len(self))):
            return self.arrays
        return self.arrays.take(numbers)


@dataclass(frozen=True, eq=False)
class InTrajectory:
    """Frames in the files of a trajectory."""

    trajectory: Trajectory

    @property
    def structure(self) -> str | None:
        """That of the trajectory."""
        return self.trajectory.structure_file

    def __len__(self) -> int:
        return len(self.trajectory)

    def read(self, numbers: Numbers) -> FrameArrays:
        """Read frames from the files."""
        return read_frames(self.trajectory, numbers)


class Path(Sequence[Snapshot]):
    """Snapshots at equal distances in time, one after the other; can't be changed.

    Parameters
    ----------
    positions : array_like
        nm, shape (n_frames, n_atoms, 3).
    velocities : array_like, optional
        nm/ps, the same shape.
    box : array_like, optional
        nm; one for all frames, shape (3,) or (3, 3), or one for each, shape (n_frames, 3, 3).
    dt : float
        Time between two snapshots in ps.
    ended : str, optional
        Name of the condition that holds at the last snapshot, None if it is none that ended
        the path.
    parent : Snapshot, optional
        What it was started from.

    Attributes
    ----------
    error : str
        Why it could not be computed to its end; empty if it was.

    Raises
    ------
    ValueError
        For arrays that do not fit together, or a `dt` that is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from asyncmd_jupyter.methods import CV, Path
    >>> x = CV(lambda positions: positions[:, 0, 0], name="x")
    >>> path = Path(np.linspace([[0, 0, 0]], [[0.4, 0, 0]], 5), dt=0.1)
    >>> len(path), round(path.max(x), 3), len(path[1:-1] + path.reversed())
    (5, 0.4, 8)
    """

    def __init__(
        self,
        positions: Any,
        velocities: Any = None,
        box: Any = None,
        *,
        dt: float,
        ended: str | None = None,
        parent: Snapshot | None = None,
    ) -> None:
        frames = InMemory(_checked(positions, velocities, box))
        self._set(frames, np.arange(len(frames)), dt=dt, ended=ended, parent=parent)

    def _set(
        self,
        frames: Frames,
        numbers: Numbers,
        *,
        dt: float,
        ended: str | None = None,
        parent: Snapshot | None = None,
        is_reversed: bool = False,
    ) -> None:
        if not 0 < dt < np.inf:
            raise ValueError(
                f"dt={dt!r}: the time between two snapshots is a positive number of ps."
            )
        self._frames = frames
        self._numbers = numbers
        self._is_reversed = is_reversed
        self._dt = float(dt)
        self.ended = ended
        self.parent = parent
        self.error = ""
        self._values: WeakKeyDictionary[CV, NDArray[Any]] = WeakKeyDictionary()

    @classmethod
    def from_frames(cls, frames: Frames, **options: Any) -> Self:
        """Make a path of frames wherever they are; `options` as for `Path`."""
        path = cls.__new__(cls)
        path._set(frames, np.arange(len(frames)), **options)
        return path

    @classmethod
    def of(cls, trajectory: Trajectory, *, ended: str | None = None) -> Self:
        """A view of a trajectory, whose frames are read when they are used.

        Raises
        ------
        ValueError
            If its frames have no equal distances in time, or it has one frame only, of which
            nobody knows the time to the next.
        """
        times = trajectory.frame_table().times
        dt = float(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else np.nan
        rounding = 2 * float(np.spacing(np.float32(np.abs(times).max())))
        if not (dt > 0 and np.allclose(np.diff(times), dt, rtol=_SAME_DT, atol=rounding)):
            raise ValueError(
                f"The {len(times)} frames of {', '.join(trajectory.trajectory_files)} have no "
                "equal distances in time: join parts with TrajectoryConcatenator, which drops "
                "double frames, or take Snapshot.of(…) of single ones."
            )
        return cls.from_frames(InTrajectory(trajectory), dt=dt, ended=ended)

    # What it consists of

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def dt(self) -> float:
        """Time between two snapshots in ps."""
        return self._dt

    @property
    def duration(self) -> float:
        """Time from the first to the last snapshot in ps."""
        return (len(self) - 1) * self._dt

    @property
    def positions(self) -> Floats:
        """nm, shape (n_frames, n_atoms, 3); read at each call if they are in files."""
        return self._read(self._numbers).positions

    @property
    def velocities(self) -> Floats | None:
        """nm/ps, shape (n_frames, n_atoms, 3); None if a frame has none."""
        return self._read(self._numbers).velocities

    @property
    def box(self) -> Floats | None:
        """Box vectors as rows in nm, shape (n_frames, 3, 3); None without a box."""
        return self._read(self._numbers).box

    def _read(self, numbers: Numbers) -> FrameArrays:
        arrays = self._frames.read(numbers)
        return arrays.with_opposite_velocities() if self._is_reversed else arrays

    @overload
    def __getitem__(self, index: int) -> Snapshot: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._cut(index)
        number = operator.index(index)
        if not -len(self) <= number < len(self):
            raise IndexError(f"There is no snapshot {number} in a path of {len(self)}.")
        return _snapshot(self._read(self._numbers[number : number + 1 or None]), 0)

    def __iter__(self) -> Iterator[Snapshot]:
        for part in self._chunks():
            arrays = self._read(part)
            yield from (_snapshot(arrays, i) for i in range(len(part)))

    def _cut(self, chosen: slice) -> Self:
        step = 1 if chosen.step is None else operator.index(chosen.step)
        if step < 1:
            raise ValueError("A path runs forward in time: use path.reversed(), then a slice.")
        numbers = self._numbers[chosen]
        if not len(numbers):
            raise ValueError(f"No snapshot of {len(self)} is left by {_text(chosen)}.")
        keeps_end = numbers[-1] == self._numbers[-1]
        keeps_begin = numbers[0] == self._numbers[0]
        return self._like(
            numbers,
            dt=step * self._dt,
            ended=self.ended if keeps_end else None,
            parent=self.parent if keeps_begin else None,
        )

    def _like(self, numbers: Numbers, **options: Any) -> Self:
        path = type(self).__new__(type(self))
        path._set(self._frames, numbers, **{"is_reversed": self._is_reversed, **options})
        return path

    def reversed(self) -> Self:
        """The path run back: the last snapshot first, with velocities of the other sign."""
        return self._like(self._numbers[::-1], dt=self._dt, is_reversed=not self._is_reversed)

    def __add__(self, other: Any) -> Self:
        """Join two paths: the snapshots of this one, then those of another one.

        If the other one begins with the last snapshot of this one, take ``other[1:]``.
        """
        if not isinstance(other, Path):
            return NotImplemented
        if abs(self._dt - other._dt) > _SAME_DT * self._dt:
            raise ValueError(f"The paths have {self._dt:g} and {other._dt:g} ps between snapshots.")
        mine, others = self._read(self._numbers), other._read(other._numbers)
        frames = InMemory(mine + others, self._frames.structure or other._frames.structure)
        return self.from_frames(frames, dt=self._dt, ended=other.ended, parent=self.parent)

    # What it is worth

    def values(self, cv: CV) -> NDArray[Any]:
        """Values of a function of coordinates, one row for each snapshot; computed once."""
        if (known := self._values.get(cv)) is None:
            arrays = (self._read(part) for part in self._chunks())
            known = np.concatenate([cv.of_positions(each.positions, each.box) for each in arrays])
            known.flags.writeable = False
            self._values[cv] = known
        return known

    def max(self, cv: CV) -> float:
        """The largest value of a function that gives one number.

        Raises
        ------
        ValueError
            If a value is NaN, or there are several in a row.
        """
        values = self.values(cv)
        if values.ndim != 1:
            raise ValueError(f"{cv.name} gives {values.shape[1:]} numbers for a snapshot, not one.")
        if np.isnan(values).any():
            raise ValueError(f"{cv.name} is NaN at snapshot {int(np.isnan(values).argmax())}.")
        return float(values.max())

    def _chunks(self) -> Iterator[Numbers]:
        """Numbers of as many frames as are read at once."""
        per_frame = self._frames.read(self._numbers[:1]).positions.nbytes
        n_frames = max(1, _CHUNK_BYTES // per_frame)
        for first in range(0, len(self), n_frames):
            yield self._numbers[first : first + n_frames]

    def save(
        self,
        file: str | PathLike[str],
        *,
        structure: str | PathLike[str] | None = None,
        overwrite: bool = False,
    ) -> Trajectory:
        """Write a trajectory file.

        Parameters
        ----------
        file : path
            Ends with ``.trr``, which holds velocities, or ``.xtc``. Appears when it is complete.
        structure : path, optional
            Structure file of the system; by default that of the trajectory it was read from.
        overwrite : bool

        Returns
        -------
        Trajectory

        Raises
        ------
        FileExistsError, FileNotFoundError
        ValueError
            For another ending, or if there is no structure.
        """
        structure = self._frames.structure if structure is None else structure
        if structure is None:
            raise ValueError("The path knows no structure file: give structure=….")
        times = self._dt * np.arange(len(self))
        parts = (self._read(part) for part in self._chunks())
        return write_arrays(file, parts, times, structure=structure, overwrite=overwrite)

    def __repr__(self) -> str:
        end = f", ended in {self.ended}" if self.ended else ""
        return f"<Path of {len(self)} snapshots, {self.duration:g} ps{end}>"


def _snapshot(arrays: FrameArrays, number: int) -> Snapshot:
    moving = None if arrays.velocities is None else arrays.velocities[number]
    box = None if arrays.box is None else arrays.box[number]
    return Snapshot(arrays.positions[number], moving, box)


def _text(chosen: slice) -> str:
    ends = ("" if end is None else str(end) for end in (chosen.start, chosen.stop))
    return f"[{':'.join(ends)}]"


def _checked(positions: Any, velocities: Any, box: Any) -> FrameArrays:
    there = _array("positions", positions)
    moving = None if velocities is None else _array("velocities", velocities)
    if moving is not None and moving.shape != there.shape:
        raise ValueError(f"positions have the shape {there.shape}, velocities {moving.shape}.")
    return FrameArrays(there, moving, None if box is None else _boxes(box, len(there)))


def _array(name: str, given: Any) -> Floats:
    array = np.array(given, dtype=np.float32)
    if array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise ValueError(
            f"{name} have to have the shape (n_frames, n_atoms, 3), not {array.shape}."
        )
    finite = np.isfinite(array).all(axis=(1, 2))
    if not finite.all():
        raise ValueError(f"{name} of snapshot {int(np.argmin(finite))} are not finite.")
    array.flags.writeable = False
    return array


def _boxes(box: Any, n_frames: int) -> Floats:
    array = np.asarray(box, dtype=np.float32)
    if array.ndim < 3:
        return np.broadcast_to(checked_box(box), (n_frames, 3, 3))
    if len(array) != n_frames:
        raise ValueError(f"There are {len(array)} boxes for {n_frames} snapshots.")
    found = np.stack([checked_box(each) for each in array])
    found.flags.writeable = False
    return found
