"""What a ``propagate`` line asks for: checked as a whole before anything starts."""

from __future__ import annotations

import shutil
from argparse import Namespace as Arguments
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.counts import frames_told
from asyncmd_jupyter.jupyter.caller import has_loop, loop_ends_with_cell
from asyncmd_jupyter.jupyter.namespace import (
    check_workdir,
    is_trajectory,
    look_up_start,
)
from asyncmd_jupyter.jupyter.placing import placed

if TYPE_CHECKING:
    from asyncmd_jupyter.jupyter.notebook import Notebook
    from asyncmd_jupyter.sampling.dry_run import Rehearsal
    from asyncmd_jupyter.sampling.run import Run
    from asyncmd_jupyter.sampling.run_spec import RunSpec

EXAMPLE = "%asyncmd propagate engine --from start --until alphaR C7eq --name first --n 4"
_QUEUE_SECONDS = 15.0
_NEEDED = {"engine": "ENGINE", "name": "--name"}


@dataclass(frozen=True)
class Order:
    """A run that is asked for.

    Attributes
    ----------
    spec : RunSpec
    overwrite, continuation : bool
    frame : int or None
        Of the start, where that is not its first one as it is.
    velocities : str or None
        None if the line does not say.
    """

    spec: RunSpec
    overwrite: bool = False
    continuation: bool = False
    frame: int | None = None
    velocities: str | None = None

    def check(self) -> Rehearsal:
        """Refuse what can't be carried out, and tell what would be done.

        Raises
        ------
        ValueError, TypeError, OSError
        """
        from asyncmd_jupyter.engines.velocities import VELOCITIES
        from asyncmd_jupyter.sampling.dry_run import rehearse

        spec = self.spec
        if self.velocities in VELOCITIES:  # others are made before the run begins
            spec = replace(spec, velocities=self.velocities)
        return rehearse(spec, overwrite=self.overwrite, continuation=self.continuation)

    def start(self) -> Run:
        """Start it; for those that begin at a frame there is `start_at_frame`."""
        from asyncmd_jupyter.sampling.run import start_spec

        return start_spec(self.spec, overwrite=self.overwrite, continuation=self.continuation)

    async def start_at_frame(self) -> Run:
        """Write the frame, then start."""
        from asyncmd_jupyter.frames.trajectory import Trajectory
        from asyncmd_jupyter.sampling.restart import restart_from

        spec = self.spec
        if self.frame is None or not isinstance(spec.start, Trajectory):
            return self.start()
        return await restart_from(
            spec,
            spec.start,
            self.frame,
            name=spec.name,
            n=spec.n_walkers,
            velocities=self.velocities,
            overwrite=self.overwrite,
        )


def order_of(notebook: Notebook, arguments: Arguments) -> Order:
    """Look up what a line names, and check what can be checked without reading files.

    Raises
    ------
    UsageError, ValueError, TypeError, OSError
    """
    from pathlib import Path

    from asyncmd_jupyter.engines.plan import check_walltime
    from asyncmd_jupyter.sampling.run_spec import RunSpec

    _require(arguments)
    engine = notebook.engine(arguments.engine)
    until = [notebook.condition(text) for text in arguments.until or ()]
    start = _start(notebook, arguments, engine)
    several = tuple(start) if isinstance(start, list) else ()
    check_walltime(arguments.walltime)
    check_workdir(arguments.workdir)
    spec = RunSpec(
        engine=placed(engine, arguments),
        start=None if several else start,
        starts=several,
        until=_named(until),
        name=arguments.name,
        workdir=Path.cwd() / (arguments.workdir or "."),
        n_walkers=_n_walkers(arguments, several),
        mode="all" if arguments.all_of else "any",
        max_steps=_steps(arguments, engine),
        campaign=arguments.campaign or "",
        **({} if arguments.walltime is None else {"walltime_per_part": arguments.walltime}),
    )
    frame, velocities = _frame(arguments, start)
    if start is None or several:  # no frame has to be written
        spec = replace(spec, velocities=velocities)
    return Order(spec, arguments.overwrite, arguments.continuation, frame, velocities)


def check_place() -> None:
    """Refuse to start where nothing can go on in the background.

    Raises
    ------
    UsageError
    """
    if not has_loop() or loop_ends_with_cell():
        raise UsageError(
            "%asyncmd needs a running event loop to start runs, one that goes on after the cell, "
            "as in the main thread of Jupyter's kernels; in a script or a terminal use "
            "asyncmd_jupyter.trajectory.start_run within asyncio.run()."
        )


def check_queue(orders: Sequence[Order]) -> None:
    """Refuse to start in a queue that this machine does not have.

    Raises
    ------
    UsageError
    """
    from asyncmd_jupyter import runtime

    program = runtime.current().settings.slurm.sbatch_executable
    if _for_slurm(orders) and shutil.which(program) is None:
        raise UsageError(
            f"Slurm's command {program!r} was not found on this machine: use --launcher local, or "
            "'%asyncmd config slurm_sbatch_executable=PATH'."
        )


async def queue_note(orders: Sequence[Order]) -> str:
    """Say that the queue to which orders would go can't be asked from here, if so."""
    from asyncmd_jupyter import runtime
    from asyncmd_jupyter.errors import JobError
    from asyncmd_jupyter.jobs.slurm.client import SlurmClient
    from asyncmd_jupyter.jobs.slurm.commands import sinfo

    if not _for_slurm(orders):
        return ""
    try:
        reply = await SlurmClient(_QUEUE_SECONDS).run(sinfo(runtime.current().settings.slurm))
    except (JobError, OSError) as error:
        complaint = str(error)
    else:
        if reply.code == 0:
            return ""
        complaint = f"sinfo said: {reply.complaint}"
    return f"Note: Slurm can't be asked from this machine, so the run would fail. {complaint}"


def _for_slurm(orders: Sequence[Order]) -> bool:
    return any(getattr(order.spec.engine, "launcher", "") == "slurm" for order in orders)


def _require(arguments: Arguments) -> None:
    missing = [shown for name, shown in _NEEDED.items() if getattr(arguments, name) is None]
    if arguments.until is None and arguments.steps is None and arguments.ps is None:
        missing.append("--until (or --steps, --ps)")
    if missing:
        raise UsageError(f"%asyncmd propagate needs {', '.join(missing)}, as in: {EXAMPLE}")
    if arguments.script and not arguments.dry_run:
        raise UsageError("--script belongs to --dry-run; a script of yours is --sbatch-script.")


def _start(notebook: Notebook, arguments: Arguments, engine: Any) -> Any:
    if arguments.start is None:
        return None
    start = look_up_start(arguments.start, notebook.names)
    if isinstance(start, list):
        _check_several(arguments, start)
        return start
    if (arguments.frame is None and arguments.velocities is None) or is_trajectory(start):
        return start
    made = engine.start_as_trajectory(start) if hasattr(engine, "start_as_trajectory") else None
    if made is None:
        raise ValueError(
            f"--frame and --velocities need a Trajectory to start from, and {arguments.start} is a "
            "file without names of atoms: make one with Trajectory(file, structure)."
        )
    return made


def _check_several(arguments: Arguments, starts: Sequence[Any]) -> None:
    shown = "--frame" if arguments.frame is not None else "--velocities"
    if not starts:
        raise UsageError(f"--from {arguments.start} is an empty list: it holds no start.")
    if arguments.frame is not None or arguments.velocities == "inverted":
        raise UsageError(
            f"{shown} is for one start, and {arguments.start} holds {len(starts)}: write the "
            "frames first, by %asyncmd extract."
        )


def _n_walkers(arguments: Arguments, starts: Sequence[Any]) -> int:
    """One for each start, where nothing else was said: what differs is refused with the rest."""
    return len(starts) if starts and arguments.n_walkers == 1 else int(arguments.n_walkers)


def _frame(arguments: Arguments, start: Any) -> tuple[int | None, str | None]:
    from asyncmd_jupyter.engines.velocities import VELOCITIES

    if arguments.frame is None and arguments.velocities is None:
        return None, None
    shown = "--frame" if arguments.frame is not None else "--velocities"
    if arguments.continuation:
        raise UsageError(f"{shown} can't be combined with --continue, which starts nowhere anew.")
    whole = start is None or isinstance(start, list)
    if whole and arguments.frame is None and arguments.velocities in VELOCITIES:
        return None, str(arguments.velocities)
    if start is None:
        raise UsageError(f"{shown} needs --from: whose frame is it?")
    number, n_frames = arguments.frame or 0, len(start)
    if not -n_frames <= number < n_frames:
        raise UsageError(
            f"--frame {number} does not exist: {arguments.start} has {frames_told(n_frames)}."
        )
    return number, arguments.velocities


def _named(until: Sequence[tuple[str, Any]]) -> tuple[Any, ...]:
    from asyncmd_jupyter.sampling.states import as_condition

    return tuple(as_condition(condition, label) for label, condition in until)


def _steps(arguments: Arguments, engine: Any) -> int | None:
    from asyncmd_jupyter.sampling.run_length import chosen_steps

    names = ("max_steps", "max_ps", "steps", "ps")
    given = {name: getattr(arguments, name) for name in names}
    if not arguments.until and (limit := next((n for n in names[:2] if given[n] is not None), "")):
        raise UsageError(
            f"{option(limit)} is a limit for --until: for a fixed length give {option(limit[4:])}."
        )
    return chosen_steps(engine, given, has_conditions=bool(arguments.until), shown=option)


def option(name: str, value: Any = None) -> str:
    """Write an argument as an option of a magic."""
    shown = f"--{name.replace('_', '-')}"
    return shown if value is None else f"{shown} {value:g}"
