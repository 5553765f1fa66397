"""What can be told of a callable by looking at it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def callable_name(function: Any) -> str:
    """What a person calls a callable."""
    if isinstance(function, functools.partial):
        return callable_name(function.func)
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine, as far as that can be told beforehand."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - the method, not whether there is one
    )
