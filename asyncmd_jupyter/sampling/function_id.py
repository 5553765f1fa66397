"""Ids of functions: the same in every process, different whenever the result could be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asyncmd_jupyter.errors import FunctionIdError
from asyncmd_jupyter.sampling.graph_digest import GraphError, graph_digest
from asyncmd_jupyter.sampling.object_nodes import expand, leaf

_SCHEME = "asyncmd-jupyter function id, scheme 1"


def derive_id(function: Callable[..., Any], kwargs: Mapping[str, Any], *, name: str) -> str:
    """Id of a function called with `kwargs`.

    It covers the function's source (or byte code where there is none), its defaults,
    closure, instance, and everything of the user's own code and data that it names, to
    any depth. Code of installed libraries counts by their version. What a function reads
    from files or draws from a library's global random numbers is not seen.

    Raises
    ------
    FunctionIdError
        A part of it has no describable state; names the part.
    """
    return _id({"function": function, "call_kwargs": dict(kwargs)}, name)


def kwargs_id(kwargs: Mapping[str, Any], *, name: str) -> str:
    """Id of arguments alone."""
    return _id({"call_kwargs": dict(kwargs)}, name)


def digest(*values: Any) -> str:
    """Id of values."""
    return _id(values, "the values")


def _id(value: Any, name: str) -> str:
    try:
        return graph_digest((_SCHEME, value), leaf, expand).hex()
    except GraphError as error:
        raise FunctionIdError(_explained(name, error.path[1:], str(error))) from error.__cause__
    except RecursionError as error:
        raise FunctionIdError(_explained(name, (), "is nested too deeply")) from error


def _explained(name: str, path: tuple[str, ...], reason: str) -> str:
    pieces = path[1:] if path[:1] == ("key 'function'",) else path
    culprit = ", ".join(f"its {piece}" for piece in pieces) or "it"
    return (
        f"No id that lasts can be derived for {name}: {culprit} {reason}. Give it an id "
        f"yourself, PyTrajectoryFunctionWrapper({name}, id='…'), and change that id whenever "
        "the values would change."
    )
