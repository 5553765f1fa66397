"""What ends a run that is started from a frame: fields for its conditions and its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ipywidgets

from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.run import Runs
from asyncmd_jupyter.sampling.run_length import chosen_steps
from asyncmd_jupyter.sampling.run_spec import RunSpec

MODES = (("any of these holds", "any"), ("all of these hold", "all"))
LABEL_WIDTH = "104px"
_MOST_OFFERED = 12


class ConditionChoice:
    """Conditions to tick: those of the run, then those of other runs of the kernel.

    Parameters
    ----------
    changed : callable
        Called when others are ticked.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._offered: list[tuple[ipywidgets.Checkbox, Condition]] = []
        self._mode = ipywidgets.Dropdown(
            options=MODES,
            description="Until",
            layout=ipywidgets.Layout(width="270px"),
            style={"description_width": LABEL_WIDTH},
        )
        self._mode.observe(lambda _: changed(), "value")
        self._boxes = ipywidgets.HBox(
            layout=ipywidgets.Layout(
                flex_flow="row wrap", flex="1 1 300px", min_width="0", margin="0 0 0 10px"
            )
        )
        self.widget = ipywidgets.HBox(
            [self._mode, self._boxes],
            layout=ipywidgets.Layout(flex_flow="row wrap", width="100%", align_items="center"),
        )

    @property
    def until(self) -> tuple[Condition, ...]:
        """Those that are ticked."""
        return tuple(condition for box, condition in self._offered if box.value)

    @property
    def mode(self) -> str:
        """Whether any or all of them have to hold."""
        return str(self._mode.value)

    def offer(self, spec: RunSpec) -> None:
        """Offer those of a run, which are ticked, and those of others."""
        own = [(condition.name, condition, True) for condition in spec.until]
        self._mode.value = spec.mode
        self._offered = [
            (self._box(label, ticked), condition)
            for label, condition, ticked in (*own, *_of_others(spec))
        ][:_MOST_OFFERED]
        self._boxes.children = [box for box, _ in self._offered] or [
            ipywidgets.Label("no condition is known here: it does a fixed length")
        ]

    def _box(self, label: str, ticked: bool) -> ipywidgets.Checkbox:
        box = ipywidgets.Checkbox(
            ticked,
            description=label,
            indent=False,
            layout=ipywidgets.Layout(width="auto", margin="0 16px 0 0"),
        )
        box.observe(lambda _: self._changed(), "value")
        return box


def _of_others(spec: RunSpec) -> Iterator[tuple[str, Condition, bool]]:
    """Conditions of other runs by other names, the newest first."""
    known = {condition.name for condition in spec.until}
    for run in reversed(Runs.current().all()):
        for condition in run.spec.until:
            if condition.name not in known:
                known.add(condition.name)
                yield f"{condition.name} (of {run.id})", condition, False


class LimitChoice:
    """When walkers give up, or, without conditions, how long they run."""

    def __init__(self) -> None:
        self._value = ipywidgets.Text(
            description="Give up after",
            placeholder="no limit",
            continuous_update=False,
            layout=ipywidgets.Layout(width="240px"),
            style={"description_width": LABEL_WIDTH},
        )
        self._unit = ipywidgets.Dropdown(
            options=("ps", "steps"), layout=ipywidgets.Layout(width="80px")
        )
        self.fields: Sequence[Any] = (self._value, self._unit)
        self.widget = ipywidgets.HBox([self._value, self._unit])

    def offer(self, spec: RunSpec) -> None:
        """Begin with that of a run."""
        engine, steps = spec.engine, spec.max_steps
        has_time = bool(getattr(engine, "has_fixed_dt", False))
        self._unit.options = ("ps", "steps") if has_time else ("steps",)
        self._unit.value = "ps" if has_time else "steps"
        known = None if steps is None else steps * engine.dt if has_time else steps
        self._value.value = "" if known is None else f"{known:.12g}"

    def fit(self, *, has_conditions: bool) -> None:
        """Say what the number means."""
        self._value.description = "Give up after" if has_conditions else "Length"
        self._value.placeholder = "no limit" if has_conditions else "needed"

    def steps(self, spec: RunSpec, *, has_conditions: bool) -> int | None:
        """The limit in MD steps.

        Raises
        ------
        ValueError, TypeError
            It is not a number, or not one that is possible.
        """
        name = f"{'max_' if has_conditions else ''}{self._unit.value}"
        given = {name: self._number(self._value.value.strip())}
        return chosen_steps(spec.engine, given, has_conditions=has_conditions, shown=self._shown)

    def _number(self, text: str) -> float | None:
        try:
            return float(text.replace(",", "")) if text else None
        except ValueError:
            raise ValueError(
                f"{self._value.description} {text!r} is not a number of {self._unit.value}."
            ) from None

    def _shown(self, name: str, value: Any) -> str:
        what = "a limit" if name.startswith("max_") else "a length"
        unit = "ps" if name.endswith("ps") and not name.endswith("steps") else "steps"
        return f"{what} in {unit}" if value is None else f"{self._value.description} {value:g}"
