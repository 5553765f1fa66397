"""``%asyncmd hold``: let runs pause."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter.jupyter.closing import Change, held_text
from asyncmd_jupyter.jupyter.notebook import Notebook, going_on
from asyncmd_jupyter.jupyter.parsers import SubCommand, always
from asyncmd_jupyter.jupyter.telling import say

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.run import Run


def _arguments(parser: Any) -> None:
    parser.add_argument("names", metavar="RUN", nargs="+", help="Runs or campaigns.")


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    runs = notebook.runs(arguments.names)
    if all(run.done for run in runs):
        ended = ", ".join(f"{run.id} ({run.snapshot().states_in_words})" for run in runs)
        say(f"Nothing to hold: {ended}.{going_on()}")
        return None
    return _hold(runs)


async def _hold(runs: Sequence[Run]) -> None:
    before = [run.snapshot() for run in runs]
    await asyncio.gather(*(run.hold() for run in runs if not run.done))
    say(held_text([Change(old, run.snapshot()) for old, run in zip(before, runs, strict=True)]))


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
