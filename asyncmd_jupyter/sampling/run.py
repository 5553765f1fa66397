"""Start runs: propagations in the background, with a name, that can be watched and cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

from asyncmd_jupyter.background import check_loop
from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.names import check_name
from asyncmd_jupyter.sampling.progress import WalkerSnapshot
from asyncmd_jupyter.sampling.run_asked import spec_of
from asyncmd_jupyter.sampling.run_checks import check_spec
from asyncmd_jupyter.sampling.run_folder import check_folder
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.running import RUN_TAG, Run
from asyncmd_jupyter.sampling.runs import Runs
from asyncmd_jupyter.sampling.start_frame import StartFrame, StartWriting
from asyncmd_jupyter.sampling.start_velocities import decided_and_said
from asyncmd_jupyter.sampling.walker import Walker
from asyncmd_jupyter.sampling.walker_plan import WalkerPlan

_HOW = ("overwrite", "continuation")

__all__ = [
    "Run",
    "Runs",
    "check_name",
    "check_spec",
    "new_walker",
    "start_decided",
    "start_run",
    "start_spec",
]


def start_run(
    engine: MDEngine,
    start: StartingConfiguration = None,
    *,
    until: Sequence[Any] = (),
    name: str,
    n_walkers: int | None = None,
    mode: str = "any",
    max_steps: int | None = None,
    max_ps: float | None = None,
    steps: int | None = None,
    ps: float | None = None,
    walltime_per_part: float = 24.0,
    workdir: str | PathLike[str] | None = None,
    overwrite: bool = False,
    continuation: bool = False,
    campaign: str = "",
    velocities: str | None = None,
    frame: int | None = None,
    starts: Sequence[StartingConfiguration] | None = None,
    launcher: str | None = None,
    sbatch_options: Mapping[str, Any] | None = None,
    sbatch_script: str | PathLike[str] | None = None,
) -> Run:
    """Start a run in the background of the running event loop and return at once.

    It can do all that ``%asyncmd propagate`` can, with the same checks.

    Parameters
    ----------
    engine : MDEngine
        Each walker gets a clone; the engine itself is not touched.
    start : Trajectory, path or None
        All walkers begin at its first frame: its positions, velocities and box. Thermostat
        chains, barostats, biases and clocks begin anew, as does the step number. None for the
        positions that the engine has.
    until : list of condition or (str, condition)
        Conditions, with another name to show where theirs is not wanted. They are asked about
        frames only, see `ConditionalTrajectoryPropagator`. Empty for a run of fixed length.
    name : str
        Of the run, its folder and its files.
    n_walkers : int, optional
        One for each of `starts`, else 1.
    mode : str
        ``any`` or ``all``.
    max_steps, max_ps : int, float, optional
        MD steps, or simulated time in ps, after which a walker gives up.
    steps, ps : int, float, optional
        Instead of `until`: MD steps, or simulated time in ps, that each walker does.
    walltime_per_part : float
        Hours.
    workdir : path, optional
        Folder that holds the run's folder; by default the current one.
    overwrite : bool
        Remove the files of an earlier run of this name first.
    continuation : bool
        Go on with an earlier run of this name, which has to have the same start.
    campaign : str
        Name of a group of runs that belong together.
    velocities : str, optional
        ``keep`` those of the start; where it has none they are drawn, which is said once.
        ``new``: drawn for each walker in any case. See `MDEngine.prepare`. ``inverted``: those of
        the start, turned round. By default they are kept, unless several walkers would compute
        the same trajectory because the engine's dynamics have no noise (`MDEngine.has_noise`):
        then each gets new ones, which an `EqualWalkersWarning` says.
    frame : int, optional
        Another frame of the start than its first one; -1 is the last one. It is copied to the
        run's folder before the run begins.
    starts : list of Trajectory or path, optional
        One for each walker, in place of `start`.
    launcher : str, optional
        Where the jobs run, ``local`` or ``slurm``; by default where the engine says.
    sbatch_options, sbatch_script : optional
        As those of the engine, for this run: options in addition to the engine's, and a script
        in place of its own.

    Raises
    ------
    ValueError, TypeError, IndexError, FileNotFoundError, NotADirectoryError, PermissionError
        For an argument that can't be used; nothing was started or written then.
    RuntimeError
        No event loop runs.

    Examples
    --------
    A run of 100 ps from each of two frames, in a cell of a notebook:

    >>> run = start_run(engine, starts=[first, second], ps=100, name="both")  # doctest: +SKIP
    """
    asked = {name: value for name, value in locals().items() if name not in _HOW}
    check_loop("start_run")
    spec, first = spec_of(**asked, continuation=continuation)
    if first is None:
        return start_spec(spec, overwrite=overwrite, continuation=continuation)
    return _started_at(first, spec, overwrite=overwrite)


def start_spec(spec: RunSpec, *, overwrite: bool = False, continuation: bool = False) -> Run:
    """Start what a `RunSpec` says in the background; see `start_run`."""
    check_spec(spec)
    spec = decided_and_said(spec, continuation=continuation)
    return _started(spec, overwrite=overwrite, continuation=continuation)


def _started_at(start: StartFrame, spec: RunSpec, *, overwrite: bool) -> Run:
    """Start a run that begins with writing its start."""
    engine, trajectory = spec.engine, start.trajectory
    spec = replace(spec, engine=engine.keeping_velocities(), start=trajectory, velocities="keep")
    check_spec(spec)
    has_velocities = start.check(spec, overwrite=overwrite)
    writing = start.writing(spec, engine, has_velocities=has_velocities, overwrite=overwrite)
    writing.check_targets()
    writing.warn(stacklevel=3)
    return _started(spec, overwrite=overwrite, continuation=False, writing=writing)


def start_decided(spec: RunSpec, *, overwrite: bool = False) -> Run:
    """Start an order of which it was said what is done about the velocities."""
    check_spec(spec)
    return _started(spec, overwrite=overwrite, continuation=False)


def _started(
    spec: RunSpec, *, overwrite: bool, continuation: bool, writing: StartWriting | None = None
) -> Run:
    run = Run(spec)
    walkers = [new_walker(run, index, continuation) for index in range(spec.n_walkers)]
    run.conditions = walkers[0].propagator.condition_names
    check_folder(spec.folder, overwrite=overwrite, continuation=continuation)
    Runs.current().add(run)
    run.begin(walkers, overwrite=overwrite, writing=writing)
    return run


def new_walker(
    run: Run,
    index: int,
    continuation: bool,
    *,
    is_held: bool = False,
    known: WalkerSnapshot | None = None,
) -> Walker:
    """A walker of a run that has not begun."""
    spec = run.spec
    plan = WalkerPlan(
        index=index,
        start=spec.start_of(index),
        folder=spec.folder,
        deffnm=spec.deffnm(index),
        tags={RUN_TAG: spec.name, "walker": str(index)},
        continuation=continuation,
        velocities=spec.velocities or "keep",
        is_held=is_held,
        known=known,
    )
    return Walker(
        plan,
        spec.engine,
        spec.until,
        run.changed,
        mode=spec.mode,
        max_steps=spec.max_steps,
        walltime_per_part=spec.walltime_per_part,
    )
