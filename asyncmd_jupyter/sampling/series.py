"""What is known of the frames of one walker, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex
from asyncmd_jupyter.sampling.progress import ConditionSeries, Observable, SeriesPieces
from asyncmd_jupyter.sampling.states import Examination, Quantity


class Column:
    """Values that come in small pieces, for days: appending costs the same at any length."""

    def __init__(self, dtype: Any) -> None:
        self._buffer: NDArray[Any] = np.empty(64, dtype)
        self._length = 0

    def append(self, values: NDArray[Any]) -> None:
        """Add values at the end."""
        end = self._length + len(values)
        if end > len(self._buffer):
            larger = np.empty(max(end, 2 * len(self._buffer)), self._buffer.dtype)
            larger[: self._length] = self.values
            self._buffer = larger
        self._buffer[self._length : end] = values
        self._length = end

    @property
    def values(self) -> NDArray[Any]:
        """All values so far; those that are there never change."""
        return self._buffer[: self._length]


class _Table:
    """What the conditions said of the frames of one part."""

    def __init__(self, n_conditions: int, quantities: Sequence[Quantity]) -> None:
        self.times = Column(np.float64)
        self.fulfilled = [Column(np.bool_) for _ in range(n_conditions)]
        self.observables = {quantity.name: Column(np.float64) for quantity in quantities}

    def append(self, times: NDArray[Any], examinations: Sequence[Examination]) -> None:
        self.times.append(times)
        for column, examination in zip(self.fulfilled, examinations, strict=True):
            column.append(examination.fulfilled)
        compared = {name: v for e in examinations for name, v in e.observables.items()}
        for name, column in self.observables.items():
            column.append(compared[name])


@dataclass
class _PartFrames:
    table: _Table
    n_frames: int = 0
    last_step: int = 0
    last_time: float = 0.0


@dataclass
class SeriesBook:
    """Collects frames and examinations; live ones until those of the whole part come.

    Attributes
    ----------
    conditions : sequence of str
        Their names.
    quantities : sequence of Quantity
        What they compare.
    """

    conditions: Sequence[str]
    quantities: Sequence[Quantity]
    _parts: dict[int, _PartFrames] = field(default_factory=dict)

    def _new_table(self) -> _Table:
        return _Table(len(self.conditions), self.quantities)

    def _part(self, number: int) -> _PartFrames:
        if number not in self._parts:
            self._parts[number] = _PartFrames(self._new_table())
        return self._parts[number]

    def frames_written(self, number: int, new: FrameIndex) -> None:
        """Count new frames of a growing part."""
        part = self._part(number)
        part.n_frames += len(new)
        part.last_step, part.last_time = int(new.steps[-1]), float(new.times[-1])

    def frames_left(self, number: int, whole: FrameIndex) -> None:
        """Count all frames of a part that was cancelled."""
        part = self._part(number)
        if len(whole) > part.n_frames:
            part.n_frames = len(whole)
            part.last_step, part.last_time = int(whole.steps[-1]), float(whole.times[-1])

    def part_finished(self, number: int, trajectory: Trajectory) -> None:
        """Count the frames of a finished part."""
        part = self._part(number)
        part.n_frames = len(trajectory)
        part.last_step, part.last_time = trajectory.last_step, trajectory.last_time

    def examined(
        self, number: int, times: NDArray[Any], examinations: Sequence[Examination], *, live: bool
    ) -> None:
        """Keep what the conditions said of new frames, or of a whole part."""
        part = self._part(number)
        if not live:
            part.table = self._new_table()
        part.table.append(times, examinations)

    @property
    def n_frames(self) -> int:
        """Whole frames on disk."""
        return sum(part.n_frames for part in self._parts.values())

    @property
    def last_part(self) -> int:
        """Number of the last part, 0 before the first."""
        return max(self._parts, default=0)

    @property
    def last_step(self) -> int:
        """Step of the last frame."""
        return max((part.last_step for part in self._parts.values()), default=0)

    @property
    def last_time(self) -> float:
        """Time of the last frame in ps."""
        return max((part.last_time for part in self._parts.values()), default=0.0)

    def series(self, reached_frame: int | None = None) -> ConditionSeries:
        """Everything so far in one piece, up to and with the frame that decided."""
        series = self.pieces(reached_frame).joined()
        if self._parts:
            return series
        fulfilled = {name: np.zeros(0, np.bool_) for name in self.conditions}
        shown = tuple(Observable(q.name, np.zeros(0), q.bands, q.unit) for q in self.quantities)
        return replace(series, fulfilled=fulfilled, observables=shown)

    def pieces(self, reached_frame: int | None = None) -> SeriesPieces:
        """Everything so far as views, part by part; nothing is copied."""
        parts = tuple(self._piece(number) for number in sorted(self._parts))
        return SeriesPieces(parts, reached_frame)

    def _piece(self, number: int) -> ConditionSeries:
        table = self._parts[number].table
        times = table.times.values
        return ConditionSeries(
            times=times,
            parts=np.broadcast_to(np.int64(number), len(times)),
            fulfilled={
                name: column.values
                for name, column in zip(self.conditions, table.fulfilled, strict=True)
            },
            observables=tuple(
                Observable(q.name, table.observables[q.name].values, q.bands, q.unit)
                for q in self.quantities
            ),
        )
