"""Makes the views of runs and jobs from the services of the current runtime."""

from __future__ import annotations

from collections.abc import Mapping

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.jobs import JobTable
from asyncmd_jupyter.jupyter.widgets.run import RunView
from asyncmd_jupyter.sampling.progress import WalkerSnapshot
from asyncmd_jupyter.sampling.run import Runs


def show_run(run: RunLike) -> RunView:
    """Show everything about a run here."""
    view = RunView(run, JobManager.current())
    view.show()
    return view


def show_jobs() -> JobTable:
    """Show all jobs of this kernel here."""
    empty = "No jobs in this kernel. '%asyncmd attach' takes back those of an earlier one."
    table = JobTable(JobManager.current(), walkers=_walkers, empty=empty)
    table.show()
    return table


def _walkers() -> Mapping[str, WalkerSnapshot]:
    snapshots = (run.snapshot() for run in Runs.current().all())
    return {w.job_id: w for run in snapshots for w in run.walkers if w.job_id is not None}
