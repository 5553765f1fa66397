"""Refuse arguments that nobody knows, in the name of the class that was called."""

from __future__ import annotations

import inspect
from collections.abc import Iterable


def check_keywords(called: type, known_by: type, names: Iterable[str]) -> None:
    """Raise TypeError for names that are no arguments of `known_by`, to which they are passed on.

    Python itself would name the class further up in which it has found out.
    """
    known = inspect.signature(known_by).parameters
    for name in names:
        if name not in known:
            raise TypeError(
                f"{called.__name__}.__init__() got an unexpected keyword argument {name!r}"
            )
