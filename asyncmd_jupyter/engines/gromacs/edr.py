"""Energies of GROMACS: ``.edr`` files, also while ``mdrun`` writes them.

Readers of others read a whole file at once, leave out the step numbers, and take a hundred times as
long, which a live view of a long run could not afford.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.energies import names
from asyncmd_jupyter.engines.energies.growing import Row, Rows

_FILE_MAGIC, _FRAME_MAGIC = -55555, -7777777
# The one before has other blocks; the time step came with the last.
_OLDEST, _NEWEST = 4, 5
_MOST_TERMS = 2**16
_SHARED = {
    "Potential": names.POTENTIAL,
    "Kinetic En.": names.KINETIC,
    "Total Energy": names.TOTAL,
    "Conserved En.": names.CONSERVED,
    "Temperature": names.TEMPERATURE,
    "Pressure": names.PRESSURE,
    "Density": names.DENSITY,
    "Volume": names.VOLUME,
}
# int, float, double, int64, char (as an int); strings say how long they are.
_BYTES_OF_TYPE = (4, 4, 8, 8, 4)
_STRING = len(_BYTES_OF_TYPE)


class _NotWholeError(Exception):
    """The content ends before what was to be read."""


class _Content:
    """Reads XDR from bytes, from a place that moves on."""

    def __init__(self, content: bytes, place: int = 0) -> None:
        self._content = content
        self.place = place

    def take(self, layout: struct.Struct) -> tuple[int | float, ...]:
        self.skip(layout.size)
        return layout.unpack_from(self._content, self.place - layout.size)

    def integer(self) -> int:
        return int(self.take(_INT)[0])

    def text(self) -> bytes:
        length = self.integer()
        if not 0 <= length < _MOST_TERMS:
            raise ValueError("a name has no length")
        begin = self.place
        self.skip(length + -length % 4)
        return self._content[begin : begin + length]

    def reals(self, number: int, is_double: bool) -> NDArray[np.float64]:
        size = 8 if is_double else 4
        begin = self.place
        self.skip(number * size)
        return np.frombuffer(self._content, f">f{size}", number, begin).astype(np.float64)

    def skip(self, n_bytes: int) -> None:
        if self.place + n_bytes > len(self._content):
            raise _NotWholeError
        self.place += n_bytes


_INT = struct.Struct(">i")
_TWO = struct.Struct(">ii")
_FLOAT_HEAD, _DOUBLE_HEAD = struct.Struct(">fi"), struct.Struct(">di")
_AFTER_MAGIC = struct.Struct(">idqiq")  # version, time, step, sums, steps of the sums
_COUNTS = struct.Struct(">iii")  # terms, reserved, blocks


class _Head(NamedTuple):
    """What stands before the energies of a frame."""

    step: int
    time: float
    n_terms: int
    n_sums: int
    blocks: list[list[tuple[int, int]]]
    is_double: bool


class EdrEnergies:
    """The format of GROMACS; see `EnergyFormat`."""

    ending = "edr"

    def header(self, content: bytes) -> tuple[dict[str, str], int] | None:
        """Names of all terms, with the shared ones for those that all programs have."""
        file = _Content(content)
        try:
            magic, version = file.take(_TWO)
            if magic != _FILE_MAGIC:
                raise ValueError("it is not an energy file of GROMACS")
            _check_version(int(version))
            number = file.integer()
            if not 0 <= number < _MOST_TERMS:
                raise ValueError(f"it says that there are {number} energies")
            texts = [(file.text().decode(), file.text().decode()) for _ in range(number)]
        except _NotWholeError:
            return None
        return _apart([(_SHARED.get(name, name), unit) for name, unit in texts]), file.place

    def rows(self, content: bytes, n_columns: int) -> Rows:
        """All whole frames that hold energies."""
        file, end, problem = _Content(content), 0, ""
        found: list[Row] = []
        try:
            while True:
                head = _read_head(file)
                values = _read_energies(file, head, n_columns)
                end = file.place
                if values is not None:
                    found.append((head.step, head.time, values))
        except _NotWholeError:
            pass
        except ValueError as error:
            problem = str(error)
        return Rows.of(found, n_columns, end, problem)


def _check_version(version: int) -> None:
    if not _OLDEST <= version <= _NEWEST:
        raise ValueError(
            f"it has version {version} of the format, known are {_OLDEST} and {_NEWEST}"
        )


def _apart(texts: list[tuple[str, str]]) -> dict[str, str]:
    """Columns by their names; a name that is there already gets a number."""
    units: dict[str, str] = {}
    for name, unit in texts:
        number, unique = 1, name
        while unique in units:
            number += 1
            unique = f"{name} {number}"
        units[unique] = unit
    return units


def _read_head(file: _Content) -> _Head:
    is_double = _begin_frame(file)
    version, time, step, n_sums, _ = file.take(_AFTER_MAGIC)
    _check_version(int(version))
    if version >= _NEWEST:
        file.skip(8)  # the time step
    n_terms, _, n_blocks = file.take(_COUNTS)
    blocks = [_read_block_head(file) for _ in range(_counted(n_blocks))]
    file.skip(12)  # the size, which says nothing, and two reserved numbers
    return _Head(int(step), float(time), _counted(n_terms), int(n_sums), blocks, is_double)


def _begin_frame(file: _Content) -> bool:
    """Whether its numbers are in double precision, which is known by where its mark stands."""
    begin = file.place
    for is_double, layout in ((False, _FLOAT_HEAD), (True, _DOUBLE_HEAD)):
        file.place = begin
        if file.take(layout)[1] == _FRAME_MAGIC:
            return is_double
    raise ValueError("there is no frame where one has to begin")


def _counted(number: int | float) -> int:
    if not 0 <= number < _MOST_TERMS:
        raise ValueError(f"a frame says that it has {number} entries")
    return int(number)


def _read_block_head(file: _Content) -> list[tuple[int, int]]:
    _, n_parts = file.take(_TWO)
    return [(int(kind), int(n)) for kind, n in (file.take(_TWO) for _ in range(_counted(n_parts)))]


def _read_energies(file: _Content, head: _Head, n_columns: int) -> NDArray[np.float64] | None:
    """What a frame says at its step; None for one without energies."""
    if head.n_terms not in (0, n_columns):
        raise ValueError(f"a frame has {head.n_terms} energies in the place of {n_columns}")
    # Behind each energy stand two sums over the steps before, if there are any.
    width = 3 if head.n_sums > 0 else 1
    values = file.reals(head.n_terms * width, head.is_double)[::width]
    for block in head.blocks:
        for kind, number in block:
            _skip_block(file, kind, number)
    return values if head.n_terms else None


def _skip_block(file: _Content, kind: int, number: int) -> None:
    if kind == _STRING:
        for _ in range(number):
            file.text()
    elif 0 <= kind < _STRING and number >= 0:
        file.skip(number * _BYTES_OF_TYPE[kind])
    else:
        raise ValueError(f"a frame has data of an unknown kind, {kind}")
