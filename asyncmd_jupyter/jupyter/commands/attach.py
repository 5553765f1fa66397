"""``%asyncmd attach``: what an earlier kernel left."""

from __future__ import annotations

from argparse import Namespace as Arguments
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter.jupyter.closing import brought_back_text
from asyncmd_jupyter.jupyter.notebook import Notebook
from asyncmd_jupyter.jupyter.parsers import SubCommand, always, unquoted
from asyncmd_jupyter.jupyter.telling import flat, say

if TYPE_CHECKING:
    from asyncmd_jupyter.jobs.job import Job
    from asyncmd_jupyter.sampling.run import Run


def _arguments(parser: Any) -> None:
    parser.add_argument("folder", metavar="DIR", nargs="?",
                        help="Where the runs' folders are (here).")  # fmt: skip
    parser.add_argument("--only", metavar="STORED", nargs="+",
                        help="Only runs of these names (all of the folder).")  # fmt: skip
    parser.add_argument("--trust", action="store_true",
                        help="Also runs that you have not started in this folder: the code that "
                        "whoever made the folder has put there is run.")  # fmt: skip
    parser.add_argument("--force", action="store_true",
                        help="Also runs and jobs of kernels that may live, such as those on "
                        "machines that can't be seen from here.")  # fmt: skip


async def _answer(_notebook: Notebook, arguments: Arguments) -> None:
    from asyncmd_jupyter.jupyter.views import show_jobs
    from asyncmd_jupyter.sampling.run_memory import attach_runs

    folder = Path(unquoted(arguments.folder or "."))
    only = None if arguments.only is None else [unquoted(name) for name in arguments.only]
    attached = await attach_runs(folder, only, trust=arguments.trust, force=arguments.force)
    for sentence in attached.taken:
        say(flat(sentence))
    # Those of other folders belong to other notebooks, which wait for something else.
    jobs = [] if only else await _attach_jobs(folder, force=arguments.force)
    for problem in attached.problems:
        say(f"Not brought back: {flat(problem)}")
    names = [run.id for run in attached.runs]
    others = [job for job in jobs if job.record.tags.get("run") not in names]
    text = brought_back_text(names, len(others), attached.here, len(attached.problems))
    if text:
        say(text)
    if attached.runs:
        _show(attached.runs)
    if others or not (attached.runs or only):
        show_jobs(attaches=not attached.runs)


async def _attach_jobs(folder: Path, *, force: bool) -> list[Job]:
    from asyncmd_jupyter.jobs.manager import JobManager
    from asyncmd_jupyter.jobs.process import Owner

    manager = JobManager.current()
    owners = {job.id: job.owner for job in await manager.history(unfinished=True)} if force else {}
    jobs = await manager.attach(folder=folder, force=force)
    for job in jobs:
        owner = Owner.parse(owners.get(job.id, job.record.owner))
        if force and manager.may_live(owner) and str(owner) != job.record.owner:
            kernel = f"the process {owner.process.pid} on {owner.host}"
            say(f"The job {job.id} was taken over from the kernel with {kernel}.")
    return jobs


def _show(runs: Sequence[Run]) -> None:
    """Show one run, or a table of several; views on the page come back by themselves."""
    from asyncmd_jupyter.jupyter.showing.simulations import show_simulations
    from asyncmd_jupyter.jupyter.views import show_run

    if len(runs) == 1:
        show_run(runs[0], attaches=True)
    else:
        show_simulations(runs, attaches=True)


COMMAND = SubCommand(
    name="attach",
    summary="Bring back the runs of this folder and the jobs that an earlier kernel left.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd attach", "%asyncmd attach --only left right"),
    group="Steer",
    usage="[DIR] [--only STORED ...] [--trust] [--force]",
    awaited=always,
)
