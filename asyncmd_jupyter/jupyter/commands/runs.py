"""``%asyncmd runs``: all simulations as a table."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output


def _arguments(parser: Any) -> None:
    parser.add_argument("names", metavar="RUN", nargs="*",
                        help="Runs or campaigns; all if left out.")  # fmt: skip
    add_output(parser, "the table")


def _answer(notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.showing.simulations import show_simulations

    if not (runs := notebook.runs(arguments.names)):
        raise UsageError("There is no run yet: start one with %asyncmd propagate.")
    notebook.bind(arguments.output, show_simulations(runs if arguments.names else None))


COMMAND = SubCommand(
    name="runs",
    summary="Show runs as a table, live: state, time, speed, values of conditions, jobs.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd runs", "%asyncmd runs scan"),
    group="Watch",
    usage="[RUN ...]",
)
