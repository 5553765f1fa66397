"""``%asyncmd history``: where trajectories come from."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from collections.abc import Sequence
from typing import Any

from asyncmd_jupyter.jupyter.commands.view import items_of
from asyncmd_jupyter.jupyter.notebook import Notebook, all_runs
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output, always


def _arguments(parser: Any) -> None:
    parser.add_argument("items", metavar="RUN|TRAJECTORY", nargs="*",
                        help="Runs, campaigns or trajectories; all runs if left out.")  # fmt: skip
    add_output(parser, "the genealogy")


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    items = [item for text in arguments.items for item in items_of(notebook, text)]
    items = items or list(all_runs().values()) or [notebook.run(None)]
    return _show(notebook, items, arguments.output)


async def _show(notebook: Notebook, items: Sequence[Any], output: str | None) -> None:
    from asyncmd_jupyter.jupyter.showing.history import show_history
    from asyncmd_jupyter.sampling.genealogy import genealogy

    shown = show_history(await asyncio.to_thread(genealogy, items))
    notebook.bind(output, shown)


COMMAND = SubCommand(
    name="history",
    summary="Show where trajectories come from: parents, engines, seeds, jobs.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd history first", "%asyncmd history scan"),
    group="Watch",
    usage="[RUN|TRAJECTORY ...]",
    awaited=always,
)
