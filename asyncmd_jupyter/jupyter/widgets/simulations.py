"""The live table of simulations, made for thousands of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, ClassVar

import traitlets

from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jobs.model import JobChanged
from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.base import LiveView
from asyncmd_jupyter.jupyter.widgets.jobs import JobSource
from asyncmd_jupyter.jupyter.widgets.page_widget import PageWidget, front_end
from asyncmd_jupyter.jupyter.widgets.simulations_actions import carry_out
from asyncmd_jupyter.jupyter.widgets.simulations_book import Breather, Changes, SimulationBook
from asyncmd_jupyter.jupyter.widgets.simulations_opened import OpenedRow
from asyncmd_jupyter.jupyter.widgets.simulations_rows import (
    FIELDS,
    Action,
    SimulationRow,
    difference,
    packed,
)
from asyncmd_jupyter.jupyter.widgets.simulations_still import table_html, table_text
from asyncmd_jupyter.jupyter.widgets.simulations_words import table_words
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished

HERE = Path(__file__).parent
SCRIPTS = (
    *("format", "rows", "dialog", "details", "tools"),
    *("line", "widths", "grid", "keys", "table"),
)
ROWS_PER_MESSAGE = 250


class SimulationWidget(PageWidget):
    """The browser's half: rows arrive as custom messages, what is pressed goes back."""

    _esm = front_end(*(f"simulations_{name}" for name in SCRIPTS))
    _css = HERE / "simulations.css"
    page_tells = (*PageWidget.page_tells, "layout_chosen")
    words = traitlets.Dict().tag(sync=True)
    fields = traitlets.List(list(FIELDS)).tag(sync=True)
    caption = traitlets.Unicode("").tag(sync=True)
    layout_chosen = traitlets.Dict().tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)


class SimulationTable(LiveView):
    """All simulations with what each does, live; thousands of them are no burden.

    Only fields that changed are sent, and never more than `bytes_per_second` of them.

    Parameters
    ----------
    runs : callable
        Gives the runs that are shown, one row for each of their walkers.
    jobs : JobSource
        Usually the current `JobManager`.
    campaign : str, optional
        Leave out runs of other campaigns.
    final : callable, optional
        Says that no row will change any more.
    started : callable, optional
        Is told of runs that a button has started.
    events : EventBus, optional
        Where to listen; the current runtime's by default.
    """

    kinds = (JobChanged, RunChanged, RunFinished)
    bytes_per_second: ClassVar[float] = 16_000.0

    def __init__(
        self,
        runs: Callable[[], Iterable[RunLike]],
        jobs: JobSource,
        *,
        campaign: str | None = None,
        final: Callable[[], bool] = lambda: False,
        started: Callable[[RunLike], object] = lambda run: None,
        events: EventBus | None = None,
    ) -> None:
        super().__init__(events)
        self._book = SimulationBook(runs, jobs.records, campaign)
        self._final = final
        self._started = started
        self._words = table_words()
        self._has_listener = False
        self._worked = 0.0
        self._sent = 0
        caption = self._words["simulations"] + (f": {campaign}" if campaign else "")
        self._widget = SimulationWidget(words=self._words, caption=caption)
        self._opened = OpenedRow(self._book, self._widget.send)
        self._widget.on_msg(self._on_message)
        self._widget.observe(lambda _: self.page_came(), "in_page")

    @property
    def widget(self) -> Any:
        """The anywidget that is shown."""
        return self._widget

    def rows(self) -> list[SimulationRow]:
        """Return what the table has shown last."""
        return list(self._book.rows.values())

    def is_final(self) -> bool:
        """Whether nothing will change any more."""
        return self._final()

    def concerns(self, event: Any) -> bool:
        """Remember which run changed; those of other campaigns do not matter."""
        if isinstance(event, JobChanged):
            run_id = self._book.mark_job(event.record)
            return run_id is not None and self._book.is_shown(run_id)
        self._book.mark(event.run_id)
        return self._book.is_shown(event.run_id)

    async def refresh(self) -> None:
        """Send what changed."""
        breather = Breather()
        changes = await self._book.update(breather)
        if self._has_listener:
            await self._send_changes(changes, breather)
        self._worked = breather.worked

    def text(self) -> str:
        """Return counts and the first rows as plain text."""
        return table_text(*self._still_rows())

    def html(self) -> str:
        """Return counts and the first rows as HTML without scripts."""
        return table_html(*self._still_rows())

    def show_error(self, message: str) -> None:
        """Say above the rows what went wrong."""
        self._widget.problem = message

    def close(self) -> None:
        """Stop to follow; what is shown stays."""
        self._opened.close()
        super().close()

    def _wake(self) -> None:
        """Follow again what a button has started after the end."""
        if self._task is not None and self._task.done() and self._unsubscribe is None:
            self._unsubscribe = self._events.subscribe(self._on_event, *self.kinds)
        super()._wake()

    async def _pause(self, spent: float) -> None:
        """Wait as long as the work took others, and until what was sent is digested."""
        await super()._pause(min(spent, self._worked))
        sent, self._sent = self._sent, 0
        if not self.is_final():
            await asyncio.sleep(max(0.0, sent / self.bytes_per_second - self.interval))

    def _still_rows(self) -> tuple[list[SimulationRow], dict[str, Any], int]:
        rows, left = (self.rows(), 0) if self._book.rows else self._book.first_rows()
        return rows, self._words, left

    async def _send_changes(self, changes: Changes, breather: Breather) -> None:
        if changes.gone:
            self._send({"kind": "gone", "numbers": changes.gone})
        await self._send_rows(list(changes.new), breather)
        if changes.changed:
            said = [[n, *difference(*rows)] for n, rows in changes.changed.items()]
            self._sent += self._send({"kind": "changes", "changes": said})

    async def _send_rows(self, numbers: Sequence[int], breather: Breather) -> None:
        left = iter(numbers)
        while slice_ := list(islice(left, ROWS_PER_MESSAGE)):
            # Those that went meanwhile are left out, those that changed are sent as they are.
            rows = {n: self._book.rows[n] for n in slice_ if n in self._book.rows}
            self._send({"kind": "rows", **packed(rows)})
            await breather.breathe()

    async def _send_all(self) -> None:
        self._has_listener = True
        total = len(self._book.rows)
        self._send({"kind": "all", "total": total, "now": time.time()})
        await self._send_rows(list(self._book.rows), Breather())

    def _send(self, message: dict[str, Any]) -> int:
        self._widget.send(message)
        return len(json.dumps(message)) if message["kind"] == "changes" else 0

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict):
            return
        kind = content.get("kind")
        if kind == "ready":
            self.run_in_background(self._send_all())
        elif kind == "act":
            self.run_in_background(self._act(content))
        elif kind in ("open", "close"):
            self._opened.on_message(content)

    async def _act(self, content: dict[str, Any]) -> None:
        action = Action[str(content["action"]).upper()]
        numbers = [n for n in content["rows"] if n in self._book.rows]
        self._book.set_trouble(numbers, "")
        await asyncio.gather(*(self._act_on(action, *group) for group in self._by_run(numbers)))

    def _by_run(self, numbers: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
        ordered = sorted(numbers, key=lambda n: self._book.rows[n].run)
        for run_id, group in groupby(ordered, key=lambda n: self._book.rows[n].run):
            yield run_id, list(group)

    async def _act_on(self, action: Action, run_id: str, numbers: list[int]) -> None:
        # Only what the button offered: a row may have ended while a person thought.
        numbers = [n for n in numbers if self._book.rows[n].can & action]
        if not numbers:
            return
        run, _, _ = self._book.place(numbers[0])
        walkers = [self._book.place(number)[2] for number in numbers]
        try:
            if (new := await carry_out(action, run, run.snapshot(), walkers)) is not None:
                self._started(new)
        except Exception as error:
            self._book.set_trouble(numbers, f"{type(error).__name__}: {error}")
        # Each run as soon as it is done, without waiting for the slowest.
        self._book.mark(run_id)
        self.mark_dirty()
