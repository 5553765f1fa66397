"""New runs that begin at a frame of an earlier one, with velocities of choice."""

from __future__ import annotations

import asyncio
import itertools
import re
from dataclasses import replace
from functools import partial

from asyncmd_jupyter.frames.selection import check_trajectory
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.run import Run, Runs, check_spec, start_decided
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.start_frame import VELOCITIES, StartFrame

__all__ = ["VELOCITIES", "restart_from", "suggested_name"]

_COUNTED = re.compile(r"(.*?)-(\d+)")


async def restart_from(
    run_or_spec: Run | RunSpec,
    trajectory: Trajectory,
    frame: int = -1,
    *,
    name: str,
    n: int = 1,
    velocities: str | None = None,
    temperature: float | None = None,
    overwrite: bool = False,
) -> Run:
    """Start a run like an earlier one at a frame of a trajectory.

    Conditions, step limit, folder and all else are those of the earlier run. The frame is
    copied to the new run's folder before it starts: ``start.trr``, or one file for each
    walker where each gets velocities of its own.

    A frame is positions, velocities and a box. What else the earlier run had begins anew:
    thermostat chains, the velocity of a barostat, AWH biases, parameters of an OpenMM Context,
    the step number, and with it simulated annealing and pull rates. `Run.resume` loses nothing.

    Parameters
    ----------
    run_or_spec : Run or RunSpec
        What is done again.
    trajectory : Trajectory
    frame : int
        Negative numbers count from the end.
    name : str
        Of the new run.
    n : int
        Walkers of the new run.
    velocities : str, optional
        ``keep`` those of the frame (where it has none they are drawn, which is said in a
        `DrawnVelocitiesWarning`), ``new`` ones from the Maxwell-Boltzmann distribution, other
        ones for each walker, or those of the frame ``inverted``. New ones are drawn with the
        engine's masses, at one temperature for all atoms, and fulfil its constraints; the motion
        of the centre of mass is removed where `MDEngine.removes_com` says so. By default they are
        kept, unless several walkers would compute the same, see `start_run`.
    temperature : float, optional
        K, of new velocities; by default the engine's.
    overwrite : bool
        Remove the files of an earlier run of this name; its own frames can't be the start.

    Returns
    -------
    Run

    Raises
    ------
    ValueError, TypeError, IndexError, FileNotFoundError, PermissionError
        For an argument that can't be used, such as a name in use, or velocities to invert that
        the frame does not have; nothing was started or written then.
    """
    old = run_or_spec if isinstance(run_or_spec, RunSpec) else getattr(run_or_spec, "spec", None)
    if not isinstance(old, RunSpec):
        raise TypeError(f"{run_or_spec!r} is neither a Run nor a RunSpec.")
    check_trajectory(trajectory, "trajectory")
    start = StartFrame(trajectory, frame, velocities, temperature)
    spec = replace(old, engine=old.engine.keeping_velocities(), start=trajectory, name=name)
    spec = replace(spec, n_walkers=n, starts=(), velocities="keep")
    check_spec(spec)
    has_velocities = await asyncio.to_thread(start.check, spec, overwrite=overwrite)
    writing = start.writing(spec, old.engine, has_velocities=has_velocities, overwrite=overwrite)
    writing.warn(stacklevel=2)
    await asyncio.to_thread(writing.check_targets)
    run: Run = await writing.written(partial(start_decided, overwrite=overwrite))
    return run


def suggested_name(spec: RunSpec) -> str:
    """Think of a name for a run like another one: its own with the next free number."""
    counted = _COUNTED.fullmatch(spec.name)
    stem, first = (counted[1], int(counted[2]) + 1) if counted else (spec.name, 2)
    known = {run.id for run in Runs.current().all()}
    names = (f"{stem}-{number}" for number in itertools.count(first))
    return next(n for n in names if n not in known and not (spec.workdir / n).exists())
