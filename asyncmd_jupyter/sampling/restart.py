"""New runs that begin at a frame of an earlier one, with velocities of choice."""

from __future__ import annotations

import asyncio
import itertools
import re
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.velocities import drawn_velocities
from asyncmd_jupyter.frames.extract import (
    FrameExtractor,
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
)
from asyncmd_jupyter.frames.provenance_file import record_path
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.selection import check_trajectory
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.new_velocities import NewVelocities
from asyncmd_jupyter.sampling.run import Run, Runs, check_spec, start_decided
from asyncmd_jupyter.sampling.run_folder import check_folder
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.start_velocities import velocities_for

VELOCITIES = ("keep", "new", "inverted")
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
    _check_velocities(velocities, temperature)
    spec = replace(old, engine=old.engine.keeping_velocities(), start=trajectory, name=name)
    spec = replace(spec, n_walkers=n, starts=(), velocities="keep")
    check_spec(spec)
    has_velocities = await asyncio.to_thread(_check, spec, trajectory, frame, overwrite)
    draws = velocities == "new" and temperature is None
    velocities, alike = velocities_for(old.engine, n, velocities, has_velocities=has_velocities)
    velocities = _possible(velocities, has_velocities, old.engine, trajectory, frame)
    kelvin = old.engine.temperature if temperature is None else temperature
    extract = _extraction(velocities, spec.engine, kelvin)
    if said := alike or (draws and old.engine.temperature_note):
        warnings.warn(said, stacklevel=2)
    targets = _targets(spec, velocities)
    await asyncio.to_thread(_check_targets, targets, overwrite)
    made_folder = not spec.folder.exists()
    starts: list[Trajectory] = []
    try:
        await asyncio.to_thread(spec.folder.mkdir, exist_ok=True)
        async for made in extract(targets, trajectory, frame, overwrite=overwrite):
            starts.append(await made.prepare())
        spec = replace(spec, start=starts[0], starts=tuple(starts[1:] and starts))
        return start_decided(spec, overwrite=overwrite)
    except BaseException:
        written = targets[: len(starts)]
        removing = asyncio.to_thread(_remove, written, spec.folder, made_folder)
        await asyncio.shield(runtime.start(removing))
        raise


def suggested_name(spec: RunSpec) -> str:
    """Think of a name for a run like another one: its own with the next free number."""
    counted = _COUNTED.fullmatch(spec.name)
    stem, first = (counted[1], int(counted[2]) + 1) if counted else (spec.name, 2)
    known = {run.id for run in Runs.current().all()}
    names = (f"{stem}-{number}" for number in itertools.count(first))
    return next(n for n in names if n not in known and not (spec.workdir / n).exists())


def _check_velocities(velocities: Any, temperature: float | None) -> None:
    if velocities not in (*VELOCITIES, None):
        raise ValueError(f"velocities={velocities!r} has to be one of {', '.join(VELOCITIES)}.")
    if velocities != "new" and temperature is not None:
        raise ValueError(f"temperature={temperature!r} is of use only with velocities='new'.")


def _check(spec: RunSpec, trajectory: Trajectory, frame: int, overwrite: bool) -> bool:
    """Refuse what can't be done; tells whether the frame has velocities. Blocks."""
    check_folder(spec.folder, overwrite=overwrite, continuation=False)
    if spec.name.partition("_")[0] == "start":
        raise ValueError(
            f"name={spec.name!r}: the file with the frame is called start, choose another name."
        )
    if overwrite and any(path.parent == spec.folder for path in trajectory.paths):
        raise ValueError(
            f"The start lies in {str(spec.folder)!r}, which would be overwritten: choose another "
            "name."
        )
    return read_frame(trajectory, frame).velocities is not None


def _possible(
    velocities: str, has_velocities: bool, engine: MDEngine, trajectory: Trajectory, frame: int
) -> str:
    """What is done where a frame has no velocities: new ones take the place of its own."""
    if has_velocities or velocities == "new":
        return velocities
    source = f"frame {frame} of {_described(trajectory)}"
    if velocities == "inverted":
        raise ValueError(
            f"There are no velocities to invert ({source}). Choose new ones (velocities='new')."
        )
    if engine.temperature is None:
        raise ValueError(
            f"The start has no velocities ({source}), and the engine no temperature to draw them: "
            "choose velocities='new' and a temperature."
        )
    note = engine.temperature_note
    warnings.warn(drawn_velocities(source, engine.temperature, note), stacklevel=3)
    return "new"


def _described(trajectory: Trajectory) -> str:
    path = trajectory.trajectory_files[-1]
    return f"{path}; XTC files hold none" if Path(path).suffix.lower() == ".xtc" else path


def _extraction(
    velocities: str, engine: MDEngine, temperature: float | None
) -> Callable[..., AsyncIterator[Trajectory]]:
    if velocities == "new":
        return NewVelocities(engine, temperature).write
    kept = velocities == "keep"
    extractor = NoModificationFrameExtractor() if kept else InvertedVelocitiesFrameExtractor()
    return partial(_extracted, extractor)


def _check_targets(targets: Sequence[Path], overwrite: bool) -> None:
    for target in targets:
        if target.exists() and not overwrite:
            raise FileExistsError(f"{str(target)!r} is there already: choose another name.")


def _targets(spec: RunSpec, velocities: str) -> list[Path]:
    if velocities != "new" or spec.n_walkers == 1:
        return [spec.folder / "start.trr"]
    return [spec.folder / f"start_{walker}.trr" for walker in range(spec.n_walkers)]


async def _extracted(
    extractor: FrameExtractor,
    targets: Sequence[Path],
    trajectory: Trajectory,
    frame: int,
    *,
    overwrite: bool,
) -> AsyncIterator[Trajectory]:
    for target in targets:
        yield await extractor.extract_async(target, trajectory, frame, overwrite=overwrite)


def _remove(targets: Sequence[Path], folder: Path, made_folder: bool) -> None:
    """Take away what was written for a run that does not start."""
    written = [*targets, *map(record_path, targets)]
    removals: list[Callable[[], object]] = [path.unlink for path in written]
    for removal in (*removals, *((folder.rmdir,) if made_folder else ())):
        with suppress(OSError):
            removal()
