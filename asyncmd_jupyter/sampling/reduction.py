"""How objects are taken apart for ids, pickles and copies, without what libraries say to that.

A user has not asked for a copy of a molecule that a condition refers to, and can do nothing about
a warning of the library that makes it.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any, TypeVar

Value = TypeVar("Value")

_PROTOCOL = 4

# Where a class is from, and what its objects say when they are pickled, though nothing is amiss.
_SAID = {"MDAnalysis.coordinates.timestep": "Reader has no dt information"}


def remark_of(kind: type) -> str:
    """What objects of a class are known to say when they are taken apart; mostly nothing."""
    return next((_SAID[base.__module__] for base in kind.__mro__ if base.__module__ in _SAID), "")


def reduced(value: Any) -> Any:
    """What ``value.__reduce_ex__`` gives."""
    remark = remark_of(type(value))
    if not remark:
        return value.__reduce_ex__(_PROTOCOL)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=remark)
        return value.__reduce_ex__(_PROTOCOL)


def copied(value: Value) -> Value:
    """A deep copy, in which molecules are those of the original.

    A reader of MDAnalysis can't be copied, and one that was made by half writes a traceback to
    the terminal when it is collected.
    """
    molecules = (part for part in _parts(value) if _is_of_mdanalysis(part))
    return copy.deepcopy(value, {id(part): part for part in molecules})


def _parts(value: Any) -> Iterator[Any]:
    """All that is in lists, tuples and dicts, however deep."""
    left, seen = [value], set[int]()
    while left:
        part = left.pop()
        yield part
        if id(part) not in seen:
            seen.add(id(part))
            left += part.values() if type(part) is dict else ()
            left += part if type(part) in (list, tuple) else ()


def _is_of_mdanalysis(value: Any) -> bool:
    return any(base.__module__.startswith("MDAnalysis.") for base in type(value).__mro__)
