"""``%asyncmd wait``: a cell that ends when runs have ended."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.closing import no_longer_waiting_text
from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, add_output, always
from asyncmd_jupyter.jupyter.telling import flat, told
from asyncmd_jupyter.jupyter.waiting import FailedRunError, StoppedWaiting

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.run import Run


def _arguments(parser: Any) -> None:
    parser.add_argument("names", metavar="RUN", nargs="*",
                        help="Runs or campaigns; all if left out.")  # fmt: skip
    add_output(parser, "the result")


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    runs = notebook.runs(arguments.names)
    if not runs:
        raise UsageError("There is no run to wait for: start one with %asyncmd propagate.")
    return _results(notebook, runs, arguments.output)


async def _results(notebook: Notebook, runs: list[Run], output: str | None) -> Any:
    from asyncmd_jupyter.jupyter.outcome import publish_outcome

    ends = await _wait(runs)
    for run in runs:
        publish_outcome(run.snapshot())
    failed = {
        r.id: end for r, end in zip(runs, ends, strict=True) if isinstance(end, BaseException)
    }
    if failed:
        first = next(iter(failed.values()))
        raise FailedRunError(list(failed), flat(told(first))) from first
    results = [run.result for run in runs]
    return notebook.give(output, results[0] if len(results) == 1 else results)


async def _wait(runs: list[Run]) -> list[Any]:
    from asyncmd_jupyter.jupyter.progress import progress_line
    from asyncmd_jupyter.jupyter.views import save, saving_here

    try:
        with saving_here(run.id for run in runs) as views:
            async with progress_line(runs):
                ends = await asyncio.gather(*(run.wait() for run in runs), return_exceptions=True)
            await save(views)
            return ends
    except asyncio.CancelledError as error:
        raise StoppedWaiting(no_longer_waiting_text([run.snapshot() for run in runs])) from error


COMMAND = SubCommand(
    name="wait",
    summary="Wait for runs; interrupting the cell leaves them alone.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd wait first -o path", "%asyncmd wait scan -o paths"),
    group="Steer",
    usage="[RUN ...] [-o VAR]",
    awaited=always,
    only_waits=True,
)
