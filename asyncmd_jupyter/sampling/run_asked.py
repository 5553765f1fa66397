"""What `start_run` and `dry_run` are asked for, as an order that can be carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.engines.chosen_place import engine_at
from asyncmd_jupyter.sampling.run_length import chosen_steps
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.start_choice import checked_starts, start_frame
from asyncmd_jupyter.sampling.start_frame import StartFrame
from asyncmd_jupyter.sampling.states import Condition, as_condition


def spec_of(
    engine: MDEngine,
    start: StartingConfiguration = None,
    *,
    name: str,
    until: Sequence[Any] = (),
    n_walkers: int | None = None,
    mode: str = "any",
    max_steps: int | None = None,
    max_ps: float | None = None,
    steps: int | None = None,
    ps: float | None = None,
    walltime_per_part: float = 24.0,
    workdir: str | PathLike[str] | None = None,
    campaign: str = "",
    velocities: str | None = None,
    frame: int | None = None,
    starts: Sequence[StartingConfiguration] | None = None,
    launcher: str | None = None,
    sbatch_options: Mapping[str, Any] | None = None,
    sbatch_script: str | PathLike[str] | None = None,
    continuation: bool = False,
) -> tuple[RunSpec, StartFrame | None]:
    """The order for a run, and the frame that is written before it begins, if it needs one.

    Parameters are those of `start_run`.

    Raises
    ------
    ValueError, TypeError, IndexError, FileNotFoundError
    """
    if isinstance(until, str) or not isinstance(until, Sequence):
        raise TypeError(f"until={until!r} has to be a list of conditions.")
    if not isinstance(engine, MDEngine):
        raise TypeError(f"engine={engine!r} is no MD engine, such as an OpenMMEngine.")
    several = checked_starts(start, starts, frame, velocities)
    lengths = {"max_steps": max_steps, "max_ps": max_ps, "steps": steps, "ps": ps}
    spec = RunSpec(
        engine=engine_at(engine, launcher, sbatch_options, sbatch_script),
        start=start,
        until=tuple(_named(item) for item in until),
        name=name,
        workdir=Path.cwd() / (workdir or "."),
        n_walkers=(len(several) or 1) if n_walkers is None else n_walkers,
        mode=mode,
        max_steps=chosen_steps(engine, lengths, has_conditions=bool(until)),
        walltime_per_part=walltime_per_part,
        campaign=campaign,
        velocities=velocities,
        starts=several,
    )
    if frame is None and velocities != "inverted":
        return spec, None
    return spec, start_frame(spec, frame, continuation=continuation)


def _named(item: Any) -> Condition:
    label, condition = item if isinstance(item, tuple) and len(item) == 2 else (None, item)
    return as_condition(condition, label)
