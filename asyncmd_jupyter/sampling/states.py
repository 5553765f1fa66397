"""States as intervals, and what conditions say about a trajectory and why."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.conditions import (
    Bools,
    Condition,
    as_condition,
    as_function,
    condition_name,
)
from asyncmd_jupyter.sampling.evaluation import Evaluation, Joined, Limit, function_ids
from asyncmd_jupyter.sampling.function_id import digest
from asyncmd_jupyter.sampling.functions import TrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.intervals import Interval
from asyncmd_jupyter.sampling.progress import Band

__all__ = [
    "Condition",
    "Examination",
    "Quantity",
    "Within",
    "as_condition",
    "condition_name",
    "evaluation",
    "examinations",
    "examine",
    "examine_all",
    "observables",
    "quantities",
]


def unit_of_period(period: float | None) -> str:
    """The unit of an angle, told by after how much it repeats; empty for anything else."""
    if period is None:
        return ""
    known = (unit for turn, unit in ((360.0, "°"), (math.tau, "rad")) if math.isclose(period, turn))
    return next(known, "")


class Within(Condition):
    """Holds while a function's value lies in an interval, limits included.

    Parameters
    ----------
    function : Callable or TrajectoryFunctionWrapper
        Gives one number per frame, or several of which `column` picks one.
    low, high : float
        Limits; left out for one that is open.
    period : float, optional
        After which values repeat, 360 for an angle in degrees; by default that of the
        function, if it is a `CV` with one. The interval may then reach over the seam:
        ``Within(psi, 120, 200, period=360)`` holds from 120 to 180 and from -180 to -160,
        and so does ``Within(psi, 120, -160, period=360)``.
    column : int, optional
    name : str, optional
    unit : str, optional
        Of the values, for axes and numbers on the screen, such as ``"nm"``. By default what
        the function has as its attribute ``unit``, else what the period says of an angle.

    Raises
    ------
    TypeError
        `function` is none, a limit is no number, or the unit is no text.
    ValueError
        Limits between which nothing can lie.
    """

    _unit: str | None = None

    def __init__(
        self,
        function: Callable[..., Any] | TrajectoryFunctionWrapper,
        low: float = -math.inf,
        high: float = math.inf,
        *,
        period: float | None = None,
        column: int | None = None,
        name: str | None = None,
        unit: str | None = None,
    ) -> None:
        super().__init__(name)
        self._function = as_function(function)
        period = getattr(function, "period", None) if period is None else period
        self._interval = Interval.make(low, high, period)
        if column is not None and (type(column) is not int or column < 0):
            raise TypeError(f"column is a whole number that counts from 0, not {column!r}.")
        if unit is not None and not isinstance(unit, str):
            raise TypeError(f"unit has to be a text such as 'nm', not {unit!r}.")
        self._column = column
        self._unit = unit

    @property
    def function(self) -> TrajectoryFunctionWrapper:
        """The function whose values are compared."""
        return self._function

    @property
    def quantity_name(self) -> str:
        """What a person calls the compared quantity."""
        (limit,) = self.limits()
        return limit.name

    @property
    def interval(self) -> Interval:
        """In which values have to lie."""
        return self._interval

    @property
    def unit(self) -> str:
        """Of the values; empty where nobody has said it."""
        if self._unit is not None:
            return self._unit
        return self._function.unit or unit_of_period(self._interval.period)

    def with_limits(self, low: float = -math.inf, high: float = math.inf) -> Within:
        """The same condition with other limits.

        Raises
        ------
        TypeError, ValueError
            For limits that `Within` would not take either.
        """
        other = copy.copy(self)
        other._interval = Interval.make(low, high, self._interval.period)
        return other

    def functions(self) -> Iterator[TrajectoryFunctionWrapper]:
        """The one function whose values decide."""
        yield self._function

    def judge(self, values_of: Evaluation) -> Bools:
        """Whether each value lies in the interval."""
        (limit,) = self.limits()
        numbers = limit.numbers(values_of(self._function))
        missing = np.isnan(numbers)
        if missing.any():
            raise ValueError(
                f"{limit.name} is NaN in frame {missing.argmax()} ({missing.sum()} of "
                f"{len(numbers)} frames), so nobody can say whether {self.name} holds there. "
                "Let the function give a number for every frame."
            )
        return self._interval.contains(numbers)

    def limits(self, *, inside: bool = True) -> Iterator[Limit]:
        """The interval, or what it leaves out."""
        stretches = self._interval.pieces() if inside else self._interval.gaps()
        yield Limit(self._function, self._column, self._interval, tuple(stretches), self.unit)

    def _get_id_str(self) -> str:
        interval = self._interval
        limits = (interval.low, interval.high, interval.period, self._column)
        return digest("Within", self._function.id, *limits)

    def _describe(self) -> str:
        column = "" if self._column is None else f"[{self._column}]"
        return f"{self._function.name}{column} in {self._interval}"


class Quantity(NamedTuple):
    """What a plot draws: a column of a function and the bands of the conditions on it."""

    name: str
    function: TrajectoryFunctionWrapper
    column: int | None
    bands: tuple[Band, ...]
    unit: str = ""


@dataclass(frozen=True)
class Examination:
    """One condition on one trajectory.

    Attributes
    ----------
    fulfilled : NDArray
        bool, shape (n_frames,).
    observables : Mapping
        Name -> float values, shape (n_frames,), of what the condition compares.
    """

    fulfilled: Bools
    observables: Mapping[str, NDArray[np.float64]]

    def first(self, n_frames: int) -> Examination:
        """The same of only the first frames."""
        observables = {name: values[:n_frames] for name, values in self.observables.items()}
        return Examination(self.fulfilled[:n_frames], observables)


async def examine(condition: Any, traj: Trajectory, *, store: bool = True) -> Examination:
    """Evaluate one condition and what it compares; see `examine_all`."""
    condition = as_condition(condition)
    (examination,) = await examine_all([(condition.name, condition)], traj, store=store)
    return examination


async def examine_all(
    conditions: Sequence[tuple[str, Any]], traj: Trajectory, *, store: bool = True
) -> list[Examination]:
    """Evaluate several conditions on one trajectory, each function behind them only once.

    Parameters
    ----------
    conditions : sequence of (name, condition)
    traj : Trajectory
    store : bool
        False leaves the value caches alone.

    Returns
    -------
    list of Examination
        In the order of the conditions. Quantities have the names that `quantities` gives
        them for the same conditions.

    Raises
    ------
    ValueError
        A condition did not give one bool per frame; names it and what it gave.
    """
    named = [(name, as_condition(condition, name)) for name, condition in conditions]
    return examinations(named, await evaluation(named, traj, store=store))


async def evaluation(
    named: Sequence[tuple[str, Condition]],
    traj: Trajectory,
    *,
    store: bool = True,
    joined: Joined | None = None,
) -> Evaluation:
    """Evaluate the functions behind conditions, each only once."""
    asking = {id(f): name for name, one in reversed(named) for f in one.functions()}
    functions = _functions(named)
    return await Evaluation.of(functions, traj, store=store, conditions=asking, joined=joined)


def examinations(
    named: Sequence[tuple[str, Condition]], values_of: Evaluation
) -> list[Examination]:
    """Give what conditions say, and what they compare; see `examine_all`."""
    groups = [(group, group.numbers(values_of)) for group in _grouped(named, values_of.ids)]
    return [
        Examination(
            condition.judge(values_of),
            {group.name: numbers for group, numbers in groups if index in group.conditions},
        )
        for index, (_, condition) in enumerate(named)
    ]


def observables(condition: Any, name: str | None = None) -> list[Quantity]:
    """What can be drawn of a condition; empty where plain functions give the bools."""
    condition = as_condition(condition, name)
    return quantities([(condition.name, condition)])


def quantities(conditions: Sequence[tuple[str, Condition]]) -> list[Quantity]:
    """What can be drawn of several conditions, each quantity once with all bands on it."""
    ids = function_ids(_functions(conditions))
    return [group.quantity() for group in _grouped(conditions, ids)]


@dataclass
class _Group:
    """The limits of all conditions on one column of one function."""

    name: str
    limits: list[tuple[str, Limit]] = field(default_factory=list)
    conditions: set[int] = field(default_factory=set)

    def quantity(self) -> Quantity:
        bands = tuple(
            Band(name, low, high, limit.interval.period)
            for name, limit in self.limits
            for low, high in limit.stretches
        )
        first = self.limits[0][1]
        unit = next((limit.unit for _, limit in self.limits if limit.unit), "")
        return Quantity(self.name, first.function, first.column, bands, unit)

    def numbers(self, values_of: Evaluation) -> NDArray[np.float64]:
        """The values; angles where the bands are."""
        first = self.limits[0][1]
        numbers = first.numbers(values_of(first.function))
        if len({limit.interval.period for _, limit in self.limits}) == 1:
            return first.interval.wrap(numbers)
        return numbers


def _functions(
    conditions: Sequence[tuple[str, Condition]],
) -> Iterator[TrajectoryFunctionWrapper]:
    for _, condition in conditions:
        yield from condition.functions()


def _grouped(conditions: Sequence[tuple[str, Condition]], ids: dict[int, str]) -> list[_Group]:
    groups: dict[tuple[str, int | None], _Group] = {}
    for index, (name, condition) in enumerate(conditions):
        for limit in condition.limits():
            key = (ids[id(limit.function)], limit.column)
            group = groups.setdefault(key, _Group(limit.name))
            group.limits.append((name, limit))
            group.conditions.add(index)
    _make_unique(list(groups.values()))
    return list(groups.values())


def _make_unique(groups: Sequence[_Group]) -> None:
    names = [group.name for group in groups]
    for index, group in enumerate(groups):
        if earlier := names[:index].count(group.name):
            group.name = f"{group.name} ({earlier + 1})"
