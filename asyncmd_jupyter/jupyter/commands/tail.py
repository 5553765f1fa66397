"""``%asyncmd tail``: the last lines that jobs wrote."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, always, whole_number
from asyncmd_jupyter.jupyter.targets import jobs_of
from asyncmd_jupyter.jupyter.telling import say

if TYPE_CHECKING:
    from asyncmd_jupyter.jobs.job import Job


def _arguments(parser: Any) -> None:
    add = parser.add_argument
    add("targets", metavar="RUN|JOB", nargs="+", help="Runs, campaigns or job ids.")
    add("-n", "--lines", dest="n_lines", metavar="N", type=whole_number, default=10,
        help="How many lines (10).")  # fmt: skip
    add("--stderr", action="store_true",
        help="What it wrote to its error output only (else both).")  # fmt: skip


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    if arguments.n_lines < 1:
        raise UsageError(f"--lines {arguments.n_lines} has to be at least 1.")
    streams = ("stderr",) if arguments.stderr else ("stdout", "stderr")
    return _tell(jobs_of(notebook, arguments.targets), arguments.n_lines, streams)


async def _tell(jobs: Sequence[Job], n_lines: int, streams: tuple[Any, ...]) -> None:
    for job in jobs:
        say(await asyncio.to_thread(_text, job, n_lines, streams))


def _text(job: Job, n_lines: int, streams: tuple[Any, ...]) -> str:
    from asyncmd_jupyter.triage.reading import plain

    title = f"{job.record.name} (job {job.id}, {job.state.value})"
    texts = [job.tail(n_lines, stream).rstrip() for stream in streams]
    lines = [line for text in texts if text for line in plain(text).splitlines()]
    return "\n".join([title, *(f"  {line}" for line in lines or ["wrote nothing so far"])])


COMMAND = SubCommand(
    name="tail",
    summary="Show the last lines that the jobs of runs wrote.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd tail first", "%asyncmd tail first --lines 50"),
    group="Watch",
    usage="RUN|JOB ...",
    awaited=always,
)
