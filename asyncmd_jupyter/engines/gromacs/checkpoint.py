"""What a GROMACS checkpoint says about how far a simulation has come."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.files.reading import open_regular

_MAGIC = 171817
_LAST_BYTES = struct.pack(">i", 171819)
# Version, three that are unused, program, time of writing.
_TEXTS = 6
_LONGEST_TEXT = 1 << 16


@dataclass(frozen=True)
class Checkpoint:
    """The state from which ``mdrun -cpi`` goes on.

    Attributes
    ----------
    part : int
        Number of the part that wrote it.
    step : int
        MD steps since the start of the first part.
    time : float
        In ps.
    """

    part: int
    step: int
    time: float


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the header of a ``.cpt`` file.

    It is an XDR stream: a magic number, texts, counters, then part, step and time
    (GROMACS reference manual, file formats; compared with what ``gmx dump -cp`` prints).

    Raises
    ------
    EngineError
        If it is no checkpoint.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        reader = _Reader(file.read(2 * _LONGEST_TEXT))
    try:
        return _parse(reader)
    except (struct.error, ValueError) as error:
        raise EngineError(f"{path} can't be read as a GROMACS checkpoint ({error}).") from error


def has_its_end(path: Path) -> bool:
    """Whether a ``.cpt`` file ends with the number that GROMACS writes last.

    Read in files of GROMACS 2022; a version that ends them otherwise is told from a torn
    file by a second one that it wrote.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - len(_LAST_BYTES)))
        return file.read() == _LAST_BYTES


def _parse(reader: _Reader) -> Checkpoint:
    if reader.integer() != _MAGIC:
        raise ValueError("it begins with other bytes")
    for _ in range(_TEXTS):
        reader.text()
    reader.integer()  # version of the format
    reader.integer()  # whether numbers are double
    reader.text()  # host
    for _ in range(5):  # atoms, groups of coupling, chains of thermo- and barostats, lambdas
        reader.integer()
    reader.integer()  # integrator
    part, step, time = reader.integer(), reader.long(), reader.double()
    if part < 1 or step < 0:
        raise ValueError(f"part {part} and step {step} make no sense")
    return Checkpoint(part, step, time)


class _Reader:
    """Numbers and texts of an XDR stream, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def integer(self) -> int:
        return int(self._next(">i", 4))

    def long(self) -> int:
        return int(self._next(">q", 8))

    def double(self) -> float:
        return float(self._next(">d", 8))

    def text(self) -> None:
        length = self.integer()
        if not 0 <= length <= _LONGEST_TEXT:
            raise ValueError(f"a text of {length} bytes")
        self._at += length + -length % 4

    def _next(self, form: str, size: int) -> float:
        value: float = struct.unpack_from(form, self._data, self._at)[0]
        self._at += size
        return value
