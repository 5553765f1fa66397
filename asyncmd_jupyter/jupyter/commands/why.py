"""``%asyncmd why``: what went wrong, and what can be done."""

from __future__ import annotations

import asyncio
from argparse import Namespace as Arguments
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from asyncmd_jupyter.jupyter.notebook import Notebook, all_runs
from asyncmd_jupyter.jupyter.parsers import SubCommand, always
from asyncmd_jupyter.jupyter.targets import split_targets
from asyncmd_jupyter.names import escaped

if TYPE_CHECKING:
    from asyncmd_jupyter.jobs.job import Job
    from asyncmd_jupyter.sampling.running import Run
    from asyncmd_jupyter.triage import Diagnosis


def _arguments(parser: Any) -> None:
    parser.add_argument("target", metavar="RUN|JOB", nargs="?",
                        help="A run or a job id; the newest run if left out.")  # fmt: skip


def _answer(notebook: Notebook, arguments: Arguments) -> Any:
    from asyncmd_jupyter.jupyter.refusals import Refusals

    name = arguments.target
    if name is None:
        return _tell_run(notebook.run(None))
    if name not in all_runs() and (error := Refusals.current().of(name)) is not None:
        return _tell_refusal(name, error)
    return _tell_all(*split_targets(notebook, [name]))


async def _tell_all(runs: Sequence[Run], jobs: Sequence[Job]) -> None:
    from asyncmd_jupyter.triage import diagnose

    for run in runs:
        await _tell_run(run)
    for job in jobs:
        reason = job.record.reason
        calm = f"Job {job.id} ({job.record.name}) is {job.state.value}. {reason}".strip()
        _tell(await asyncio.to_thread(diagnose, job.record), calm)


async def _tell_refusal(name: str, error: Exception) -> None:
    """Say why a run was not started."""
    from asyncmd_jupyter.triage import diagnose_error

    found = await asyncio.to_thread(diagnose_error, error)
    _tell(replace(found, title=f"Run {name}, not started: {found.title}"), "")


async def _tell_run(run: Run) -> None:
    from asyncmd_jupyter.jobs.manager import JobManager
    from asyncmd_jupyter.jupyter.widgets.words import outcome
    from asyncmd_jupyter.triage import diagnose, diagnose_error

    snapshot = run.snapshot()
    found: dict[Diagnosis, list[int]] = {}
    for index, (walker, seen) in enumerate(zip(run.walkers, snapshot.walkers, strict=True)):
        record = None if seen.job_id is None else JobManager.current().job(seen.job_id).record
        diagnosis: Diagnosis | None = None
        if walker.error is not None:
            diagnosis = await asyncio.to_thread(diagnose_error, walker.error, record)
        elif record is not None:
            diagnosis = await asyncio.to_thread(diagnose, record)
        if diagnosis is not None:
            found.setdefault(diagnosis, []).append(index)
    for diagnosis, walkers in found.items():
        _tell(replace(diagnosis, title=f"{_about(run, walkers)}: {diagnosis.title}"), "")
    if not found:
        _tell(None, f"{run.id}: {outcome(snapshot)}.")


def _about(run: Run, walkers: Sequence[int]) -> str:
    if len(run.walkers) == 1:
        return f"Run {run.id}"
    numbers = ", ".join(map(str, walkers))
    return f"Run {run.id}, walker{'s' if len(walkers) > 1 else ''} {numbers}"


def _tell(diagnosis: Diagnosis | None, calm: str) -> None:
    from asyncmd_jupyter.jupyter.display import publish

    if diagnosis is None:
        publish({"text/plain": escaped(calm, lines=True)})
    else:
        publish({"text/plain": diagnosis.text(), "text/html": diagnosis.html()})


COMMAND = SubCommand(
    name="why",
    summary="Say why a run or job waits or failed, and what can be done.",
    add_arguments=_arguments,
    answer=_answer,
    examples=("%asyncmd why first",),
    group="Watch",
    usage="[RUN|JOB]",
    awaited=always,
)
