"""What is said of the velocities of a run before it starts, and walkers that would be equal.

Without noise all that follows is decided by positions and velocities of the start.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.command import CommandEngine
from asyncmd_jupyter.errors import EqualWalkersWarning
from asyncmd_jupyter.sampling.run_spec import RunSpec


def would_be_alike(engine: MDEngine, n_walkers: Any) -> bool:
    """Whether walkers from one frame with velocities would compute the same."""
    return isinstance(engine, MDEngine) and n_walkers > 1 and not engine.has_noise


def velocities_for(
    engine: MDEngine, n_walkers: int, asked: str | None, *, has_velocities: bool
) -> tuple[str, EqualWalkersWarning | None]:
    """What is done about the velocities of a start of several walkers, and what is said of it.

    Parameters
    ----------
    engine : MDEngine
    n_walkers : int
    asked : str or None
        What the user wants; None if nothing was said.
    has_velocities : bool
        Whether the start has some; those that have to be drawn are different anyway.

    Raises
    ------
    ValueError
        If new ones are needed and the engine has no temperature to draw them.
    """
    if asked == "new" or not (has_velocities and would_be_alike(engine, n_walkers)):
        return asked or "keep", None
    alike = (
        f"The dynamics of {engine!r} have no noise, or none in each step: {n_walkers} walkers that "
        "begin with the same positions and velocities compute the same trajectory"
    )
    if asked is not None:
        return asked, EqualWalkersWarning(
            f"{alike}, as velocities={asked!r} asks for. With velocities='new' each gets its own."
        )
    if engine.temperature is None:
        raise ValueError(
            f"{alike}, and the engine has no temperature to draw other velocities. Give it one, "
            "start one walker, or say velocities='keep'."
        )
    note = f" ({engine.temperature_note})" if engine.temperature_note else ""
    return "new", EqualWalkersWarning(
        f"{alike}. So each walker gets new velocities at {engine.temperature:g} K{note}; "
        "velocities='keep' keeps those of the start."
    )


def decided(spec: RunSpec, *, continuation: bool = False) -> tuple[RunSpec, UserWarning | None]:
    """An order in which it is said what is done about the velocities; may read the start.

    What the engine would say of a start when it prepares it comes too late in a notebook, whose
    cell has ended by then. It is left to the engine where a run goes on, which may need no start.

    Raises
    ------
    ValueError
        See `velocities_for` and `CommandEngine.begun_velocities`.
    """
    reads = would_be_alike(spec.engine, spec.n_walkers) and not spec.starts
    has = reads and spec.velocities != "new" and spec.engine.has_velocities(spec.start)
    velocities, alike = velocities_for(
        spec.engine, spec.n_walkers, spec.velocities, has_velocities=has
    )
    said: UserWarning | None = alike
    if said is None and not continuation and isinstance(spec.engine, CommandEngine):
        engine, starts = spec.engine, spec.starts or (spec.start,)
        warned = (engine.begun_velocities(start, velocities).warning for start in starts)
        said = next(filter(None, warned), None)
    return replace(spec, velocities=velocities), said


def decided_and_said(spec: RunSpec, *, continuation: bool = False) -> RunSpec:
    """The same, with a warning for the user."""
    spec, warning = decided(spec, continuation=continuation)
    if warning is not None:
        warnings.warn(warning, stacklevel=4)
    return spec
