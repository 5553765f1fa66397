"""Lines of parameter files, and what was found in them."""

from __future__ import annotations

import warnings
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from asyncmd_jupyter.engines.mdvalues import is_unset

_SHORT = 60


@dataclass(frozen=True)
class Line:
    """A line of a file, and the parameters in it."""

    text: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """What a file says of a parameter, as it stands there."""

    file: str
    number: int
    value: Any

    @property
    def is_unset(self) -> bool:
        """Whether nothing stands there."""
        return is_unset(self.value)

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}"


def add_entry(
    entries: MutableMapping[str, Entry], key: str, entry: Entry, *, refuse_repeats: bool
) -> None:
    """Note what a line says; an earlier one without a value does not count.

    Raises
    ------
    ValueError
        If an earlier line gives a value already, and repeats are refused.

    Warns
    -----
    UserWarning
        If the earlier one is left out.
    """
    before = entries.get(key)
    if before is None or before.is_unset:
        entries[key] = entry
    elif not entry.is_unset:
        told = (
            f"{entry}: {key} = {short(entry.value)} is set already in line {before.number}, to "
            f"{short(before.value)}."
        )
        if refuse_repeats:
            raise ValueError(f"{told} Take one of them away.")
        warnings.warn(f"{told} The last one counts.", stacklevel=2)
        entries[key] = entry


def short(value: Any) -> str:
    """Show a value in a message."""
    text = repr(value)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
