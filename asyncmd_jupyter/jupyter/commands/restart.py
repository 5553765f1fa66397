"""``%asyncmd restart``: a run like an earlier one, from one of its frames."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.notebook import Notebook, show_all
from asyncmd_jupyter.jupyter.orders import check_place, option
from asyncmd_jupyter.jupyter.parsers import (
    OneOf,
    SubCommand,
    add_output,
    always,
    number,
    whole_number,
)
from asyncmd_jupyter.jupyter.telling import say

if TYPE_CHECKING:
    from asyncmd_jupyter.frames.trajectory import Trajectory
    from asyncmd_jupyter.sampling.run_spec import RunSpec
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
    add("--until", metavar="CONDITION", nargs="+",
        help="Other conditions than those of the earlier run.")  # fmt: skip
    add("--all", dest="all_of", action="store_true",
        help="Go on until all of them hold in one frame (else until any one does).")  # fmt: skip
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--max-steps", metavar="N", type=whole_number,
                       help="MD steps after which a walker gives up; as before if left "
                       "out.")  # fmt: skip
    limit.add_argument("--max-ps", metavar="PS", type=number, help="The same as simulated time.")
    limit.add_argument("--steps", metavar="N", type=whole_number,
                       help="Without conditions: MD steps that each walker does.")  # fmt: skip
    limit.add_argument("--ps", metavar="PS", type=number, help="The same as simulated time.")
    add_output(parser, "the new run")


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    check_place()
    old = notebook.run(arguments.run)
    return _restart(notebook, arguments, old, _spec(notebook, arguments, old))


async def _restart(notebook: Notebook, arguments: Arguments, old: Run, spec: RunSpec) -> None:
    from asyncmd_jupyter.sampling.restart import restart_from, suggested_name

    trajectory = await asyncio.to_thread(_trajectory, old, arguments.walker)
    await _warn(spec, trajectory, arguments)
    run = await restart_from(
        spec,
        trajectory,
        arguments.frame,
        name=arguments.name or suggested_name(old.spec),
        n=arguments.n_walkers,
        velocities=arguments.velocities,
        temperature=arguments.temperature,
    )
    notebook.bind(arguments.output, run)
    show_all([run])


def _spec(notebook: Notebook, arguments: Arguments, old: Run) -> RunSpec:
    """What is done again, with what ends it as the line says."""
    from asyncmd_jupyter.sampling.run_length import LENGTHS, LIMITS, chosen_steps
    from asyncmd_jupyter.sampling.states import as_condition

    spec = old.spec
    given = {name: getattr(arguments, name) for name in (*LIMITS, *LENGTHS)}
    is_fixed = any(given[name] is not None for name in LENGTHS)
    if arguments.until is not None:
        named = [notebook.condition(text) for text in arguments.until]
        until = tuple(as_condition(condition, label) for label, condition in named)
        spec = replace(spec, until=until, mode="all" if arguments.all_of else "any")
    elif is_fixed:
        spec = replace(spec, until=())
    elif arguments.all_of:
        spec = replace(spec, mode="all")
    if all(value is None for value in given.values()):
        return spec
    has_conditions = bool(spec.until) or arguments.until is not None
    steps = chosen_steps(spec.engine, given, has_conditions=has_conditions, shown=option)
    return replace(spec, max_steps=steps)


async def _warn(spec: RunSpec, trajectory: Trajectory, arguments: Arguments) -> None:
    """Say that the new run will end where it begins, if so."""
    from asyncmd_jupyter.sampling.at_once import ends_at_once, ends_at_once_text

    names = await ends_at_once(spec.until, spec.mode, trajectory, arguments.frame)
    if names:
        where = f"frame {arguments.frame} of walker {arguments.walker} of {arguments.run}"
        say(f"Note: {ends_at_once_text(names, where)}")


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
        "%asyncmd restart first --until C7eq --max-ps 500",
    ),
    group="Compute",
    usage="RUN --frame N",
    awaited=always,
    notes=_NOTES,
)
