"""Frames that are in two files because one simulation goes on where another one ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.headers import XTC_UNNUMBERED
from asyncmd_jupyter.frames.read import Frame, read_from_table
from asyncmd_jupyter.frames.selection import Segment

_EXACT_NM = 1e-5
_ROUNDED_NM = 1.5e-3  # by formats with three decimals
_SAME_VELOCITIES = 0.1  # constraints and half steps change them a little, a new draw does not


def drop_doubles(segments: Sequence[Segment]) -> list[Segment]:
    """Leave out frames that are the one before them once more.

    Looked at is each frame with which a trajectory, or a file of one, begins. It is left
    out if it is the same configuration as the frame before it and

    * has the same step or time, as where a part of a simulation begins with the last
      frame of the part before it, or
    * time runs back before it and forward from it on, or the other way round, as where
      the two halves of a two-way shot meet in the shooting frame; their steps are
      counted separately then and mean nothing.

    Frames with equal steps but other positions or velocities are different ones.
    """
    kept = []
    before: _Place | None = None
    for segment in segments:
        mask = np.ones(len(segment.numbers), dtype=bool)
        for position in (0, *np.flatnonzero(np.diff(segment.files())) + 1):
            if position:
                before = _Place(segment, int(position) - 1)
            here = _Place(segment, int(position))
            mask[position] = before is None or not _is_double(before, here)
        before = _Place(segment, len(segment.numbers) - 1)
        kept.append(segment.keep(mask))
    return [segment for segment in kept if len(segment.numbers)]


class _Place(NamedTuple):
    segment: Segment
    position: int

    @property
    def number(self) -> int:
        return int(self.segment.numbers[self.position])

    @property
    def step(self) -> int:
        return int(self.segment.table.steps[self.number])

    @property
    def time(self) -> float:
        return float(self.segment.table.times[self.number])

    @property
    def is_exact(self) -> bool:
        table = self.segment.table
        return bool(table.parts) and table.parts[table.locate(self.number)[0]].kind == "trr"

    def read(self) -> Frame:
        return read_from_table(self.segment.trajectory, self.segment.table, self.number)

    def has_same_bytes(self, other: _Place) -> bool:
        """Whether all but step and time is the same as in an XTC frame: quicker than decoding."""
        own = self._xtc_bytes()
        return bool(own) and own == other._xtc_bytes()

    def _xtc_bytes(self) -> bytes:
        file_number, local = self.segment.table.locate(self.number)
        if not self.segment.table.parts or self.segment.table.parts[file_number].kind != "xtc":
            return b""
        index = self.segment.table.parts[file_number]
        with self.segment.trajectory.paths[file_number].open("rb") as file:
            file.seek(int(index.offsets[local]) + XTC_UNNUMBERED)
            return file.read(int(index.sizes[local]) - XTC_UNNUMBERED)


def _is_double(before: _Place, here: _Place) -> bool:
    same_time = abs(before.time - here.time) <= float(np.spacing(np.float32(abs(before.time))))
    numbered_alike = same_time or before.step == here.step
    turned = before.segment.is_reversed != here.segment.is_reversed
    if not (numbered_alike or turned):
        return False
    if before.has_same_bytes(here):
        return True
    rounded = numbered_alike and not (before.is_exact and here.is_exact)
    try:
        frames = before.read(), here.read()
    except ValueError:  # no positions, by which they could be recognised
        return False
    if not same_configuration(*frames, _ROUNDED_NM if rounded else _EXACT_NM):
        return False
    one, other = (frame.velocities for frame in frames)
    return one is None or other is None or _same_velocities(one, other)


def same_configuration(one: Frame, other: Frame, allowed: float) -> bool:
    """Whether no atom is further than `allowed` nm from where it is in the other frame."""
    scale = float(np.max(np.abs(one.positions), initial=0))
    allowed = max(allowed, 4 * float(np.spacing(np.float32(scale))))
    apart = _shortest(one.positions - other.positions, one.box)
    return float(np.max(np.abs(apart), initial=0)) <= allowed


def _shortest(differences: NDArray[Any], box: NDArray[Any] | None) -> NDArray[Any]:
    """Forget whole box vectors: a restart may put molecules back into the box."""
    if box is None or abs(np.linalg.det(box)) < 1e-12:
        return differences
    whole = np.rint(differences @ np.linalg.inv(box))
    return np.asarray(differences - whole @ box)


def _same_velocities(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Compare up to the sign, which depends on whether reversed ones are inverted."""
    difference = min(np.linalg.norm(one - other), np.linalg.norm(one + other))
    return bool(difference <= _SAME_VELOCITIES * np.linalg.norm(one))
