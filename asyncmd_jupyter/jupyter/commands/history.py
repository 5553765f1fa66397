"""``%asyncmd history``: where trajectories come from."""

from __future__ import annotations

from argparse import Namespace as Arguments
from typing import Any

from asyncmd_jupyter.jupyter.commands.view import items_of
from asyncmd_jupyter.jupyter.notebook import Notebook, all_runs, piece
from asyncmd_jupyter.jupyter.parsers import SubCommand


def _arguments(parser: Any) -> None:
    parser.add_argument("items", metavar="RUN|TRAJECTORY", nargs="*",
                        help="Runs, campaigns or trajectories; all runs if left out.")  # fmt: skip


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    show_history = piece("history", "jupyter.showing.history", "show_history")
    items = [item for text in arguments.items for item in items_of(notebook, text)]
    show_history(items or list(all_runs().values()) or [notebook.run(None)])


COMMAND = SubCommand(
    name="history",
    summary="Show where trajectories come from: parents, engines, seeds, jobs.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd history first", "%asyncmd history scan"),
    group="Watch",
    usage="[RUN|TRAJECTORY ...]",
)
