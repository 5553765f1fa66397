"""``%asyncmd show``: everything about runs."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import Any

from asyncmd_jupyter.jupyter.notebook import Notebook, show_all
from asyncmd_jupyter.jupyter.parsers import SubCommand


def _arguments(parser: Any) -> None:
    parser.add_argument("names", metavar="RUN", nargs="*",
                        help="Runs or campaigns; the newest run if left out.")  # fmt: skip


def _answer(notebook: Notebook, arguments: Arguments) -> None:
    show_all(notebook.runs(arguments.names) if arguments.names else [notebook.run(None)])


COMMAND = SubCommand(
    name="show",
    summary="Show all about a run here, live: walkers, conditions, a preview.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd show first",),
    group="Watch",
    usage="[RUN ...]",
)
