"""Ids of functions; interim, replaced within the hour."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any


def digest(*values: Any) -> str:
    """Short text that stands for plain values."""
    return hashlib.blake2b(repr(values).encode(), digest_size=16).hexdigest()


def kwargs_id(kwargs: Mapping[str, Any], *, name: str) -> str:
    """Id of arguments alone."""
    return digest(name, sorted(kwargs.items()))


def derive_id(function: Callable[..., Any], kwargs: Mapping[str, Any], *, name: str) -> str:
    """Id of a function with its arguments."""
    try:
        return digest(inspect.getsource(function), sorted(kwargs.items()))
    except (OSError, TypeError):
        return digest(name, repr(function), sorted(kwargs.items()))
