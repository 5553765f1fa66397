"""What is in files, read once and remembered for as long as the files stay the same."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.errors import TruncatedTrajectoryError
from asyncmd_jupyter.frames.headers import DamagedFrameError, parser_for
from asyncmd_jupyter.frames.masses import FoundMasses, masses_of
from asyncmd_jupyter.frames.mdanalysis import list_frames
from asyncmd_jupyter.frames.readable import check_texts
from asyncmd_jupyter.frames.steps import unwrap_steps
from asyncmd_jupyter.frames.xdr import FrameIndex, index_frames

T = TypeVar("T")

_DIGESTS_KEPT = 16_384
_FRAMES_KEPT = 1_000_000  # some 50 bytes each
_TABLE_WEIGHT = 100
_MASSES_KEPT = 1_000_000
_CLOCK_MARGIN_NS = 2 * 10**9  # the coarsest time stamps of the file systems in use
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class FileState:
    """By which a changed file is noticed without reading it."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int

    @classmethod
    def of(cls, path: str) -> FileState:
        """Ask the file system."""
        found = os.stat(path)  # noqa: PTH116 - twice as fast, and called for each access
        return cls(found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)

    @property
    def is_settled(self) -> bool:
        """Whether a later change is certain to give another time of modification."""
        return time.time_ns() - self.mtime_ns > _CLOCK_MARGIN_NS

    def same_content(self, other: FileState) -> bool:
        """Whether size and time of modification agree; these survive a move."""
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)


@dataclass(frozen=True, eq=False)
class FrameTable:
    """All frames of the files of one trajectory.

    Attributes
    ----------
    steps, times : array
        Of every frame; times in ps.
    n_atoms : int
    parts : tuple of FrameIndex
        One for each file; empty for formats other than XTC and TRR.
    starts : array of int64
        Number of the first frame of each file.
    """

    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    n_atoms: int
    parts: tuple[FrameIndex, ...]
    starts: NDArray[np.int64]

    def locate(self, index: int) -> tuple[int, int]:
        """Tell in which file, and as which frame of it, the frame `index` is."""
        file_number = int(np.searchsorted(self.starts, index, side="right")) - 1
        return file_number, index - int(self.starts[file_number])


class Contents:
    """Digests and frame tables of files, remembered within bounds for one runtime."""

    def __init__(self) -> None:
        self._checked: Remembered[None] = Remembered(_DIGESTS_KEPT)
        self._digests: Remembered[bytes] = Remembered(_DIGESTS_KEPT)
        self._masses: Remembered[FoundMasses] = Remembered(_MASSES_KEPT, len)
        self._tables: Remembered[FrameTable] = Remembered(
            _FRAMES_KEPT, lambda table: len(table.steps) + _TABLE_WEIGHT
        )

    @classmethod
    def create(cls, _runtime: runtimes.Runtime) -> Contents:
        """Make the service of a runtime."""
        return cls()

    @classmethod
    def current(cls) -> Contents:
        """The one of the current runtime."""
        return runtimes.current().service(cls.create)

    def digest(self, path: str) -> bytes:
        """Hash all bytes of a file."""
        return self._digests.get((path,), lambda: _digest(path))

    def masses(self, structure_file: str) -> NDArray[np.float64]:
        """Masses of all atoms in amu, guessed where the structure file has none."""
        return self.found_masses(structure_file).values

    def found_masses(self, structure_file: str) -> FoundMasses:
        """The same with what was guessed.

        Raises
        ------
        ValueError
            If the mass of no atom is known.
        """
        return self._masses.get((structure_file,), lambda: masses_of(structure_file))

    def table(self, trajectory_files: Sequence[str], structure_file: str) -> FrameTable:
        """List the frames of a trajectory.

        Raises
        ------
        TruncatedTrajectoryError
            If a file ends within a frame.
        ValueError
            For files that are damaged or differ in their atom counts.
        """
        files = tuple(trajectory_files)
        if is_xdr(files[0]):
            self._check_text(structure_file)
            return self._tables.get(files, lambda: _xdr_table(files))
        everything = (*files, structure_file)
        return self._tables.get(
            everything, lambda: _other_table(*list_frames(files, structure_file))
        )

    def _check_text(self, structure_file: str) -> None:
        with suppress(FileNotFoundError):  # these frames can be read without it
            self._checked.get((structure_file,), lambda: check_texts([structure_file]))


def is_xdr(path: str) -> bool:
    """Whether a file is read by its frame headers: it is XTC or TRR, or called so."""
    if Path(path).suffix.lower() in (".xtc", ".trr"):
        return True
    with Path(path).open("rb") as file:
        start = file.read(4)
    try:
        return len(start) == 4 and bool(parser_for(start))
    except DamagedFrameError:
        return False


class Remembered(Generic[T]):
    """Results for groups of files, forgotten when a file changes or others are used more.

    Parameters
    ----------
    limit : int
        On the weight of all results together.
    weigh : callable, optional
        Gives the weight of a result, 1 by default.
    """

    def __init__(self, limit: int, weigh: Callable[[T], int] = lambda _: 1) -> None:
        self._limit = limit
        self._weigh = weigh
        self._weight = 0
        self._entries: OrderedDict[tuple[str, ...], tuple[list[FileState], T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, paths: tuple[str, ...], compute: Callable[[], T]) -> T:
        """Get what is known of the files, or compute it.

        Raises
        ------
        ValueError
            If the files change all the time.
        """
        states = _states(paths)
        with self._lock:
            entry = self._entries.get(paths)
            if entry is not None and entry[0] == states:
                self._entries.move_to_end(paths)
                return entry[1]
        for _ in range(_ATTEMPTS):
            result = compute()
            before, states = states, _states(paths)
            if before == states:
                self._remember(paths, states, result)
                return result
        raise ValueError(
            f"{', '.join(paths)} is being written right now. Wait until whatever writes it "
            "has finished, or copy the frames that are complete."
        )

    def _remember(self, paths: tuple[str, ...], states: list[FileState], result: T) -> None:
        with self._lock:
            self._forget(paths)
            if all(state.is_settled for state in states):
                self._entries[paths] = (states, result)
                self._weight += self._weigh(result)
            while self._weight > self._limit:
                self._forget(next(iter(self._entries)))

    def _forget(self, paths: tuple[str, ...]) -> None:
        entry = self._entries.pop(paths, None)
        if entry is not None:
            self._weight -= self._weigh(entry[1])


def _states(paths: tuple[str, ...]) -> list[FileState]:
    return [FileState.of(path) for path in paths]


def _digest(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()


def _xdr_table(paths: tuple[str, ...]) -> FrameTable:
    parts = tuple(_whole_index(path) for path in paths)
    if len(parts) == 1:
        (part,) = parts
        return FrameTable(part.steps, part.times, part.n_atoms, parts, np.zeros(1, np.int64))
    counts = {part.n_atoms for part in parts}
    if len(counts) > 1:
        found = ", ".join(f"{p}: {i.n_atoms}" for p, i in zip(paths, parts, strict=True))
        raise ValueError(f"The files of one trajectory differ in their atom counts ({found}).")
    times = np.concatenate([part.times for part in parts])
    steps = unwrap_steps(np.concatenate([part.steps for part in parts]), times)
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    return FrameTable(steps, times, counts.pop(), parts, starts)


def _whole_index(path: str) -> FrameIndex:
    index = index_frames(path)
    if index.tail_bytes:
        raise TruncatedTrajectoryError(
            f"{path} ends within a frame: {index.tail_bytes} bytes follow its {len(index)} whole "
            "frames. If nothing is writing it any more, take the whole frames with "
            f"Trajectory.recover({path!r}, structure_file)."
        )
    return index


def _other_table(
    steps: NDArray[np.int64],
    times: NDArray[np.float64],
    n_atoms: int,
    starts: NDArray[np.int64],
) -> FrameTable:
    return FrameTable(steps, times, n_atoms, (), starts)
