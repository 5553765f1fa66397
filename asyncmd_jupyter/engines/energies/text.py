"""Energies as text, as workers write them: a header and one line for each row, with commas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from asyncmd_jupyter.engines.energies.growing import Row, Rows

ENDING = "energies.csv"  # not csv alone, which users may take for what they make of a part
_STEP, _TIME = "Step", "Time (ps)"
_TITLE = re.compile(r"(.*?)(?: \(([^()]*)\))?")


class TextEnergies:
    """The format of workers; see `EnergyFormat`."""

    ending = ENDING

    def header(self, content: bytes) -> tuple[dict[str, str], int] | None:
        """Names and units, of the first line."""
        line, end, _ = content.partition(b"\n")
        if not end:
            return None
        titles = line.decode(errors="replace").split(",")
        if titles[:2] != [_STEP, _TIME]:
            raise ValueError(f"it does not begin with {_STEP},{_TIME}")
        return dict(map(_name_and_unit, titles[2:])), len(line) + 1

    def rows(self, content: bytes, n_columns: int) -> Rows:
        """All lines that have an end."""
        found: list[Row] = []
        end, problem = 0, ""
        for line in content.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            try:
                found.append(_read_line(line, n_columns))
            except ValueError as error:
                problem = str(error)
                break
            end += len(line)
        return Rows.of(found, n_columns, end, problem)


def _read_line(line: bytes, n_columns: int) -> Row:
    step, time, *values = line.split(b",")
    if len(values) != n_columns:
        raise ValueError(f"a line has {len(values)} columns in the place of {n_columns}")
    return int(step), float(time), [float(value) for value in values]


def header_line(titles: Iterable[str]) -> bytes:
    """The first line of a file with these columns."""
    return (",".join([_STEP, _TIME, *titles]) + "\n").encode()


def row_line(step: int, time: float, values: Mapping[str, float]) -> bytes:
    """A row; numbers have all their digits."""
    numbers = [repr(float(value)) for value in (time, *values.values())]
    return (",".join([str(step), *numbers]) + "\n").encode()


def _name_and_unit(title: str) -> tuple[str, str]:
    match = _TITLE.fullmatch(title)
    return (match[1], match[2] or "") if match else (title, "")
