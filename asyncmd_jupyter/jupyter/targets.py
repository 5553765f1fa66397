"""What commands act on: runs by name or campaign, and jobs by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jupyter.namespace import nearest
from asyncmd_jupyter.jupyter.notebook import Notebook, all_runs

if TYPE_CHECKING:
    from asyncmd_jupyter.jobs.job import Job
    from asyncmd_jupyter.sampling.run import Run


def split_targets(notebook: Notebook, texts: Sequence[str]) -> tuple[list[Run], list[Job]]:
    """Tell runs and campaigns from jobs.

    Raises
    ------
    UsageError
        For what is neither, with the nearest name.
    """
    runs: list[Run] = []
    jobs: list[Job] = []
    known = all_runs()
    campaigns = {run.spec.campaign for run in known.values()}
    for text in texts:
        if text in known or text in campaigns:
            runs += [run for run in notebook.runs([text]) if run not in runs]
        else:
            jobs.append(_job(text, [*known, *campaigns - {""}]))
    return runs, jobs


def jobs_of(notebook: Notebook, texts: Sequence[str]) -> list[Job]:
    """The jobs with these ids, and the newest job of each walker of these runs.

    Raises
    ------
    UsageError
    """
    from asyncmd_jupyter.jobs.manager import JobManager

    runs, jobs = split_targets(notebook, texts)
    ids = [walker.job_id for run in runs for walker in run.snapshot().walkers]
    found = [JobManager.current().job(job_id) for job_id in ids if job_id is not None]
    if not (found or jobs):
        raise UsageError(f"{', '.join(texts)}: no job was submitted yet.")
    return [*found, *jobs]


def _job(text: str, names: Sequence[str]) -> Job:
    from asyncmd_jupyter.jobs.manager import JobManager

    manager = JobManager.current()
    try:
        return manager.job(text)
    except JobError as error:
        ids = [record.id for record in manager.records()]
        hint = nearest(text, [*names, *ids])
        raise UsageError(f"There is neither a run nor a job {text!r}.{hint}") from error
