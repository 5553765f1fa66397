"""How GROMACS spells a parameter, which type it has, and whether it is read at all."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass

from asyncmd_jupyter.engines.gromacs import mdp_names as names
from asyncmd_jupyter.engines.mdvalues import Kind

# What a file says of a parameter, in GROMACS' eyes; empty where it says nothing.
Chosen = Callable[[str], str]

_FOLDED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, "-_")
_NUMBER = re.compile("0|[1-9][0-9]*")


def folded(text: str) -> str:
    """What GROMACS compares of names and of choices."""
    return text.translate(_FOLDED)


def _switch(name: str) -> Callable[[Chosen], bool]:
    return lambda chosen: chosen(name) not in ("", "no")


def _expands(chosen: Chosen) -> bool:
    return chosen("free-energy") == "expanded" or chosen("simulated-tempering") == "yes"


_FEATURES: tuple[tuple[dict[Kind, str], Callable[[Chosen], bool]], ...] = (
    (names.ALWAYS, lambda chosen: True),
    (names.IGNORED, lambda chosen: False),
    (
        names.TEMPERATURE,
        lambda chosen: chosen("tcoupl") not in ("", "no") or chosen("integrator") in ("sd", "bd"),
    ),
    (names.PRESSURE, _switch("pcoupl")),
    (names.ANNEALING, lambda chosen: re.search(r"\b[sp]", chosen("annealing")) is not None),
    (names.WALLS, lambda chosen: chosen("nwall").lstrip("+0") != ""),
    (names.TIME_STEPS, _switch("mts")),
    (names.LAMBDAS, lambda chosen: _switch("free-energy")(chosen) or _expands(chosen)),
    (names.EXPANDED, _expands),
    (names.PULL, _switch("pull")),
    (names.AWH, _switch("awh")),
    (names.ROTATION, _switch("rotation")),
    (names.SWAP, _switch("swapcoords")),
)


@dataclass(frozen=True)
class Option:
    """A parameter that GROMACS knows; ``#`` in its name stands for a number."""

    name: str
    kind: Kind
    is_read: Callable[[Chosen], bool]


def _options() -> dict[str, Option]:
    options = {
        folded(name): Option(name, kind, is_read)
        for table, is_read in _FEATURES
        for kind, text in table.items()
        for name in text.split()
    }
    renamed = {folded(old): options[folded(new)] for old, new in names.RENAMED.items()}
    return options | renamed


_OPTIONS = _options()


def option_of(key: str) -> Option | None:
    """The parameter of this name, however it is spelled."""
    fold = folded(key)
    if "#" in fold:
        return None
    return _OPTIONS.get(fold) or _OPTIONS.get(_NUMBER.sub("#", fold))


def spelling_of(key: str) -> str | None:
    """The name as it is written here, with its numbers; None if GROMACS knows none like it."""
    if (option := option_of(key)) is None:
        return None
    numbers = iter(_NUMBER.findall(folded(key)))
    return re.sub("#", lambda _: next(numbers), option.name)
