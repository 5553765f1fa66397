"""``%asyncmd plot``: what the conditions say."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.run import Run


def _arguments(parser: Any) -> None:
    add = parser.add_argument
    add("names", metavar="RUN", nargs="*", help="Runs or campaigns; all if left out.")
    add("--plane", metavar=("X", "Y"), nargs=2,
        help="Two functions against each other, by the names that the plot shows, instead of "
        "each against time.")  # fmt: skip
    add("--until", metavar="CONDITION", nargs="+",
        help="Other conditions than those of the runs, to see where they would have "
        "ended; nothing is computed again.")  # fmt: skip
    add_output(parser, "the plot")


def _answer(notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.showing.plot import show_plot

    runs = (
        notebook.runs(arguments.names)
        if arguments.names or arguments.until
        else _with_conditions(notebook)
    )
    options: dict[str, Any] = {}
    if arguments.plane is not None:
        options["plane"] = tuple(arguments.plane)
    if arguments.until is not None:
        options["until"] = [notebook.condition(text) for text in arguments.until]
    notebook.bind(arguments.output, show_plot(runs, **options))


def _with_conditions(notebook: Notebook) -> list[Run]:
    runs = notebook.runs() or [notebook.run(None)]
    if not (found := [run for run in runs if run.spec.until]):
        raise UsageError("No run has conditions, so there is nothing to plot: give --until.")
    return found


COMMAND = SubCommand(
    name="plot",
    summary="Plot the conditions of runs against time, or two functions against each other.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd plot first", "%asyncmd plot scan --plane phi psi"),
    group="Watch",
    usage="[RUN ...]",
)
