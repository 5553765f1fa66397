"""How long a run may be: a limit beside conditions or a length, in steps or as simulated time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.sampling.arguments import whole_limit

LIMITS = ("max_steps", "max_ps")
LENGTHS = ("steps", "ps")
TIMES = ("ps", "max_ps")
Shown = Callable[[str, Any], str]


def keyword(name: str, value: Any = None) -> str:
    """Write an argument as in Python."""
    return name if value is None else f"{name}={value!r}"


def chosen_steps(
    engine: MDEngine,
    given: Mapping[str, Any],
    *,
    has_conditions: bool,
    shown: Shown = keyword,
) -> int | None:
    """MD steps after which a walker ends, from whichever way it was given.

    Parameters
    ----------
    engine : MDEngine
    given : Mapping
        ``max_steps`` and ``max_ps``, limits for a run with conditions, ``steps`` and ``ps``, the
        length of one without; None for those that were not given.
    has_conditions : bool
    shown : callable
        Writes a name, with its value if there is one, as the user gives it.

    Raises
    ------
    ValueError, TypeError
        More than one was given, one that is not for such a run, or none that is needed.
    """
    values = {name: value for name, value in given.items() if value is not None}
    if len(values) > 1:
        raise ValueError(f"Give one of {', '.join(shown(name, None) for name in values)} only.")
    if not values and not has_conditions:
        lengths = " or ".join(shown(name, None) for name in LENGTHS)
        raise ValueError(f"There are no conditions, so nothing would end the run: give {lengths}.")
    if not values:
        return None
    [(name, value)] = values.items()
    if name in LENGTHS and has_conditions:
        raise ValueError(
            f"{shown(name, None)} is the whole length of a run without conditions: with conditions "
            f"give {shown(f'max_{name}', None)}, after which it is given up."
        )
    if name in TIMES:
        return steps_of(engine, name, value, shown)
    # What is wrong with a limit is said by the propagator, for which infinity is none.
    return whole_limit(name, value, 1) if name in LENGTHS else value


def steps_of(engine: MDEngine, name: str, ps: Any, shown: Shown = keyword) -> int:
    """MD steps that take a simulated time, at least one.

    Raises
    ------
    ValueError, TypeError
        It is not a time, or steps of the engine have no fixed length.
    """
    if isinstance(ps, bool) or not isinstance(ps, Real):
        raise TypeError(f"{shown(name, ps)} has to be a number (ps).")
    if not 0 < float(ps) < float("inf"):
        raise ValueError(f"{shown(name, ps)} has to be more than 0 (ps).")
    if not getattr(engine, "has_fixed_dt", True):
        raise ValueError(
            f"{shown(name, ps)} is no number of steps: those of this engine's integrator have no "
            f"fixed length. Give {shown(name.replace('ps', 'steps'), None)}."
        )
    return max(1, round(float(ps) / engine.dt)) if hasattr(engine, "dt") else 1
