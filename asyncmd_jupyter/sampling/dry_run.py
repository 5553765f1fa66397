"""What a run would do: checked as if it were started, told, and nothing written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.engines.command import NOTHING_DONE, CommandEngine
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.velocities import VELOCITIES as ENGINE_VELOCITIES
from asyncmd_jupyter.jobs.model import Command
from asyncmd_jupyter.jobs.rehearsal import RehearsedJob, rehearse_job
from asyncmd_jupyter.sampling.fixed_length import propagator_class
from asyncmd_jupyter.sampling.run import check_spec
from asyncmd_jupyter.sampling.run_asked import spec_of
from asyncmd_jupyter.sampling.run_folder import check_folder, run_files
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.start_velocities import decided
from asyncmd_jupyter.sampling.verdicts import in_ps

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class RehearsedWalker:
    """What one walker would do first.

    Attributes
    ----------
    preparing : tuple of Command
        Commands before the first part.
    job : RehearsedJob
        Of the next part.
    files : tuple of Path
        Of the next part, and the result.
    steps_done : int
        From which it goes on.
    limit : int or None
        Steps after which it ends.
    """

    preparing: tuple[Command, ...]
    job: RehearsedJob
    files: tuple[Path, ...]
    steps_done: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class Rehearsal:
    """What a run would do.

    Attributes
    ----------
    spec : RunSpec
    step_limit : int or None
    walkers : tuple of RehearsedWalker
        Empty for engines that run no jobs.
    removed : tuple of Path
        Files of an earlier run that would be removed first.
    said : str
        What is said of the velocities of the start.
    """

    spec: RunSpec
    step_limit: int | None
    walkers: tuple[RehearsedWalker, ...]
    removed: tuple[Path, ...]
    said: str = ""

    def text(self) -> str:
        """Tell it to a person."""
        return "\n".join(_lines(self))

    def __str__(self) -> str:
        return self.text()

    def scripts(self, *, own: bool = False) -> str:
        """The scripts of the first walker; those of the others differ only in names.

        Parameters
        ----------
        own : bool, optional
            Those that this package writes, too, instead of those that a user gave only.
        """
        return "\n".join(_script_lines(self.walkers[0].job, own=own)) if self.walkers else ""


def dry_run(
    engine: MDEngine,
    start: StartingConfiguration = None,
    *,
    overwrite: bool = False,
    continuation: bool = False,
    **options: Any,
) -> Rehearsal:
    """Check what `start_run` would be asked for, and tell what it would do; nothing is written.

    Parameters
    ----------
    engine, start, overwrite, continuation, **options
        As for `start_run`.

    Returns
    -------
    Rehearsal
        ``print(…)`` it; `Rehearsal.scripts` shows scripts for Slurm.

    Raises
    ------
    ValueError, TypeError, IndexError, FileNotFoundError, NotADirectoryError, PermissionError
        As `start_run` would.
    """
    spec, first = spec_of(engine, start, **options, continuation=continuation)
    if first is not None:
        asked = first.velocities if first.velocities in ENGINE_VELOCITIES else None
        spec = replace(spec, start=first.trajectory, velocities=asked)
        first.check(spec, overwrite=overwrite)
    return rehearse(spec, overwrite=overwrite, continuation=continuation)


def rehearse(spec: RunSpec, *, overwrite: bool = False, continuation: bool = False) -> Rehearsal:
    """Check an order and tell what it would do.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError, NotADirectoryError, PermissionError, EngineError
        As `start_spec` would, or the run that it starts when it finds files of another one.
    """
    check_spec(spec)
    spec, warning = decided(spec, continuation=continuation)
    engine = spec.engine
    propagator = propagator_class(spec.until).from_engine(
        engine,
        spec.until,
        walltime_per_part=spec.walltime_per_part,
        max_steps=spec.max_steps,
        mode=spec.mode,
    )
    limit = propagator.step_limit(engine)
    check_folder(spec.folder, overwrite=overwrite, continuation=continuation)
    removed = tuple(run_files(spec.folder)) if overwrite else ()
    walkers: tuple[RehearsedWalker, ...] = ()
    if isinstance(engine, CommandEngine):
        walkers = tuple(_walkers(spec, engine, limit, continuation))
    return Rehearsal(spec, limit, walkers, removed, str(warning or ""))


def _walkers(
    spec: RunSpec, engine: CommandEngine, limit: int | None, continuation: bool
) -> Iterator[RehearsedWalker]:
    for index in range(spec.n_walkers):
        files, start = EngineFiles(spec.folder, spec.deffnm(index)), spec.start_of(index)
        clone = engine.clone(index)
        done = NOTHING_DONE
        if continuation and files.workdir.is_dir():
            done = clone.found(files, start, spec.velocities or "keep")
        commands, needs = clone.rehearsed(files, start, limit, spec.walltime_per_part, done)
        name = f"{files.deffnm}.part{done.next_part:04d}"
        job = rehearse_job(commands[-1], name=name, resources=needs, launcher=engine.launcher)
        kind = engine.output_traj_type
        written = (files.part(done.next_part, kind), files.path(kind))
        yield RehearsedWalker(tuple(commands[:-1]), job, written, done.steps, limit)


def _lines(run: Rehearsal) -> Iterator[str]:
    spec = run.spec
    yield f"Run {spec.name!r}: {_count(spec.n_walkers, 'walker')} of {_program(spec)}, {_goal(run)}"
    yield f"  folder: {spec.folder}"
    if spec.engine.system_text:
        yield f"  system: {spec.engine.system_text}"
    yield from _velocity_lines(run)
    if run.removed:
        yield f"  removed first: {_count(len(run.removed), 'file')} such as {run.removed[0].name}"
    if not run.walkers:
        yield "  This engine runs no jobs, so there are no commands to show."
        return
    alike: dict[tuple[str, ...], list[int]] = {}
    for index, walker in enumerate(run.walkers):
        alike.setdefault(_without_number(spec, index, walker), []).append(index)
    for numbers in alike.values():
        yield f"  {_heading(numbers)}:"
        yield from _walker_lines(run.walkers[numbers[0]])


def _script_lines(job: RehearsedJob, *, own: bool) -> Iterator[str]:
    if job.user_script:
        yield from (f"{job.record.user_script}:", *_indented(job.user_script))
    if own:
        yield from ([""] if job.user_script else [])
        yield from (f"{job.record.script}:", *_indented(job.script))


def _without_number(spec: RunSpec, index: int, walker: RehearsedWalker) -> tuple[str, ...]:
    """What is told of a walker as if it were the first one."""
    name = re.compile(rf"(?<!\w){re.escape(spec.deffnm(index))}(?!\w)")
    first = spec.deffnm(0)
    lines = (name.sub(lambda _: first, line) for line in _walker_lines(walker))
    # That of what a worker is given, in which names and random numbers stand.
    return tuple(_DIGEST.sub("", line) for line in lines)


def _heading(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"walker {numbers[0]}"
    first, *others = map(str, numbers)
    whole = numbers[-1] - numbers[0] + 1 == len(numbers)
    told = f"{first} to {others[-1]}" if whole else ", ".join([first, *others])
    return f"{len(numbers)} walkers, {told}, alike but for the number; walker {first}"


def _walker_lines(walker: RehearsedWalker) -> Iterator[str]:
    if walker.limit is not None and walker.steps_done >= walker.limit:
        yield f"    has done {walker.steps_done:,} steps: no MD, only {walker.files[-1].name}"
        return
    if walker.steps_done:
        yield f"    goes on after step {walker.steps_done:,}"
    for command in (*walker.preparing, walker.job.record.command):
        yield f"    $ {shlex.join(command.argv)}"
    if walker.job.submission:
        yield f"    submitted with: {shlex.join(walker.job.submission)}"
    yield f"    writes: {', '.join(path.name for path in walker.files)}"


def _indented(text: str) -> Iterator[str]:
    return (f"  {line}".rstrip() for line in text.splitlines())


def _program(spec: RunSpec) -> str:
    return spec.engine.program or type(spec.engine).__name__


def _velocity_lines(run: Rehearsal) -> Iterator[str]:
    if run.said:
        yield f"  {run.said}"
    elif run.spec.velocities == "new":
        yield f"  velocities: new ones for each walker{_at_temperature(run.spec)}"


def _at_temperature(spec: RunSpec) -> str:
    engine = spec.engine
    kelvin = "" if engine.temperature is None else f" at {engine.temperature:g} K"
    return f"{kelvin} ({engine.temperature_note})" if engine.temperature_note else kelvin


def _goal(run: Rehearsal) -> str:
    spec, limit = run.spec, run.step_limit
    names = [condition.name for condition in spec.until]
    steps = "" if limit is None else f"{limit:,} steps{in_ps(limit, spec.engine)}"
    if not names:
        return f"{steps} each"
    joined = (" or " if spec.mode == "any" else " and ").join(names)
    return f"until {joined}" + (f", at most {steps}" if steps else "")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
