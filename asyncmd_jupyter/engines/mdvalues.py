"""Values of MD parameters: from text, from Python, to text."""

from __future__ import annotations

import math
import numbers
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

# What C counts as blank: unlike str.strip() neither a no-break space nor the separators of ASCII.
BLANKS = " \t\n\v\f\r"
_NOT_IN_TEXT = re.compile("[\n\0;]")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_EXPONENT_OR_NOT = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_HEX = r"0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?[0-9]+)?"
_WORD = r"(?i:inf(?:inity)?|nan(?:\([0-9a-z_]*\))?)"
NUMBER = re.compile(rf"[+-]?(?:{_HEX}|{_EXPONENT_OR_NOT}|{_WORD})")


def words_of(text: str) -> list[str]:
    """Split at blanks, as C programs do."""
    return [word for word in re.split(f"[{BLANKS}]+", text) if word]


def whole(text: str) -> int:
    """Read a whole number as C programs do: decimal, no point, no exponent."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def real(text: str) -> float:
    """Read a number as C programs do: also hexadecimal, ``inf`` and ``nan``."""
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number")
    if "x" in text or "X" in text:
        return _hexadecimal(text)
    return float(text.partition("(")[0])


def _hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return math.inf


@dataclass(frozen=True)
class Kind:
    """A type of parameters.

    Attributes
    ----------
    wanted : str
        In words, for messages.
    read : callable
        Makes the value of one word, or of the whole text, in a file.
    check : callable
        Makes the value of one that was set in Python; ValueError or TypeError otherwise.
    many : bool
        A list of such values.
    """

    wanted: str
    read: Callable[[str], Any]
    check: Callable[[Any], Any]
    many: bool = False

    def from_text(self, text: str) -> Any:
        """The value of a text in a file; ValueError if it has none of this type."""
        if not self.many:
            return self.read(text)
        return [self.read(word) for word in words_of(text)]

    def from_file(self, value: Any) -> Any:
        """The value of what was found in a file: a text, words, or a value already."""
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return [self.read(word) for word in value] if self.many else self.read(" ".join(value))
        return self.from_text(value) if isinstance(value, str) else self.from_python(value)

    def from_python(self, value: Any) -> Any:
        """The value to keep when a user sets `value`; ValueError or TypeError if it can't be."""
        value = _plain(value)
        if isinstance(value, str):
            value = self.from_text(_one_line(value))
        if self.many:
            return [self.check(_plain(item)) for item in (value if _is_list(value) else [value])]
        if _is_list(value) and len(value) != 1:
            raise ValueError(f"{len(value)} values where one belongs")
        return self.check(_plain(value[0] if _is_list(value) else value))


def to_text(value: Any, between: str = " ") -> str:
    """Write so that the same value is read again."""
    if isinstance(value, list):
        return between.join(to_text(item) for item in value)
    return value if isinstance(value, str) else repr(value)


def is_unset(value: Any) -> bool:
    """Whether nothing stands for this value in a file."""
    return isinstance(value, str | list) and not value


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else value  # NumPy's scalars and arrays


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _check_whole(value: Any, bits: int = 64) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        value = whole(value.strip(BLANKS))
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{value!r} is no whole number")
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise ValueError(f"{value} does not fit into {bits} bits")
    return int(value)


def _check_real(value: Any) -> float:
    if isinstance(value, str):
        value = real(value.strip(BLANKS))
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{value!r} is no number")
    if not math.isfinite(number := _as_float(value)):
        raise ValueError(f"{value!r} is not finite")
    return number


def _as_float(value: numbers.Real) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _check_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is no text")
    if isinstance(value, float):
        value = _check_real(value)
    return _one_line(to_text(value))


def _check_flag(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _check_text(value)


def _check_word(value: Any) -> str:
    if len(words_of(text := _check_text(value))) != 1:
        raise ValueError(f"{text!r} is not one word")
    return text


def _one_line(text: str) -> str:
    if match := _NOT_IN_TEXT.search(text):
        raise ValueError(f"{match[0]!r} can't stand in the value of a parameter")
    text.encode("utf-8", "surrogateescape")
    return text.strip(BLANKS)


WHOLE = Kind("one whole number", whole, partial(_check_whole, bits=32))
LONG = Kind("one whole number", whole, _check_whole)
REAL = Kind("one finite number", real, _check_real)
TEXT = Kind("text on one line without ';'", str, _check_text)
CHOICE = Kind("one of the words that the program knows, as text", str, _check_text)
FLAG = Kind("True, False, 'yes' or 'no'", str, _check_flag)
WHOLES = Kind("a list of whole numbers", whole, partial(_check_whole, bits=32), many=True)
REALS = Kind("a list of finite numbers", real, _check_real, many=True)
WORDS = Kind("a list of words without blanks", str, _check_word, many=True)
