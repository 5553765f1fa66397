"""A small form that starts new runs at the frame that is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import ipywidgets

from asyncmd_jupyter.jupyter.widgets.sources import Source
from asyncmd_jupyter.jupyter.widgets.words import escape
from asyncmd_jupyter.sampling.restart import restart_from, suggested_name
from asyncmd_jupyter.sampling.run import Run
from asyncmd_jupyter.sampling.run_folder import run_files

VELOCITIES = (
    ("keep those of the frame", "keep"),
    ("new ones (Maxwell-Boltzmann)", "new"),
    ("those of the frame, inverted", "inverted"),
)
MOST_WALKERS = 1000
ROOM_TEMPERATURE = 300.0


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
    """A button, the form that it opens, and what came of it.

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
        self._n = ipywidgets.BoundedIntText(1, min=1, max=MOST_WALKERS, description="Walkers")
        self._velocities = ipywidgets.Dropdown(options=VELOCITIES, description="Velocities")
        self._temperature = ipywidgets.FloatText(description="T / K")
        self._what = ipywidgets.HTML()
        self._said = ipywidgets.HTML()
        self._start = ipywidgets.Button(
            description="Start", button_style="primary", layout=ipywidgets.Layout(width="auto")
        )
        self._close = ipywidgets.Button(description="Close", layout=ipywidgets.Layout(width="auto"))
        self.button.on_click(lambda _: self._open())
        self._close.on_click(lambda _: self._show(False))
        self._start.on_click(lambda _: self._run_in_background(self._go()))
        self._velocities.observe(lambda _: self._offer_temperature(), "value")
        for field in (self._name, self._n, self._velocities, self._temperature):
            field.observe(lambda _: self._forget_problem(), "value")
        self._form = self._laid_out()
        self._has_problem = False
        self._results = ipywidgets.VBox()
        self.widget: Any = ipywidgets.VBox([self._form, self._said, self._results])
        self._show(False)

    def follow(self) -> None:
        """Fit to what is shown now."""
        place = self._here()
        known = place.source.spec is not None
        self.button.layout.display = "" if known else "none"
        self._what.value = f"<b>New runs from {escape(_words(place))}</b>"

    def _laid_out(self) -> Any:
        fields = [self._name, self._n, self._velocities, self._temperature]
        for field in fields:
            field.layout.width = "auto"
            field.layout.max_width = "340px"
            field.style.description_width = "72px"
        buttons = ipywidgets.HBox([self._start, self._close])
        form = ipywidgets.VBox([self._what, *fields, buttons])
        form.layout.border = "1px solid var(--jp-border-color2, #bdbdbd)"
        form.layout.padding = "6px 8px"
        form.layout.margin = "4px 0"
        form.add_class("asyncmd-restart")
        return form

    def _show(self, shown: bool) -> None:
        self._form.layout.display = "" if shown else "none"

    def _open(self) -> None:
        spec = self._here().source.spec
        if spec is None:
            return
        known = spec.engine.temperature
        self._temperature.value = ROOM_TEMPERATURE if known is None else known
        self._said.value = ""
        self._offer_temperature()
        self._show(True)
        self._run_in_background(self._suggest())

    async def _suggest(self) -> None:
        spec = self._here().source.spec
        if spec is not None:
            self._name.value = await asyncio.to_thread(suggested_name, spec)

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
        with ExitStack() as opened:
            context = place.source.extractable(place.frame)
            trajectory, number = await asyncio.to_thread(opened.enter_context, context)
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
            f"“%asyncmd show {run.id}” shows it in a cell of its own.",
            "inherit",
            "status",
        )
        # Below: a page draws all anew that comes after something new.
        self._results.children = [*self._results.children, _shown_here(run).widget]
        self._show(False)

    def _say(self, text: str, colour: str, role: str) -> None:
        self._said.value = f'<div role="{role}" style="color:{colour}">{escape(text)}</div>'


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
