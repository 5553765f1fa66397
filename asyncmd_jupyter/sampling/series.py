"""What is known of the frames of one walker, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex
from asyncmd_jupyter.sampling.progress import ConditionSeries, Observable
from asyncmd_jupyter.sampling.states import Examination, Quantity


@dataclass
class _PartFrames:
    """Frames of a part; `chunks` are replaced by one when the part is finished."""

    n_frames: int = 0
    last_step: int = 0
    chunks: list[tuple[NDArray[Any], Sequence[Examination]]] = field(default_factory=list)


class SeriesBook:
    """Collects frames and examinations; live ones until those of the whole part come."""

    def __init__(self, conditions: Sequence[str], quantities: Sequence[Quantity]) -> None:
        self._conditions = tuple(conditions)
        self._quantities = tuple(quantities)
        self._parts: dict[int, _PartFrames] = {}

    def _part(self, number: int) -> _PartFrames:
        return self._parts.setdefault(number, _PartFrames())

    def frames_written(self, number: int, new: FrameIndex) -> None:
        """Count new frames of a growing part."""
        part = self._part(number)
        part.n_frames += len(new)
        part.last_step = int(new.steps[-1])

    def part_finished(self, number: int, trajectory: Trajectory) -> None:
        """Count the frames of a finished part."""
        part = self._part(number)
        part.n_frames, part.last_step = len(trajectory), trajectory.last_step

    def examined(
        self, number: int, times: NDArray[Any], examinations: Sequence[Examination], *, live: bool
    ) -> None:
        """Keep what the conditions said of new frames, or of a whole part."""
        part = self._part(number)
        chunk = (times, examinations)
        part.chunks = [*part.chunks, chunk] if live else [chunk]

    def cut(self, last_step: int) -> None:
        """Forget growing parts that were begun again."""
        self._parts = {n: part for n, part in self._parts.items() if part.last_step <= last_step}

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

    def series(self, reached_frame: int | None = None) -> ConditionSeries:
        """Everything so far in one piece, up to and with the frame that decided."""
        end = None if reached_frame is None else reached_frame + 1
        chunks = [(n, *chunk) for n in sorted(self._parts) for chunk in self._parts[n].chunks]
        examined = [examinations for _, _, examinations in chunks]
        return ConditionSeries(
            times=_joined([times for _, times, _ in chunks], np.float64)[:end],
            parts=_joined([np.full(len(times), n) for n, times, _ in chunks], np.int64)[:end],
            fulfilled={
                name: _joined([seen[i].fulfilled for seen in examined], np.bool_)[:end]
                for i, name in enumerate(self._conditions)
            },
            observables=tuple(_observable(q, examined, end) for q in self._quantities),
            reached_frame=reached_frame,
        )


def _joined(arrays: Sequence[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate(arrays).astype(dtype) if arrays else np.zeros(0, dtype)


def _observable(
    quantity: Quantity, examined: Sequence[Sequence[Examination]], end: int | None
) -> Observable:
    merged = [{name: v for e in seen for name, v in e.observables.items()} for seen in examined]
    values = _joined([values[quantity.name] for values in merged], np.float64)[:end]
    return Observable(quantity.name, values, quantity.bands)
