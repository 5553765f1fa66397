"""The file with energies that a worker writes: whole lines, none of a step that comes again."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from asyncmd_jupyter.engines.aside import set_aside
from asyncmd_jupyter.engines.energies.text import header_line, row_line
from asyncmd_jupyter.engines.stepping.simulation import KnowsEnergies
from asyncmd_jupyter.engines.stepping.worker_log import PartLog
from asyncmd_jupyter.files.reading import read_bytes
from asyncmd_jupyter.files.writing import cut, sync

_APPEND = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_CREAT
_LARGEST = 2**34


class EnergyOutput:
    """Appends rows to one file.

    Rows that can't be written, such as to a full disk, are kept for the next time: frames must not
    be lost because of them.

    Parameters
    ----------
    path : Path
    last_step : int or None
        Rows of later steps will be computed again and are cut off; None for all of them.
    """

    def __init__(self, path: Path, last_step: int | None) -> None:
        self.path = path
        cut_rows(path, last_step)
        self._header = b""
        self._has_header = False
        self._kept: list[bytes] = []

    def add(self, step: int, time: float, values: Mapping[str, float]) -> None:
        """Append a row, and those that could not be written before.

        Parameters
        ----------
        step : int
        time : float
            ps
        values : Mapping
            Title of a column, with its unit -> number.

        Raises
        ------
        OSError
            The file ends with a whole line; the row is kept for the next time.
        """
        self._header = header_line(values)
        self._kept.append(row_line(step, time, values))
        self.flush()

    def flush(self) -> None:
        """Write what could not be written before; see `add`."""
        if self._kept:
            _append(self.path, b"".join([self._missing_header(), *self._kept]))
            self._has_header = True
            self._kept = []

    @property
    def n_kept(self) -> int:
        """Rows that could not be written."""
        return len(self._kept)

    def _missing_header(self) -> bytes:
        """What a file begins with that has no row yet; one with other columns is kept aside."""
        if self._has_header:
            return b""
        if self.path.exists() and self.path.stat().st_size:
            with self.path.open("rb") as file:
                if file.readline() == self._header:
                    return b""
            set_aside(self.path)
        return self._header


class EnergyRecorder:
    """Writes the energies of a simulation every so many steps.

    Where they can't be written the simulation goes on: frames are worth more.

    Parameters
    ----------
    simulation : KnowsEnergies
    output : EnergyOutput
    interval : int
        MD steps.
    log : PartLog
        Shows the last ones, and what goes wrong.
    """

    def __init__(
        self, simulation: KnowsEnergies, output: EnergyOutput, interval: int, log: PartLog
    ) -> None:
        self._simulation = simulation
        self._output = output
        self._interval = interval
        self._log = log
        self._is_synced = True
        self._has_warned = False

    def steps_to_next(self, step: int) -> int:
        """MD steps from this one to the next row."""
        return self._interval - step % self._interval

    def write(self, step: int, time: float) -> None:
        """Write those of now, at the row's step and time in ps."""
        values = self._simulation.energies()
        self._log.energies(values)
        self._is_synced = False
        with self._warning():
            self._output.add(step, round(time, 9), values)

    def sync(self) -> None:
        """Bring all rows to the disk."""
        if not self._is_synced:
            with self._warning():
                self._output.flush()
                sync(self._output.path)
                self._is_synced = True

    @contextmanager
    def _warning(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._has_warned:
                name = self._output.path.name
                self._log.warn(f"{name} can't be written, which is tried again: {error}")
            self._has_warned = True

    def end(self) -> None:
        """Say how many rows could not be written."""
        if n_kept := self._output.n_kept:
            self._log.warn(f"{n_kept} rows are missing at the end of {self._output.path.name}.")


def cut_rows(path: Path, last_step: int | None) -> None:
    """Cut off rows of steps that will be computed again, and a line that is not whole.

    Parameters
    ----------
    path : Path
        Nothing is done if it does not exist.
    last_step : int or None
        The last one that stays; None for no row at all.
    """
    if not os.path.lexists(path):
        return
    if last_step is None:
        cut(path, 0)
        return
    content = read_bytes(path, limit=_LARGEST, follow=False)
    cut(path, _end_of(content, last_step))


def _end_of(content: bytes, last_step: int) -> int:
    """Where the rows up to a step end."""
    end = content.find(b"\n") + 1  # the header
    while end and (stop := content.find(b"\n", end) + 1):
        step = content[end:stop].partition(b",")[0]
        if not step.isdigit() or int(step) > last_step:
            break
        end = stop
    return end


def _append(path: Path, content: bytes) -> None:
    descriptor = os.open(path, _APPEND, 0o666)
    try:
        before = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)
