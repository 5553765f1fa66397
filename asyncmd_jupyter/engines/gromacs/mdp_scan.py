"""Numbers that GROMACS reads one after the other until it meets something else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asyncmd_jupyter.engines.mdvalues import BLANKS, NUMBER, REALS, WHOLES, Kind, real, whole

_WHOLE = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class Scanned(Kind):
    """A list of numbers, of which GROMACS takes those before the first that is none."""

    number: re.Pattern[str] = NUMBER

    def from_text(self, text: str) -> list[Any]:
        """The numbers at the beginning; ValueError if there are none but other text."""
        values, rest = [], text.strip(BLANKS)
        while match := self.number.match(rest):
            values.append(self.read(match[0]))
            rest = rest[match.end() :].lstrip(BLANKS)
        if rest and not values:
            raise ValueError(f"{rest!r} does not begin with a number")
        return values


def _scanned(like: Kind, read: Callable[[str], Any], number: re.Pattern[str]) -> Scanned:
    return Scanned(like.wanted, read, like.check, True, number)


SCANNED_REALS = _scanned(REALS, real, NUMBER)
SCANNED_WHOLES = _scanned(WHOLES, whole, _WHOLE)
