"""A form that starts new runs at the frame that is shown: from what, until when, how many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jupyter.widgets.restart_choice import (
    LABEL_WIDTH,
    ConditionChoice,
    LimitChoice,
)
from asyncmd_jupyter.jupyter.widgets.sources import Source
from asyncmd_jupyter.jupyter.widgets.words import escape
from asyncmd_jupyter.sampling.at_once import ends_at_once, ends_at_once_text
from asyncmd_jupyter.sampling.restart import restart_from, suggested_name
from asyncmd_jupyter.sampling.run import Run
from asyncmd_jupyter.sampling.run_folder import run_files
from asyncmd_jupyter.triage.raised import told_error

VELOCITIES = (
    ("keep those of the frame", "keep"),
    ("new ones (Maxwell-Boltzmann)", "new"),
    ("those of the frame, inverted", "inverted"),
)
MOST_WALKERS = 1000
ROOM_TEMPERATURE = 300.0
_WARNING = (
    '<div role="alert" style="border-left:4px solid var(--jp-warn-color1,#f57c00);'
    'padding:2px 8px;margin:4px 0;line-height:1.4;white-space:normal">{}</div>'
)


@dataclass(frozen=True)
class ShownPlace:
    """Where the reader is.

    Attributes
    ----------
    source : Source
    frame : int
    """

    source: Source
    frame: int


class RestartForm:
    """A button, the form that it opens, and views of the runs that came of it.

    Parameters
    ----------
    here : callable
        Tells what is shown.
    run_in_background : callable
        Runs a coroutine and shows its error.
    """

    def __init__(
        self,
        here: Callable[[], ShownPlace],
        run_in_background: Callable[[Awaitable[None]], None],
    ) -> None:
        self._here = here
        self._run_in_background = run_in_background
        self.button = ipywidgets.Button(
            description="Restart from here…",
            icon="code-fork",
            tooltip="Start new runs at the frame that is shown",
            layout=ipywidgets.Layout(width="auto"),
        )
        self._name = ipywidgets.Text(description="Name", continuous_update=False)
        self._until = ConditionChoice(self._conditions_changed)
        self._limit = LimitChoice()
        self._n = ipywidgets.BoundedIntText(1, min=1, max=MOST_WALKERS, description="Walkers")
        self._velocities = ipywidgets.Dropdown(options=VELOCITIES, description="Velocities")
        self._temperature = ipywidgets.FloatText(description="T / K")
        self._what = ipywidgets.HTML()
        self._said = ipywidgets.HTML()
        self._warned = ipywidgets.HTML()
        self._is_open = self._is_examining = self._is_due = False
        self._start = ipywidgets.Button(
            description="Start", button_style="primary", layout=ipywidgets.Layout(width="auto")
        )
        self._close = ipywidgets.Button(description="Close", layout=ipywidgets.Layout(width="auto"))
        self.button.on_click(lambda _: self._open())
        self._close.on_click(lambda _: self._show(False))
        self._start.on_click(lambda _: self._run_in_background(self._go()))
        self._velocities.observe(lambda _: self._offer_temperature(), "value")
        fields = (self._name, self._n, self._velocities, self._temperature, *self._limit.fields)
        for field in fields:
            field.observe(lambda _: self._forget_problem(), "value")
        self._form = self._laid_out()
        self._has_problem = False
        self.widget: Any = ipywidgets.VBox([self._form, self._said])
        self.started: Any = ipywidgets.VBox()
        self._show(False)

    def follow(self) -> None:
        """Fit to what is shown now."""
        place = self._here()
        known = place.source.spec is not None
        self.button.layout.display = "" if known else "none"
        self._what.value = f"<b>New runs from {escape(_words(place))}</b>"
        self._examine()

    def _laid_out(self) -> Any:
        layout = ipywidgets.Layout
        for field, width in (
            (self._name, "280px"),
            (self._n, "170px"),
            (self._temperature, "190px"),
        ):
            field.layout.width = width
            field.style.description_width = LABEL_WIDTH
        self._velocities.layout.width = "340px"
        self._velocities.style.description_width = LABEL_WIDTH
        first = [self._name, self._n, self._velocities, self._temperature]
        row = ipywidgets.HBox(first, layout=layout(flex_flow="row wrap", width="100%"))
        buttons = ipywidgets.HBox([self._start, self._close])
        form = ipywidgets.VBox(
            [self._what, row, self._until.widget, self._limit.widget, self._warned, buttons]
        )
        form.layout.border = "1px solid var(--jp-border-color2, #bdbdbd)"
        form.layout.padding = "6px 8px"
        form.layout.margin = "4px 0"
        form.add_class("asyncmd-restart")
        return form

    def _show(self, shown: bool) -> None:
        self._is_open = shown
        self._form.layout.display = "" if shown else "none"

    def _open(self) -> None:
        spec = self._here().source.spec
        if spec is None:
            return
        known = spec.engine.temperature
        self._temperature.value = ROOM_TEMPERATURE if known is None else known
        self._said.value = ""
        self._until.offer(spec)
        self._limit.offer(spec)
        self._offer_temperature()
        self._show(True)
        self._conditions_changed()
        self._run_in_background(self._suggest(self._name.value))

    async def _suggest(self, before: str) -> None:
        spec = self._here().source.spec
        if spec is None:
            return
        suggested = await asyncio.to_thread(suggested_name, spec)
        if self._name.value == before:  # else somebody has typed one meanwhile
            self._name.value = suggested

    def _conditions_changed(self) -> None:
        self._forget_problem()
        self._limit.fit(has_conditions=bool(self._until.until))
        self._examine()

    def _examine(self) -> None:
        """Look whether a run from here would end at once; of many frames only at the last."""
        self._is_due = self._is_open
        if self._is_due and not self._is_examining:
            self._is_examining = True
            self._run_in_background(self._examine_frames())

    async def _examine_frames(self) -> None:
        try:
            while self._is_due:
                self._is_due = False
                self._warn(await self._said_of_frame())
        finally:
            self._is_examining = False

    async def _said_of_frame(self) -> str:
        place = self._here()
        try:
            async with _extracted(place) as (trajectory, number):
                until, mode = self._until.until, self._until.mode
                names = await ends_at_once(until, mode, trajectory, number)
        except Exception as error:  # of the user's functions
            return f"Whether the conditions hold in this frame is not known: {told_error(error)}"
        return ends_at_once_text(names, _words(place)) if names else ""

    def _warn(self, text: str) -> None:
        self._start.description = "Start anyway" if text else "Start"
        self._warned.value = _WARNING.format(escape(text)) if text else ""

    def _offer_temperature(self) -> None:
        is_new = self._velocities.value == "new"
        self._temperature.layout.display = "" if is_new else "none"

    def _forget_problem(self) -> None:
        """Take away what was said of a field that has been changed since."""
        if self._has_problem:
            self._said.value = ""
            self._has_problem = False

    async def _go(self) -> None:
        place = self._here()
        self._start.disabled = True
        try:
            run = await self._restarted(place)
        except (ValueError, TypeError, OSError, IndexError) as error:
            self._say(str(error), "var(--jp-error-color1,#d32f2f)", "alert")
            self._has_problem = True
        else:
            self._started(run, place)
        finally:
            self._start.disabled = False

    async def _restarted(self, place: ShownPlace) -> Run:
        spec = place.source.spec
        if spec is None:
            raise ValueError("What is shown belongs to no run of this kernel.")
        velocities, name = str(self._velocities.value), self._name.value.strip()
        if name and await asyncio.to_thread(run_files, spec.workdir / name):
            raise ValueError(f"The name {name!r} is in use by an earlier run: choose another name.")
        until = self._until.until
        limit = self._limit.steps(spec, has_conditions=bool(until))
        spec = replace(spec, until=until, mode=self._until.mode, max_steps=limit)
        async with _extracted(place) as (trajectory, number):
            return await restart_from(
                spec,
                trajectory,
                number,
                name=name,
                n=int(self._n.value),
                velocities=velocities,
                temperature=float(self._temperature.value) if velocities == "new" else None,
            )

    def _started(self, run: Run, place: ShownPlace) -> None:
        count = run.spec.n_walkers
        walkers = "1 walker" if count == 1 else f"{count} walkers"
        self._say(
            f"Run {run.id} was started from {_words(place)} ({walkers}). "
            f"It is shown below; “%asyncmd show {run.id}” shows it in a cell of its own.",
            "inherit",
            "status",
        )
        # Below: a page draws all anew that comes after something new.
        line = "1px solid var(--jp-border-color2, #bdbdbd)"
        apart = ipywidgets.Layout(margin="12px 0 0 0", padding="8px 0 0 0", border_top=line)
        view = ipywidgets.VBox([_shown_here(run).widget], layout=apart)
        self.started.children = [*self.started.children, view]
        self._show(False)

    def _say(self, text: str, colour: str, role: str) -> None:
        self._said.value = f'<div role="{role}" style="color:{colour}">{escape(text)}</div>'


@asynccontextmanager
async def _extracted(place: ShownPlace) -> AsyncIterator[tuple[Trajectory, int]]:
    """The frame as a trajectory and a number in it, read beside the event loop."""
    with ExitStack() as opened:
        context = place.source.extractable(place.frame)
        yield await asyncio.to_thread(opened.enter_context, context)


def _shown_here(run: Run) -> Any:
    """Make a view that lives as long as its run is of interest."""
    from asyncmd_jupyter.jobs.manager import JobManager
    from asyncmd_jupyter.jupyter.views import Views
    from asyncmd_jupyter.jupyter.widgets.run import RunView

    view = RunView(run, JobManager.current())
    Views.current().add(view)
    return view.open()


def _words(place: ShownPlace) -> str:
    run = place.source.run
    which = place.source.label
    of_run = "" if run is None or run.id in which else f" of run {run.id}"
    return f"frame {place.frame} of {which}{of_run}"
