"""The content of the files of one trajectory, fixed at the first look at it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.content import Contents, FileState, FrameTable
from asyncmd_jupyter.frames.step_time import time_of_a_step

_GONE = FileState(-1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept of the frames, so that many thousand objects stay small."""

    n_frames: int
    n_atoms: int
    first_step: int
    last_step: int
    first_time: float
    last_time: float
    dt: float
    spacing: str
    nstout: int | None

    @classmethod
    def of(cls, table: FrameTable) -> Summary:
        """Sum up a table with at least one frame."""
        steps, times = table.steps, table.times
        dt, spacing = _spacing(steps, times)
        return cls(
            n_frames=len(steps),
            n_atoms=table.n_atoms,
            first_step=int(steps[0]),
            last_step=int(steps[-1]),
            first_time=float(times[0]),
            last_time=float(times[-1]),
            dt=dt,
            spacing=spacing,
            nstout=abs(int(steps[1] - steps[0])) or None if len(steps) > 1 else None,
        )

    def describe(self) -> str:
        """Say it in one line."""
        noun = "frame" if self.n_frames == 1 else "frames"
        span = f"{self.first_time:g} ps"
        if self.n_frames > 1:
            span = f"{self.first_time:g} to {self.last_time:g} ps, {self.spacing}"
        return f"{self.n_frames} {noun}, {span}, {self.n_atoms} atoms"


@dataclass(frozen=True, slots=True)
class KnownContent:
    """What one look at the files told, to be pickled."""

    states: tuple[FileState, ...]
    value: int | None
    summary: Summary | None


class Identity:
    """Hash and summary of some files, and the guard that they still are the same.

    Parameters
    ----------
    trajectory_files : tuple of str
    structure_file : str
        All absolute.
    """

    __slots__ = ("_glance", "_hash", "_states", "_summary", "structure_file", "trajectory_files")

    def __init__(self, trajectory_files: tuple[str, ...], structure_file: str) -> None:
        self.trajectory_files = trajectory_files
        self.structure_file = structure_file
        self._states: tuple[FileState, ...] | None = None
        self._hash: int | None = None
        self._glance: tuple[object, tuple[tuple[str, tuple[int, int]], ...]] | None = None
        self._summary: Summary | None = None

    def fixed_hash(self) -> int:
        """Hash as it was at the first look, whatever became of the files."""
        if self._hash is None:
            self.check()
            self._hash = self._read_hash()
        return self._hash

    def checked_hash(self) -> int:
        """Hash, for use with the content of the files as they are now."""
        value = self.fixed_hash()
        self.check()
        return value

    def hash_at_once(self) -> int | None:
        """The hash if it is known and the files look as they did then, else None."""
        if self._hash is None or self._states is None:
            return None
        if self._glance is None or self._glance[0] is not self._states:
            paths = (*self.trajectory_files, self.structure_file)
            marks = [(one.mtime_ns, one.size) for one in self._states]
            self._glance = (self._states, tuple(zip(paths, marks, strict=True)))
        try:
            for path, (mtime_ns, size) in self._glance[1]:
                found = os.stat(path)  # noqa: PTH116 - twice as fast, and called for each access
                if found.st_mtime_ns != mtime_ns or found.st_size != size:
                    return None
        except OSError:
            return None
        return self._hash

    def summary(self) -> Summary:
        """Length, steps, times."""
        self.check()
        if self._summary is None:
            self._summary = Summary.of(self._read_table())
        return self._summary

    def table(self) -> FrameTable:
        """Steps, times and places of all frames."""
        self.check()
        table = self._read_table()
        if self._summary is None:
            self._summary = Summary.of(table)
        return table

    @property
    def has_summary(self) -> bool:
        """Whether `summary` needs to read nothing."""
        return self._summary is not None

    def known(self) -> KnownContent | None:
        """What may be believed of unchanged files without reading them again."""
        if self._states is None or not all(state.is_settled for state in self._states):
            return None
        return KnownContent(self._states, self._hash, self._summary)

    def believe(self, known: KnownContent) -> None:
        """Take over what another object found, if the files are as they were then."""
        if _fits(known.states, self._look()):
            self._states, self._hash = known.states, known.value
            self._summary = known.summary

    def check(self) -> None:
        """See that the files are as they were at the first look, or were removed since.

        Raises
        ------
        RuntimeError
            If their content is another.
        """
        states = self._look()
        if self._states is not None and not _fits(self._states, states) and self._differs():
            raise RuntimeError(
                f"A file of {', '.join(self.trajectory_files)} (structure {self.structure_file}) "
                "was changed after this Trajectory was first used. Make a new Trajectory of it."
            )
        if self._states is None or _GONE not in states:
            self._states = states

    def _differs(self) -> bool:
        if self._hash is not None:
            return self._read_hash() != self._hash
        return self._summary is not None and Summary.of(self._read_table()) != self._summary

    def _look(self) -> tuple[FileState, ...]:
        states = []
        for path in (*self.trajectory_files, self.structure_file):
            try:
                states.append(FileState.of(path))
            except FileNotFoundError:
                states.append(_GONE)
        return tuple(states)

    def _read_hash(self) -> int:
        contents = Contents.current()
        total = hashlib.blake2b(digest_size=8)
        for path in (*self.trajectory_files, self.structure_file):
            total.update(contents.digest(path))
        return int.from_bytes(total.digest(), "big")

    def _read_table(self) -> FrameTable:
        return Contents.current().table(self.trajectory_files, self.structure_file)


def _fits(then: tuple[FileState, ...], now: tuple[FileState, ...]) -> bool:
    return all(new == _GONE or new.same_content(old) for old, new in zip(then, now, strict=True))


def _spacing(steps: NDArray[Any], times: NDArray[Any]) -> tuple[float, str]:
    """Tell the time between frames, and say it in words; times have single precision."""
    if len(times) < 2:
        return 0.0, ""
    changes = np.diff(times)
    gaps = np.abs(changes)
    mean = float(np.mean(gaps))
    resolution = 2 * float(np.spacing(np.float32(np.max(np.abs(times)))))
    if np.any(np.abs(gaps - mean) > resolution):
        return float(gaps[0]), "unevenly spaced"
    turns = np.any(changes > resolution) and np.any(changes < -resolution)
    strides = np.abs(np.diff(steps))
    if np.all(strides == strides[0]) and (pace := time_of_a_step(steps, times)):
        mean = float(np.round(strides[0] * pace, 9))
    return mean, f"every {mean:g} ps{', back and forth' if turns else ''}"
