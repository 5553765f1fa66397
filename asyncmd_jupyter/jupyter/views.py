"""Makes the views of runs and jobs from the services of the current runtime."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from weakref import WeakSet

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.jobs import JobTable
from asyncmd_jupyter.jupyter.widgets.run import RunView
from asyncmd_jupyter.jupyter.widgets.run_moment import by_job
from asyncmd_jupyter.sampling.progress import WalkerSnapshot
from asyncmd_jupyter.sampling.run import Runs


class Views:
    """The views that are shown somewhere; a service of the runtime."""

    def __init__(self, _runtime: runtime.Runtime) -> None:
        self._shown: WeakSet[LiveView] = WeakSet()

    @classmethod
    def current(cls) -> Views:
        """Return the service of the current runtime."""
        return runtime.current().service(cls)

    def add(self, view: LiveView) -> None:
        """Take in a view as long as somebody holds it."""
        self._shown.add(view)

    def of(self, run_ids: Iterable[str]) -> list[RunView]:
        """Return the views of some runs."""
        wanted = set(run_ids)
        runs = [view for view in self._shown if isinstance(view, RunView)]
        return [view for view in runs if view.run_id in wanted]

    def save(self, *, page_may_come: bool = True) -> None:
        """Let the cell that ends here save the state of views that no page follows.

        Parameters
        ----------
        page_may_come : bool
            Whether views that this cell has shown get the time to be noticed by a page.
        """
        for view in list(self._shown):
            is_awaited = view.is_new and page_may_come
            view.is_new = False
            if not (is_awaited or view.is_saved or view.has_page):
                view.save()
                view.is_saved = view.has_ended


@contextmanager
def saving_here(run_ids: Iterable[str]) -> Iterator[list[RunView]]:
    """Let the cell that waits for runs also save the last state of their views.

    What executes a notebook without a browser hears only of the cell that is executed,
    not of what an earlier one publishes late.
    """
    views = Views.current().of(run_ids)
    for view in views:
        view.saved_elsewhere = True
    try:
        yield views
    finally:
        for view in views:
            view.saved_elsewhere = False


async def save(views: Iterable[RunView], patience: float = 15.0) -> None:
    """Wait until views have drawn the end of their runs, and save that."""
    for view in views:
        if view.task is not None:
            await asyncio.wait([view.task], timeout=patience)
        view.save()
        view.is_saved = True


def show_run(run: RunLike, *, attaches: bool = False) -> RunView:
    """Show everything about a run here.

    Parameters
    ----------
    run : Run
    attaches : bool
        Let the page bring back its other views that have lost their kernel.
    """
    view = RunView(run, JobManager.current())
    view.attaches = attaches
    Views.current().add(view)
    view.show()
    return view


def show_jobs(*, attaches: bool = False) -> JobTable:
    """Show all jobs of this kernel here.

    Parameters
    ----------
    attaches : bool
        Let the page bring back its other views that have lost their kernel.
    """
    # Who has just attached what there was need not be told how.
    how = "" if attaches else " '%asyncmd attach' takes back those of an earlier one."
    empty = f"No jobs in this kernel.{how}"
    table = JobTable(JobManager.current(), walkers=_walkers, empty=lambda: empty)
    table.attaches = attaches
    Views.current().add(table)
    table.show()
    return table


def _walkers() -> Mapping[str, WalkerSnapshot]:
    return by_job([run.snapshot() for run in Runs.current().all()])
