"""What every condition can do, and how conditions combine."""

from __future__ import annotations

import copy
import inspect
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.evaluation import Evaluation, Limit
from asyncmd_jupyter.sampling.function_id import digest
from asyncmd_jupyter.sampling.functions import (
    PyTrajectoryFunctionWrapper,
    TrajectoryFunctionWrapper,
)

Bools = NDArray[np.bool_]


class Condition(TrajectoryFunctionWrapper):
    """One bool per frame. Conditions combine with ``&``, ``|`` and ``~``.

    Only the functions behind a condition are evaluated and remembered; the verdict is
    drawn from their values each time.
    """

    parts: tuple[Condition, ...] = ()  # what it is combined of

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self._name = name

    @property
    def name(self) -> str:
        """The name that was given, or else one that says what the condition is."""
        return self._name or self._describe()

    def renamed(self, name: str) -> Condition:
        """The same condition under another name."""
        other = copy.copy(self)
        other._name = name
        return other

    def with_parts(self, parts: Sequence[Condition]) -> Condition:
        """The same combination of other conditions."""
        other = copy.copy(self)
        other.parts = tuple(parts)
        return other

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """Always empty: arguments belong to the function behind a condition."""
        return {}

    @call_kwargs.setter
    def call_kwargs(self, value: dict[str, Any]) -> None:
        if value != {}:
            raise TypeError(f"{self.name} is a condition: set call_kwargs on its function.")

    @property
    def needs_whole_part(self) -> bool:
        """Whether any function behind it needs all frames of a part at once."""
        return any(function.needs_whole_part for function in self.functions())

    @property
    def needs_earlier_frames(self) -> bool:
        """Whether any function behind it judges frames by earlier ones."""
        return any(function.needs_earlier_frames for function in self.functions())

    @abstractmethod
    def functions(self) -> Iterator[TrajectoryFunctionWrapper]:
        """The functions whose values decide."""

    @abstractmethod
    def judge(self, values_of: Evaluation) -> Bools:
        """The verdict on each frame, given the values of the functions."""

    def limits(self, *, inside: bool = True) -> Iterator[Limit]:
        """The intervals in which the condition (or its opposite) holds, where it has any."""
        yield from ()

    async def evaluate(self, traj: Trajectory, *, store: bool = True) -> Bools:
        """One bool per frame; with ``store=False`` the caches are left alone."""
        return self.judge(await Evaluation.of(self.functions(), traj, store=store))

    @abstractmethod
    def _describe(self) -> str:
        """Name of a condition that was given none."""

    async def _get_values_for_trajectory(self, traj: Trajectory) -> Bools:
        return await self.evaluate(traj)

    def __and__(self, other: Any) -> Condition:
        return _Combined("and", [self, as_condition(other)])

    def __rand__(self, other: Any) -> Condition:
        return _Combined("and", [as_condition(other), self])

    def __or__(self, other: Any) -> Condition:
        return _Combined("or", [self, as_condition(other)])

    def __ror__(self, other: Any) -> Condition:
        return _Combined("or", [as_condition(other), self])

    def __invert__(self) -> Condition:
        return _Not(self)

    def __repr__(self) -> str:
        own = self._describe()
        return f"<condition {own}>" if self.name == own else f"<condition {self.name}: {own}>"


def as_condition(value: Any, name: str | None = None) -> Condition:
    """A condition out of a condition, a wrapper or any function, synchronous or not.

    Raises
    ------
    TypeError
        For anything else, such as the values of a function instead of the function.
    """
    if isinstance(value, Condition):
        return value if name is None else value.renamed(name)
    return _FromFunction(as_function(value, wanted="condition"), name)


def condition_name(value: Any) -> str:
    """What a person calls a condition: its own name or that of its function."""
    return as_condition(value).name


def as_function(value: Any, *, wanted: str = "function") -> TrajectoryFunctionWrapper:
    """A wrapper as it is, any other callable wrapped."""
    if isinstance(value, TrajectoryFunctionWrapper):
        return value
    if callable(value):
        return PyTrajectoryFunctionWrapper(value)
    if inspect.iscoroutine(value):
        value.close()
        raise TypeError(
            f"{value.__name__}(…) is the call of a function; give the {wanted} itself, "
            f"{value.__name__} without the call."
        )
    text = repr(value)
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    raise TypeError(
        f"A {wanted} has to be a function that takes a trajectory, not {shown} of type "
        f"{type(value).__name__}."
    )


class _FromFunction(Condition):
    """A function that gives the bools itself."""

    def __init__(self, function: TrajectoryFunctionWrapper, name: str | None) -> None:
        super().__init__(name)
        self._function = function

    def functions(self) -> Iterator[TrajectoryFunctionWrapper]:
        yield self._function

    def judge(self, values_of: Evaluation) -> Bools:
        values = values_of(self._function)
        if values.dtype != np.bool_ or values.ndim != 1:
            raise ValueError(
                f"The condition {self.name} has to give one bool per frame, an array of dtype "
                f"bool and shape (n_frames,), but gave dtype {values.dtype} and shape "
                f"{values.shape}. Compare the values (values > 0), or use "
                f"Within({self._function.name}, low, high)."
            )
        return values

    def _get_id_str(self) -> str:
        return self._function.id

    def _describe(self) -> str:
        return self._function.name


class _Combined(Condition):
    """All or any of several conditions."""

    def __init__(self, word: str, parts: Sequence[Condition]) -> None:
        super().__init__()
        self._word = word
        self.parts = tuple(parts)

    def functions(self) -> Iterator[TrajectoryFunctionWrapper]:
        for part in self.parts:
            yield from part.functions()

    def judge(self, values_of: Evaluation) -> Bools:
        combine = np.logical_and if self._word == "and" else np.logical_or
        return np.asarray(combine.reduce([part.judge(values_of) for part in self.parts]))

    def limits(self, *, inside: bool = True) -> Iterator[Limit]:
        for part in self.parts:
            yield from part.limits(inside=inside)

    def _get_id_str(self) -> str:
        return digest(self._word, *(part.id for part in self.parts))

    def _describe(self) -> str:
        return f"({f' {self._word} '.join(part.name for part in self.parts)})"


class _Not(Condition):
    """The opposite of a condition."""

    def __init__(self, part: Condition) -> None:
        super().__init__()
        self.parts = (part,)

    def functions(self) -> Iterator[TrajectoryFunctionWrapper]:
        yield from self.parts[0].functions()

    def judge(self, values_of: Evaluation) -> Bools:
        return ~self.parts[0].judge(values_of)

    def limits(self, *, inside: bool = True) -> Iterator[Limit]:
        yield from self.parts[0].limits(inside=not inside)

    def _get_id_str(self) -> str:
        return digest("not", self.parts[0].id)

    def _describe(self) -> str:
        return f"not {self.parts[0].name}"
