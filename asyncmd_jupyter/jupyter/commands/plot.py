"""``%asyncmd plot``: what the conditions say, and what the program says of its physics."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.engines.energies.names import SHARED
from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output

ENERGIES = {name.split()[0].lower(): name for name in SHARED}

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
    add("--energies", metavar="NAME", nargs="+", choices=ENERGIES,
        help=f"What the MD program says of its physics, too: {', '.join(ENERGIES)}. Runs without "
        "conditions show some of it in any case; all can be chosen in the plot.")  # fmt: skip
    add_output(parser, "the plot")


def _answer(notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.showing.plot import show_plot

    runs = (
        notebook.runs(arguments.names)
        if arguments.names or arguments.until
        else _plottable(notebook)
    )
    options: dict[str, Any] = {}
    if arguments.plane is not None:
        options["plane"] = tuple(arguments.plane)
    if arguments.until is not None:
        options["until"] = [notebook.condition(text) for text in arguments.until]
    if arguments.energies is not None:
        options["energies"] = [ENERGIES[name] for name in arguments.energies]
    notebook.bind(arguments.output, show_plot(runs, **options))


def _plottable(notebook: Notebook) -> list[Run]:
    """Runs with conditions; where none has any, those with energies."""
    runs = notebook.runs() or [notebook.run(None)]
    with_conditions = [run for run in runs if run.spec.until]
    if not (found := with_conditions or [run for run in runs if run.has_energies]):
        raise UsageError(
            "No run has conditions, and the engine says nothing of energies, so there is nothing "
            "to plot: give --until."
        )
    return found


COMMAND = SubCommand(
    name="plot",
    summary="Plot conditions or energies of runs against time, or two functions over each other.",
    add_arguments=_arguments,
    answer=_answer,
    examples=(
        "%asyncmd plot first",
        "%asyncmd plot scan --plane phi psi",
        "%asyncmd plot first --energies temperature density",
    ),
    group="Watch",
    usage="[RUN ...]",
)
