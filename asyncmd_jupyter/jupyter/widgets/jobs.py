"""The live table of jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import traitlets

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jobs.model import JobChanged, JobRecord
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.page_widget import PageWidget
from asyncmd_jupyter.jupyter.widgets.rows import (
    NO_JOBS,
    JobRow,
    changed_rows,
    in_order,
    job_row,
    rows_as_html,
    rows_as_text,
)
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished
from asyncmd_jupyter.sampling.progress import WalkerSnapshot

HERE = Path(__file__).parent


class JobLike(Protocol):
    """What a row's button needs of a job."""

    async def cancel(self) -> Any:
        """End it for good."""
        ...


class JobSource(Protocol):
    """Where the table finds its jobs; the `JobManager` is one."""

    def records(self) -> list[JobRecord]:
        """Return all jobs, newest first."""
        ...

    def job(self, job_id: str) -> JobLike:
        """Return the handle of one job."""
        ...


class JobTableWidget(PageWidget):
    """The browser's half: rows arrive as custom messages, presses of Cancel go back."""

    _esm = HERE / "jobs_table.js"
    _css = HERE / "jobs_table.css"
    caption = traitlets.Unicode("Jobs").tag(sync=True)
    empty = traitlets.Unicode(NO_JOBS).tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)


class JobTable(LiveView):
    """Jobs with their states, live, each with a button that cancels it.

    Only rows that changed are sent, all of them in one message.

    Parameters
    ----------
    jobs : JobSource
        Usually the current `JobManager`.
    wanted : callable, optional
        Says of a `JobRecord` whether it is shown; all are by default.
    walkers : callable, optional
        Gives the walkers that jobs compute for, by job id, to show their progress.
    events : EventBus, optional
        Where to listen; the current runtime's by default.
    final : callable, optional
        Says that no row will change any more.
    empty : callable, optional
        Gives what is said where there are no rows, as things are then.
    """

    kinds = (JobChanged, RunChanged, RunFinished)

    def __init__(
        self,
        jobs: JobSource,
        *,
        wanted: Callable[[JobRecord], bool] = lambda record: True,
        walkers: Callable[[], Mapping[str, WalkerSnapshot]] = dict,
        events: EventBus | None = None,
        final: Callable[[], bool] = lambda: False,
        caption: str = "Jobs",
        empty: Callable[[], str] = lambda: NO_JOBS,
    ) -> None:
        super().__init__(events)
        self.recipe = {"kind": "jobs"}
        self._jobs = jobs
        self._wanted = wanted
        self._walkers = walkers
        self._final = final
        self._sent: dict[str, JobRow] = {}
        self._empty = empty
        # Rows that were read first must not be sent last: the page would keep an old state.
        self._one_after_the_other = threading.Lock()
        self._widget = JobTableWidget(caption=caption, empty=empty())
        self._widget.on_msg(self._on_message)
        self._widget.observe(lambda _: self.page_came(), "in_page")

    @property
    def widget(self) -> Any:
        """The anywidget that is shown."""
        return self._widget

    def rows(self) -> list[JobRow]:
        """Return what the table shows now."""
        return self.rows_with(self._walkers())

    def rows_with(self, walkers: Mapping[str, WalkerSnapshot]) -> list[JobRow]:
        """Return the same for walkers that are known already, by the ids of their jobs."""
        mine = [record for record in self._jobs.records() if self._wanted(record)]
        return in_order([job_row(record, walkers.get(record.id)) for record in mine])

    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self._final()

    async def refresh(self) -> None:
        """Send the rows that changed."""
        with self._one_after_the_other:
            rows = self.rows()
            self._widget.empty = self._empty()
            self._send(changed_rows(rows, self._sent), self._sent.keys() - {r["id"] for r in rows})
            self._sent = {row["id"]: row for row in rows}

    def text(self) -> str:
        """Return the table as plain text."""
        return self.text_of(self._walkers(), self._empty())

    def text_of(self, walkers: Mapping[str, WalkerSnapshot], empty: str) -> str:
        """Return the same of a moment that is known."""
        return rows_as_text(self.rows_with(walkers), empty)

    def html(self) -> str:
        """Return the table as HTML without scripts."""
        return self.html_of(self._walkers(), self._empty())

    def html_of(self, walkers: Mapping[str, WalkerSnapshot], empty: str) -> str:
        """Return the same of a moment that is known."""
        return rows_as_html(self.rows_with(walkers), empty)

    def show_error(self, message: str) -> None:
        """Say above the rows what went wrong."""
        self._widget.problem = message

    def _send(self, rows: Iterable[JobRow], gone: Iterable[str]) -> None:
        message = {"kind": "rows", "rows": list(rows), "gone": sorted(gone)}
        if message["rows"] or message["gone"]:
            self._widget.send(message)

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        if content.get("kind") == "ready":
            # At once, also while a cell computes, in the thread that hears the page.
            with self._one_after_the_other:
                self._widget.send({"kind": "all", "rows": self.rows(), "gone": []})
        elif content.get("kind") == "cancel":
            self.run_in_background(self._cancel(str(content.get("id"))))

    async def _cancel(self, job_id: str) -> None:
        await self._jobs.job(job_id).cancel()
        self.mark_dirty()
