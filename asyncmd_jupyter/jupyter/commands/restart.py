"""``%asyncmd restart``: a run like an earlier one, from one of its frames."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.notebook import Notebook, show_all
from asyncmd_jupyter.jupyter.orders import check_place
from asyncmd_jupyter.jupyter.parsers import (
    OneOf,
    SubCommand,
    add_output,
    always,
    number,
    whole_number,
)

if TYPE_CHECKING:
    from asyncmd_jupyter.frames.trajectory import Trajectory
    from asyncmd_jupyter.sampling.running import Run

VELOCITIES = ("keep", "new", "inverted")


def _arguments(parser: Any) -> None:
    add = parser.add_argument
    add("run", metavar="RUN", help="The earlier run; it may still go on.")
    add("--frame", metavar="N", type=whole_number, default=-1,
        help="Which frame; -1 is the last one (-1).")  # fmt: skip
    add("--walker", metavar="N", type=whole_number, default=0,
        help="Whose frame (0).")  # fmt: skip
    add("--velocities", metavar="KIND", type=OneOf(VELOCITIES),
        help="Those of the frame (keep; drawn where it has none), new ones for each walker with "
        "the engine's masses and constraints (new), or those of the frame turned round "
        "(inverted). If left out: keep, unless all walkers would compute the same.")  # fmt: skip
    add("--temperature", metavar="K", type=number,
        help="Of new velocities; the engine's if left out.")  # fmt: skip
    add("--name", metavar="NAME", help="Name of the new run; that of the old one with a number.")
    add("--n", dest="n_walkers", metavar="N", type=whole_number, default=1,
        help="Number of walkers (1).")  # fmt: skip
    add_output(parser, "the new run")


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    check_place()
    return _restart(notebook, arguments, notebook.run(arguments.run))


async def _restart(notebook: Notebook, arguments: Arguments, old: Run) -> None:
    from asyncmd_jupyter.sampling.restart import restart_from, suggested_name

    trajectory = await asyncio.to_thread(_trajectory, old, arguments.walker)
    run = await restart_from(
        old,
        trajectory,
        arguments.frame,
        name=arguments.name or suggested_name(old.spec),
        n=arguments.n_walkers,
        velocities=arguments.velocities,
        temperature=arguments.temperature,
    )
    notebook.bind(arguments.output, run)
    show_all([run])


def _trajectory(run: Run, index: int) -> Trajectory:
    from asyncmd_jupyter.frames.trajectory import Trajectory

    if not 0 <= index < len(run.walkers):
        raise UsageError(
            f"--walker {index} does not exist: {run.id} has {len(run.walkers)} walkers, counted "
            "from 0."
        )
    walker = run.walkers[index]
    if walker.result is not None:
        return walker.result
    seen = walker.snapshot()
    files = [str(path) for path in seen.trajectory_files if path.exists() and path.stat().st_size]
    if not files or seen.structure_file is None:
        raise UsageError(f"Walker {index} of {run.id} has no frames yet.")
    return Trajectory(files, str(seen.structure_file))


_NOTES = """\
A start is positions, velocities and box of a frame: thermostat chains, the barostat's velocity,
  AWH biases and the clocks of annealing and pulling begin anew. New velocities have one
  temperature, also where groups have several. To lose nothing, go on with a run: %asyncmd resume.
  More in docs/simulations.md."""

COMMAND = SubCommand(
    name="restart",
    summary="Start a run like an earlier one from one of its frames.",
    add_arguments=_arguments,
    answer=_answer,
    examples=(
        "%asyncmd restart first --frame -1 --n 4 --velocities new",
        "%asyncmd restart first --walker 2 --frame 120 --name again",
    ),
    group="Compute",
    usage="RUN --frame N",
    awaited=always,
    notes=_NOTES,
)
