"""``%asyncmd view``: molecules in motion."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import Any

from asyncmd_jupyter.jupyter.namespace import is_trajectory, look_up_start, shown
from asyncmd_jupyter.jupyter.notebook import Notebook, all_runs
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output


def _arguments(parser: Any) -> None:
    parser.add_argument("items", metavar="RUN|TRAJECTORY", nargs="*",
                        help="Runs, campaigns or trajectories; the newest run if left "
                        "out.")  # fmt: skip
    add_output(parser, "the preview")


def _answer(notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.showing.molecule import show_molecule

    items = [item for text in arguments.items for item in items_of(notebook, text)]
    notebook.bind(arguments.output, show_molecule(items or [notebook.run(None)]))


def items_of(notebook: Notebook, text: str) -> list[Any]:
    """Runs of a name or campaign, or the trajectory that a name stands for.

    Raises
    ------
    UsageError, ValueError
    """
    runs = all_runs()
    if text in runs or any(run.spec.campaign == text for run in runs.values()):
        return list(notebook.runs([text]))
    name = text.partition(".")[0].partition("[")[0]
    if name not in notebook.names:
        return list(notebook.runs([text]))  # raises with the nearest one
    value = look_up_start(text, notebook.names)
    if not is_trajectory(value):
        raise ValueError(f"{text} is {shown(value)}, neither a run nor a Trajectory.")
    return [value]


COMMAND = SubCommand(
    name="view",
    summary="Show molecules in motion, of runs that go on too.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd view first", "%asyncmd view path"),
    group="Watch",
    usage="[RUN|TRAJECTORY ...]",
)
