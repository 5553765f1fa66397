"""Files with energies that are still being written: only whole rows, each read once."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.energies.names import SHARED
from asyncmd_jupyter.engines.energies.table import EnergyTable, joined, nothing, unchangeable
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.files.reading import open_regular

logger = logging.getLogger(__name__)

_CHUNK = 2**24
_LARGEST_HEADER = 2**20
_FINGERPRINT = 256


Row = tuple[int, float, Sequence[float] | NDArray[np.float64]]
"""MD step, time in ps, and the columns."""


@dataclass(frozen=True)
class Rows:
    """Whole rows that were found in some bytes.

    Attributes
    ----------
    steps, times : NDArray
        Shape (n_rows,), times in ps.
    values : NDArray
        Shape (n_rows, n_columns).
    n_bytes : int
        How far they reach; what follows is not whole yet, or damaged.
    problem : str
        What is wrong with what follows; empty if it may only not be whole yet.
    """

    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    n_bytes: int
    problem: str = ""

    @classmethod
    def of(cls, rows: Sequence[Row], n_columns: int, n_bytes: int, problem: str) -> Self:
        """Put rows together."""
        return cls(
            np.array([step for step, _, _ in rows], np.int64),
            np.array([time for _, time, _ in rows], np.float64),
            np.array([values for _, _, values in rows], np.float64).reshape(-1, n_columns),
            n_bytes,
            problem,
        )


class EnergyFormat(Protocol):
    """How a program writes energies.

    Attributes
    ----------
    ending : str
        Of the files of the parts.
    """

    ending: str

    def header(self, content: bytes) -> tuple[dict[str, str], int] | None:
        """Names of the columns with their units, and where the rows begin.

        None if the header is not whole yet; ValueError if the file is something else.
        """
        ...

    def rows(self, content: bytes, n_columns: int) -> Rows:
        """The whole rows at the beginning of `content`."""
        ...


class EnergyFile:
    """Rows of one file, which may grow, be cut back or be begun again between two looks."""

    def __init__(self, path: Path, part: int, kind: EnergyFormat) -> None:
        self.path = path
        self._part = part
        self._kind = kind
        self._told = ""
        self._forget()

    def _forget(self) -> None:
        self._units: dict[str, str] | None = None
        self._end = 0
        self._inode = 0
        self._fingerprint = b""
        self._pieces: list[Rows] = []

    def read(self) -> EnergyTable:
        """All whole rows of now.

        Rows behind a place that is damaged are left out, which is said once.

        Raises
        ------
        OSError
        ValueError
            The file holds something else than energies.
        """
        try:
            descriptor = open_regular(self.path)
        except FileNotFoundError:
            self._forget()
            return nothing()
        try:
            self._look(descriptor)
        except ValueError as error:
            self._forget()
            raise ValueError(f"{self.path} can't be read: {error}") from error
        finally:
            os.close(descriptor)
        return self._table()

    def _look(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if found.st_ino != self._inode or not self._goes_on(descriptor, found.st_size):
            self._forget()
            self._inode = found.st_ino
        if self._units is None and not self._read_header(descriptor):
            return
        while self._read_rows(descriptor):
            pass
        self._fingerprint = self._before_end(descriptor)

    def _goes_on(self, descriptor: int, size: int) -> bool:
        return size >= self._end and self._before_end(descriptor) == self._fingerprint

    def _before_end(self, descriptor: int) -> bytes:
        """The last bytes that were read: others stand there after a restart."""
        begin = max(0, self._end - _FINGERPRINT)
        return os.pread(descriptor, self._end - begin, begin)

    def _read_header(self, descriptor: int) -> bool:
        found = self._kind.header(os.pread(descriptor, _LARGEST_HEADER, 0))
        if found is not None:
            self._units, self._end = found
        return found is not None

    def _read_rows(self, descriptor: int) -> bool:
        """Read some more rows; whether there may be others."""
        content = os.pread(descriptor, _CHUNK, self._end)
        found = self._kind.rows(content, len(self._units or ()))
        if found.n_bytes:
            self._pieces.append(found)
            self._end += found.n_bytes
        if found.problem:
            self._tell(found.problem)
        return len(content) == _CHUNK and found.n_bytes > 0

    def _tell(self, problem: str) -> None:
        if problem != self._told:
            self._told = problem
            logger.warning(
                "%s is damaged behind its first %d bytes (%s): only what stands before is read.",
                *(self.path, self._end, problem),
            )

    def _table(self) -> EnergyTable:
        units = self._units or {}
        if not self._pieces:
            return nothing(units)
        if len(self._pieces) > 1 or self._pieces[0].steps.flags.writeable:
            self._pieces = [_stacked(self._pieces)]
        (rows,) = self._pieces
        names = sorted(
            units, key=lambda name: SHARED.index(name) if name in SHARED else len(SHARED)
        )
        places = {name: place for place, name in enumerate(units)}
        return EnergyTable(
            rows.steps,
            rows.times,
            {name: rows.values[:, places[name]] for name in names},
            {name: units[name] for name in names},
            unchangeable([np.full(len(rows.steps), self._part)]),
        )


def _stacked(pieces: list[Rows]) -> Rows:
    steps, times, values = (
        unchangeable([getattr(piece, name) for piece in pieces])
        for name in ("steps", "times", "values")
    )
    return Rows(steps, times, values, sum(piece.n_bytes for piece in pieces))


@dataclass(eq=False)
class PartEnergies:
    """The energies of all parts of one simulation; remembers what it has read.

    Reading blocks, so it belongs into a thread; several may ask at the same time.

    Attributes
    ----------
    files : EngineFiles
    kind : EnergyFormat
    """

    files: EngineFiles
    kind: EnergyFormat
    _known: dict[Path, EnergyFile] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, last_part: int | None = None) -> EnergyTable:
        """All whole rows of now; those of steps that were computed again are there once.

        Parameters
        ----------
        last_part : int, optional
            Where it is known, the folder need not be listed, which takes long in a full one.

        Raises
        ------
        OSError, ValueError
        """
        with self._lock:
            parts = self._files() if last_part is None else self._first(last_part)
            self._known = {path: self._file(number, path) for number, path in parts.items()}
            return joined([file.read() for file in self._known.values()])

    def _files(self) -> dict[int, Path]:
        return self.files.parts(self.kind.ending)

    def _first(self, number: int) -> dict[int, Path]:
        return {n: self.files.part(n, self.kind.ending) for n in range(1, number + 1)}

    def _file(self, number: int, path: Path) -> EnergyFile:
        return self._known.get(path) or EnergyFile(path, number, self.kind)
