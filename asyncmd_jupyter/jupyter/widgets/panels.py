"""What a plot over time is made of: panels with a title, a unit and a line for each walker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.jupyter.widgets.decimate import Floats
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track
from asyncmd_jupyter.sampling.progress import Band, Observable
from asyncmd_jupyter.sampling.states import unit_of_period

Span = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Line:
    """What one walker gives over time.

    Attributes
    ----------
    place : int
        Of the walker among all of the plot, which decides about its colour and dashes.
    times, values : NDArray
        Times in ps, in order.
    hit : int or None
        Index of the value at which a condition ended the walker.
    reached : tuple of str
        Names of these conditions.
    has_ended : bool
        Whether no more values come.
    """

    place: int
    times: Floats
    values: Floats
    hit: int | None = None
    reached: tuple[str, ...] = ()
    has_ended: bool = False

    def within(self, span: Span) -> slice:
        """Which values are seen in a range of times, and one more on each side."""
        first = int(np.searchsorted(self.times, span[0], "left"))
        stop = int(np.searchsorted(self.times, span[1], "right"))
        return slice(max(0, first - 1), stop + 1)

    def nearest(self, time: float) -> int:
        """Index of the value that is nearest in time.

        Raises
        ------
        IndexError
            Without values.
        """
        if not len(self.times):
            raise IndexError("There are no values.")
        after = min(int(np.searchsorted(self.times, time)), len(self.times) - 1)
        before = max(0, after - 1)
        is_before = abs(self.times[before] - time) <= abs(self.times[after] - time)
        return before if is_before else after


@dataclass(frozen=True, eq=False)
class Panel:
    """One quantity of all walkers.

    Attributes
    ----------
    name : str
    unit : str
        Empty where nobody has said it.
    lines : tuple of Line
        In the order of the walkers; those without such values are left out.
    bands : tuple of Band
        Intervals to be shaded.
    """

    name: str
    unit: str
    lines: tuple[Line, ...]
    bands: tuple[Band, ...] = ()

    @property
    def title(self) -> str:
        """The name with the unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def period(self) -> float | None:
        """After how much the values repeat."""
        return next((band.period for band in self.bands if band.period), None)

    @cached_property
    def by_place(self) -> dict[int, Line]:
        """The lines by the places of their walkers."""
        return {line.place: line for line in self.lines}

    @cached_property
    def stars(self) -> tuple[NDArray[np.int64], Floats, Floats]:
        """Places of the walkers that a condition ended, and times and values there."""
        ended = [(line, line.hit) for line in self.lines if line.hit is not None]
        return (
            np.array([line.place for line, _ in ended], dtype=np.int64),
            np.array([line.times[hit] for line, hit in ended], dtype=np.float64),
            np.array([line.values[hit] for line, hit in ended], dtype=np.float64),
        )

    def seen(self, span: Span) -> list[Floats]:
        """Return the values of all lines in a range of times."""
        return [line.values[line.within(span)] for line in self.lines]


def panels_of(scene: Scene) -> tuple[Panel, ...]:
    """Give the functions behind the conditions, and what else is shown; use a thread."""
    return *(_panel(scene, name) for name in scene.observables), *scene.more


def _panel(scene: Scene, name: str) -> Panel:
    shown = list(scene.of_name(name))
    lines = tuple(_line(place, track, one) for place, track, one in shown)
    bands = scene.bands(name)
    return Panel(name, unit_of([one for *_, one in shown], bands), lines, tuple(bands))


def unit_of(shown: Sequence[Observable], bands: Sequence[Band]) -> str:
    """Return the unit that somebody has said, or that is known from the period of an angle."""
    said = [one.unit for one in shown] + [unit_of_period(band.period) for band in bands]
    return next(filter(None, said), "")


def _line(place: int, track: Track, shown: Observable) -> Line:
    hit = track.hit
    return Line(
        place,
        track.series.times,
        shown.values,
        None if hit is None else hit[0],
        () if hit is None else hit[1],
        track.is_final,
    )
