"""``%asyncmd resume``: let runs go on."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.notebook import Notebook, show_all
from asyncmd_jupyter.jupyter.orders import check_place, option
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output, number, whole_number
from asyncmd_jupyter.jupyter.telling import flat, say

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.running import Run


def _arguments(parser: Any) -> None:
    parser.add_argument("names", metavar="RUN", nargs="+", help="Runs or campaigns.")
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--max-steps", metavar="N", type=whole_number,
                       help="Another limit, counted from the start.")  # fmt: skip
    limit.add_argument("--max-ps", metavar="PS", type=number,
                       help="The same as simulated time.")  # fmt: skip
    add_output(parser, "the run, or the list of them")


def _answer(notebook: Notebook, arguments: Arguments) -> None:
    check_place()
    runs = notebook.runs(arguments.names)
    resumed, problems = [], []
    for run in runs:
        try:
            resumed.append(run.resume(max_steps=_steps(arguments, run)))
        except (ValueError, TypeError) as error:
            problems.append(str(error))
    if not resumed:
        raise UsageError(flat(problems[0]))
    for problem in problems:
        say(flat(problem))
    notebook.bind(arguments.output, resumed[0] if len(runs) == 1 else resumed)
    show_all(resumed)


def _steps(arguments: Arguments, run: Run) -> int | None:
    """The limit in steps of the run's engine, which may not be that of the next one's."""
    from asyncmd_jupyter.sampling.run_length import chosen_steps

    given = {name: getattr(arguments, name) for name in ("max_steps", "max_ps")}
    return chosen_steps(run.spec.engine, given, has_conditions=True, shown=option)


COMMAND = SubCommand(
    name="resume",
    summary="Let runs go on that were held, cancelled, failed, or came to their limit.",
    add_arguments=_arguments,
    answer=_answer,
    examples=(
        "%asyncmd resume first",
        "%asyncmd resume first --max-steps 2e6",
        "%asyncmd resume first --max-ps 500",
    ),
    group="Steer",
    usage="RUN ...",
)
