"""``%asyncmd attach``: what an earlier kernel left."""

from __future__ import annotations

from argparse import Namespace as Arguments
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.notebook import Notebook, piece
from asyncmd_jupyter.jupyter.parsers import SubCommand, always, unquoted
from asyncmd_jupyter.jupyter.telling import flat, say


def _arguments(parser: Any) -> None:
    parser.add_argument("folder", metavar="DIR", nargs="?",
                        help="Where the runs' folders are (here).")  # fmt: skip


async def _answer(_notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jobs.manager import JobManager
    from asyncmd_jupyter.jupyter.views import show_jobs, show_run

    folder = Path.cwd() / unquoted(arguments.folder or ".")
    if not folder.is_dir():
        raise NotADirectoryError(f"{arguments.folder} is no folder.")
    runs = await _runs(folder)
    jobs = await JobManager.current().attach()
    for run in runs:
        show_run(run)
    number = {0: "No job was", 1: "One job was"}.get(len(jobs), f"{len(jobs)} jobs were")
    if jobs or not runs:
        say(f"{number} taken back.")
        show_jobs()


async def _runs(folder: Path) -> list[Any]:
    try:
        attach_runs = piece("attach", "sampling.run_memory", "attach_runs")
    except UsageError:
        return []
    attached = await attach_runs(folder)
    for problem in attached.problems:
        say(f"Not brought back: {flat(str(problem))}")
    if attached.runs:
        say(f"Brought back: {', '.join(run.id for run in attached.runs)}.")
    return list(attached.runs)


COMMAND = SubCommand(
    name="attach",
    summary="Bring back the runs of this folder and the jobs that an earlier kernel left.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd attach",),
    group="Steer",
    usage="[DIR]",
    awaited=always,
)
