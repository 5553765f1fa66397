"""Everything about one run in one live view."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import ipywidgets

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jupyter.recipes import runs_recipe
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.jupyter.widgets.jobs import JobSource, JobTable
from asyncmd_jupyter.jupyter.widgets.linked import link
from asyncmd_jupyter.jupyter.widgets.run_moment import RunMoment, by_job
from asyncmd_jupyter.jupyter.widgets.summary import summary_html, summary_text
from asyncmd_jupyter.jupyter.widgets.trajectory import TrajectoryPreview
from asyncmd_jupyter.jupyter.widgets.words import escape, no_jobs
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished
from asyncmd_jupyter.sampling.progress import WalkerSnapshot

RUN_TAG = "run"
_PATIENCE = 10.0


class RunView(LiveView):
    """State and progress, the conditions' plot, the molecule, the jobs of one run.

    Parameters
    ----------
    run : RunLike
        What is shown.
    jobs : JobSource
        Usually the current `JobManager`.
    events : EventBus, optional
        Where to listen; the current runtime's by default.
    """

    kinds = (RunChanged, RunFinished)

    def __init__(self, run: RunLike, jobs: JobSource, events: EventBus | None = None) -> None:
        super().__init__(events)
        self._run = run
        self._jobs = jobs
        snapshot = run.snapshot()
        self.recipe = {"kind": "run", "runs": runs_recipe([run])}
        self._began = datetime.now(tz=UTC) - timedelta(seconds=snapshot.wall_seconds)
        self._head = ipywidgets.HTML(summary_html(snapshot))
        self._problem = ipywidgets.HTML()
        self._cancel = ipywidgets.Button(
            description="Cancel run",
            tooltip=f"End run {run.id} for good; its frames stay",
            layout=ipywidgets.Layout(flex="0 0 auto", width="auto"),
        )
        self._cancel.on_click(self._cancel_pressed)
        self.plot = ConditionPlot(run, events)
        self.preview = TrajectoryPreview(run, events, keeps_new_runs=False)
        self.table = JobTable(
            jobs,
            wanted=self._is_mine,
            walkers=self._walkers,
            events=events,
            final=self._jobs_ended,
            caption=f"Jobs of run {run.id}",
            empty=lambda: no_jobs(run.snapshot()),
        )
        link(self.plot.interaction, self.preview)
        self.plot.widget.observe(self._on_theme, "dark")
        self.plot.widget.observe(lambda _: self.page_came(), "in_page")
        self._widget = self._laid_out()

    @property
    def widget(self) -> Any:
        """The box that is shown."""
        return self._widget

    @property
    def has_page(self) -> bool:
        """Whether a page has the widget, on the screen or not."""
        return self.plot.has_page

    @property
    def is_kept_by_page(self) -> bool:
        """Whether the page leaves the widgets alone when the saved state is renewed."""
        return self.plot.is_kept_by_page

    @property
    def is_settled(self) -> bool:
        """Whether pages have drawn all of it and can let go of it."""
        stage = self.preview.stage
        return self.plot.widget.shown_width > 0 and stage is not None and stage.is_settled

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self._run.id

    @property
    def parts(self) -> tuple[LiveView, ...]:
        """The views this one is made of."""
        return self.plot, self.preview, self.table

    def concerns(self, event: Any) -> bool:
        """Whether an event is one of this run's."""
        return bool(event.run_id == self._run.id)

    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self._run.snapshot().state.is_final

    def open(self) -> RunView:
        """Start to follow, with all parts."""
        super().open()
        for part in self.parts:
            part.open()
        return self

    def close(self) -> None:
        """Stop to follow, with all parts."""
        super().close()
        for part in self.parts:
            part.close()

    async def aclose(self) -> None:
        """Stop to follow and wait until all tasks have ended."""
        await super().aclose()
        for part in self.parts:
            await part.aclose()

    async def refresh(self) -> None:
        """Write the head anew; in the end wait for the parts' last state."""
        run = self._run.snapshot()
        self._head.value = summary_html(run)
        if run.state.is_final:
            self._cancel.layout.display = "none"
            await asyncio.wait([part.task for part in self.parts if part.task], timeout=_PATIENCE)

    def text(self) -> str:
        """Return the last state as plain text."""
        now = RunMoment.of(self._run)
        jobs = self.table.text_of(now.walkers, now.no_jobs)
        return "\n\n".join([summary_text(now.run), self.plot.text_of(now.scene), jobs])

    def html(self) -> str:
        """Return the last state as HTML without scripts."""
        now = RunMoment.of(self._run)
        jobs = self.table.html_of(now.walkers, now.no_jobs)
        return "\n".join([summary_html(now.run), self.plot.html_of(now.scene), jobs])

    def show_error(self, message: str) -> None:
        """Say below the head what went wrong."""
        red = "color:var(--jp-error-color1,#d32f2f)"
        self._problem.value = f'<div style="{red}" role="alert">{escape(message)}</div>'

    def _laid_out(self) -> Any:
        box = ipywidgets.Layout
        head = ipywidgets.HBox([self._head, self._cancel], layout=box(align_items="flex-start"))
        self._head.layout = box(flex="1 1 auto", min_width="0")
        shown = [self.plot.widget, self.plot.energies.widget]
        plot = ipywidgets.VBox(shown, layout=box(flex="3 1 480px", min_width="0"))
        molecule = ipywidgets.VBox(
            [self.preview.widget], layout=box(flex="1 1 300px", min_width="0", overflow="hidden")
        )
        middle = ipywidgets.HBox(
            [plot, molecule],
            layout=box(flex_flow="row wrap", align_items="flex-start", width="100%"),
        )
        form, started = self.preview.new_runs
        return ipywidgets.VBox(
            [head, self._problem, middle, form, self.table.widget, started],
            layout=box(width="100%"),
        )

    def _is_mine(self, record: JobRecord) -> bool:
        """Whether it is a job of this run, and not of an earlier one of the same name."""
        if record.tags.get(RUN_TAG) != self._run.id:
            return False
        is_new = record.submitted is not None and record.submitted >= self._began
        return is_new or record.id in self._walkers()

    def _walkers(self) -> Mapping[str, WalkerSnapshot]:
        return by_job([self._run.snapshot()])

    def _jobs_ended(self) -> bool:
        mine = (record for record in self._jobs.records() if self._is_mine(record))
        return self.is_final() and all(record.state.is_final for record in mine)

    def _on_theme(self, change: Any) -> None:
        self.preview.set_dark(bool(change["new"]))

    def _cancel_pressed(self, button: Any) -> None:
        button.disabled = True
        button.description = "Cancelling…"
        self.run_in_background(self._cancel_run())

    async def _cancel_run(self) -> None:
        await self._run.cancel()
