"""``%asyncmd cancel``: the end of runs and jobs."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from asyncmd_jupyter.jupyter.closing import Change, JobChange, cancelled_text
from asyncmd_jupyter.jupyter.notebook import Notebook, all_runs, going_on
from asyncmd_jupyter.jupyter.parsers import SubCommand, always
from asyncmd_jupyter.jupyter.targets import split_targets
from asyncmd_jupyter.jupyter.telling import say

if TYPE_CHECKING:
    from asyncmd_jupyter.jobs.job import Job
    from asyncmd_jupyter.sampling.run import Run


def _arguments(parser: Any) -> None:
    parser.add_argument("targets", metavar="RUN|JOB", nargs="*",
                        help="Runs, campaigns or job ids.")  # fmt: skip
    parser.add_argument("--all", dest="everything", action="store_true",
                        help="All runs and jobs of this kernel.")  # fmt: skip


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    if not arguments.targets and not arguments.everything:
        raise UsageError(f"Say what to cancel: RUN, JOB or --all.{going_on()}")
    runs, jobs = split_targets(notebook, arguments.targets)
    if arguments.everything:
        runs, jobs = list(all_runs().values()), [*jobs, *_jobs_without_run()]
        runs = [run for run in runs if not run.done]  # whoever says "all" means what goes on
        if not (runs or jobs):
            say(f"Nothing to cancel.{going_on()}")
            return None
    return _cancel(runs, jobs)


async def _cancel(runs: Sequence[Run], jobs: Sequence[Job]) -> None:
    before = [run.snapshot() for run in runs]
    had_ended = [job.state.is_final for job in jobs]
    ends: list[Awaitable[Any]] = [run.cancel() for run in runs if not run.done]
    ends += [_end(job) for job, is_over in zip(jobs, had_ended, strict=True) if not is_over]
    await asyncio.gather(*ends)
    changes = [Change(old, run.snapshot()) for old, run in zip(before, runs, strict=True)]
    ended = zip(jobs, had_ended, strict=True)
    told = [JobChange(job.id, is_over, job.state.value) for job, is_over in ended]
    say(cancelled_text(changes, told))


def _jobs_without_run() -> list[Job]:
    from asyncmd_jupyter.jobs.manager import JobManager

    manager, runs = JobManager.current(), all_runs()
    mine = [r for r in manager.records() if not r.state.is_final]
    return [manager.job(r.id) for r in mine if r.tags.get("run") not in runs]


async def _end(job: Job) -> None:
    await job.cancel()
    await job.wait()


COMMAND = SubCommand(
    name="cancel",
    summary="End runs or jobs for good; frames on disk stay.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd cancel first", "%asyncmd cancel --all"),
    group="Steer",
    usage="RUN|JOB ...",
    awaited=always,
)
