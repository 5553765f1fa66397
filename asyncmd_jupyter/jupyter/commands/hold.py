"""``%asyncmd hold``: let runs pause."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter.jupyter.notebook import Notebook, going_on
from asyncmd_jupyter.jupyter.parsers import SubCommand, always
from asyncmd_jupyter.jupyter.telling import say

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.run import Run


def _arguments(parser: Any) -> None:
    parser.add_argument("names", metavar="RUN", nargs="+", help="Runs or campaigns.")


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    runs = [run for run in notebook.runs(arguments.names) if not run.done]
    if runs:
        return _hold(runs)
    say(f"Nothing to hold: {', '.join(arguments.names)} ended already.{going_on()}")
    return None


async def _hold(runs: Sequence[Run]) -> None:
    await asyncio.gather(*(run.hold() for run in runs))
    say(f"Held: {', '.join(run.id for run in runs)}. '%asyncmd resume NAME' lets them go on.")


COMMAND = SubCommand(
    name="hold",
    summary="Let runs save their work and pause, until %asyncmd resume.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd hold first",),
    group="Steer",
    usage="RUN ...",
    awaited=always,
)
