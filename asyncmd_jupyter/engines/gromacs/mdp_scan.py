"""Values that GROMACS reads in ways of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asyncmd_jupyter.engines.mdvalues import (
    BLANKS,
    NUMBER,
    REALS,
    TEXT,
    WHOLES,
    Kind,
    real,
    whole,
    words_of,
)

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


def _preprocessor_text(text: str) -> str:
    for word in words_of(text):
        if not re.match("-..", word):
            raise ValueError(f"at {word!r} grompp would hang for ever")
    return text


PREPROCESSOR = Kind(
    "words that begin with -D or -I and go on without a blank",
    _preprocessor_text,
    lambda value: _preprocessor_text(TEXT.check(value)),
)
