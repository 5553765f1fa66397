"""Fields for the limits of conditions, under a plot."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets

from asyncmd_jupyter.jupyter.widgets.words import escape
from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.edited import edited, intervals
from asyncmd_jupyter.sampling.states import Within

Place = tuple[str, int]
Edits = Mapping[Place, tuple[float, float]]
EDIT, HIDE = "Edit conditions", "Hide the limits of conditions"
QUIET = 0.4  # seconds without a keystroke after which a number counts as written
_ERROR = "color:var(--jp-error-color1,#d32f2f)"


@dataclass(frozen=True)
class _Row:
    place: Place
    condition: Condition
    before: tuple[float, float]
    low: Any
    high: Any

    def limits(self) -> tuple[float, float]:
        """Read the fields; raises ValueError with words for the user."""
        low = _number(self.low, -math.inf)
        high = _number(self.high, math.inf)
        edited(self.condition, {self.place[1]: (low, high)})
        return low, high


class ConditionEditor:
    """A button that shows two fields for each interval of the conditions, or hides them.

    Parameters
    ----------
    conditions : sequence of Condition
        With names of which no two are the same.
    changed : callable
        Is called with the edits a moment after the last keystroke, from the event loop.
    """

    def __init__(self, conditions: Sequence[Condition], changed: Callable[[Edits], object]) -> None:
        self._changed = changed
        self._timer: asyncio.TimerHandle | None = None
        self._rows = [row for condition in conditions for row in _rows(condition)]
        self._problem = ipywidgets.HTML()
        self._reset = ipywidgets.Button(
            description="As they were", tooltip="Take all changes back", disabled=True
        )
        self._reset.on_click(self._take_back)
        for field in (field for row in self._rows for field in (row.low, row.high)):
            field.observe(self._typed, "value")
        lines = [_line(row) for row in self._rows]
        self._box = ipywidgets.VBox([*lines, self._problem, self._reset])
        # An Accordion of ipywidgets can't be opened by keys.
        self._opener = ipywidgets.Button(
            layout=ipywidgets.Layout(width="auto", align_self="flex-start")
        )
        self._opener.on_click(lambda _: self._show(self._box.layout.display == "none"))
        self._show(False)
        self.widget = ipywidgets.VBox([self._opener, self._box])

    @property
    def is_empty(self) -> bool:
        """Whether no condition has a limit."""
        return not self._rows

    def close(self) -> None:
        """Forget what was typed last."""
        if self._timer is not None:
            self._timer.cancel()

    def _show(self, is_open: bool) -> None:
        self._box.layout.display = "" if is_open else "none"
        self._opener.description = HIDE if is_open else EDIT

    def _typed(self, _change: Any) -> None:
        self.close()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._tell()
        else:
            self._timer = loop.call_later(QUIET, self._tell)

    def _tell(self) -> None:
        edits, problems = self._edits()
        said = "".join(f'<div style="{_ERROR}">{escape(problem)}</div>' for problem in problems)
        self._problem.value = f'<div role="alert">{said}</div>' if said else ""
        self._reset.disabled = not (edits or problems)
        if not problems:
            self._changed(edits)

    def _edits(self) -> tuple[dict[Place, tuple[float, float]], list[str]]:
        edits, problems = {}, []
        for row in self._rows:
            try:
                limits = row.limits()
            except ValueError as error:
                problems.append(f"{row.place[0]}: {error}")
            else:
                if limits != row.before:
                    edits[row.place] = limits
        return edits, problems

    def _take_back(self, _button: Any) -> None:
        for row in self._rows:
            row.low.value, row.high.value = map(_written, row.before)


def _rows(condition: Condition) -> list[_Row]:
    return [_row(condition, place, one) for place, one in enumerate(intervals(condition))]


def _row(condition: Condition, place: int, one: Within) -> _Row:
    before = one.interval.low, one.interval.high
    low, high = (
        _field(limit, f"{word} limit of {one.quantity_name} for {condition.name}")
        for word, limit in zip(("Lower", "Upper"), before, strict=True)
    )
    return _Row((condition.name, place), condition, before, low, high)


def _field(limit: float, name: str) -> Any:
    """Make a field whose name is there for a screen reader, but takes no room."""
    return ipywidgets.Text(
        value=_written(limit),
        placeholder="open",
        description=name,
        tooltip=name,
        style={"description_width": "0px"},
        layout=ipywidgets.Layout(width="7em"),
    )


def _line(row: _Row) -> Any:
    quantity = list(intervals(row.condition))[row.place[1]].quantity_name
    wide = ipywidgets.Layout(min_width="12em")
    return ipywidgets.HBox(
        [
            ipywidgets.Label(f"{row.place[0]}: {quantity} from", layout=wide),
            row.low,
            ipywidgets.Label("to"),
            row.high,
        ]
    )


def _written(limit: float) -> str:
    return "" if math.isinf(limit) else f"{limit:g}"


def _number(field: Any, when_empty: float) -> float:
    text = field.value.strip().replace("\u2212", "-")
    if not text:
        return when_empty
    try:
        number = float(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no number; leave the field empty for an open limit."
        ) from None
    if math.isnan(number):
        raise ValueError(f"{text!r} is no number.")
    return number
