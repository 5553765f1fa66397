"""Arguments of propagators, refused by name before anything is started."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from asyncmd_jupyter.counts import as_count
from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.plan import check_walltime
from asyncmd_jupyter.frames.selection import check_trajectory
from asyncmd_jupyter.frames.trajectory import Trajectory


def whole_limit(name: str, value: Any, least: int) -> int:
    """A number of steps or frames.

    Raises
    ------
    TypeError, ValueError
        If it is no whole number, or too small.
    """
    number = as_count(value)
    if number is None:
        raise TypeError(f"{name}={value!r} has to be a whole number.")
    if number < least:
        raise ValueError(f"{name}={value!r} has to be at least {least}.")
    return number


def optional_limit(name: str, value: Any) -> int | None:
    """A number of steps or frames of at least 1; None, or infinity, for no limit."""
    return None if value is None or value == math.inf else whole_limit(name, value, 1)


def checked_hours(hours: Any) -> float:
    """The wall time of a part.

    Raises
    ------
    TypeError, ValueError
        If it is no positive number.
    """
    if hours is None:
        raise TypeError("walltime_per_part=None has to be a number of hours.")
    try:
        check_walltime(hours)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"walltime_per_part={hours!r} has to be a positive number of hours."
        ) from error
    return hours  # type: ignore[no-any-return]


def check_engine(engine_cls: Any, engine_kwargs: Any) -> None:
    """Refuse what can make no engine, as far as that can be told without making one.

    Raises
    ------
    TypeError
        Naming the argument, and which keys the engine takes.
    """
    if isinstance(engine_cls, MDEngine):
        raise TypeError(
            f"engine_cls={engine_cls!r} has to be the class of an engine. For an engine that is "
            "made already there is from_engine."
        )
    if not (isinstance(engine_cls, type) and issubclass(engine_cls, MDEngine)):
        raise TypeError(
            f"engine_cls={engine_cls!r} has to be the class of an engine, one derived from "
            "MDEngine."
        )
    if not isinstance(engine_kwargs, Mapping):
        raise TypeError(f"engine_kwargs={engine_kwargs!r} has to be a dict of arguments.")
    _check_keys(engine_cls, engine_kwargs)


def _check_keys(engine_cls: type[MDEngine], engine_kwargs: Mapping[Any, Any]) -> None:
    if wrong := [key for key in engine_kwargs if not isinstance(key, str)]:
        raise TypeError(f"engine_kwargs has the key {wrong[0]!r}: names of arguments are texts.")
    try:
        parameters = inspect.signature(engine_cls).parameters.values()
    except (TypeError, ValueError):
        return
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = [parameter.name for parameter in parameters if parameter.kind in by_name]
    if unknown := [key for key in engine_kwargs if key not in known]:
        raise TypeError(
            f"engine_kwargs holds {unknown[0]!r}, which {engine_cls.__name__} does not take; it "
            f"takes {', '.join(known) or 'nothing'}."
        )


def check_parts(name: str, trajs: Any) -> Sequence[Trajectory]:
    """Refuse what is no list of trajectories.

    Raises
    ------
    TypeError
    """
    if isinstance(trajs, Trajectory):
        raise TypeError(f"Put the trajectory into a list: {name}=[trajectory].")
    parts = as_list(name, trajs, "trajectories")
    for trajectory in parts:
        check_trajectory(trajectory, f"Each of {name}")
    return parts


def as_list(name: str, values: Any, of: str) -> list[Any]:
    """The values of an argument that takes several.

    Raises
    ------
    TypeError
        For a single one, a text, or what holds no values.
    """
    single = callable(values) or isinstance(values, str | bytes | Mapping)
    if single or not isinstance(values, Iterable):
        raise TypeError(f"{name}={values!r} has to be a list of {of}: {name}=[…].")
    return list(values)
