"""The values of the functions behind conditions, each computed once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter import runtime
from asyncmd_jupyter.background import Ending
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.function_values import Values
from asyncmd_jupyter.sampling.functions import TrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.intervals import Interval
from asyncmd_jupyter.triage.raised import blame


@dataclass(frozen=True)
class Joined:
    """The frames of a trajectory behind those of the parts before it, in one trajectory.

    Attributes
    ----------
    trajectory : Trajectory
    n_earlier : int
        Frames of the parts before it.
    """

    trajectory: Trajectory
    n_earlier: int


@dataclass(frozen=True)
class Evaluation:
    """The values of several functions on one trajectory.

    Attributes
    ----------
    ids : dict
        ``id()`` of a wrapper -> its function id; each is determined only once.
    values : dict
        Function id -> values.
    earlier : dict
        Function id -> values of the frames before it, of functions that are given these.
    """

    ids: dict[int, str]
    values: dict[str, Values]
    earlier: dict[str, Values] = field(default_factory=dict)

    @classmethod
    async def of(
        cls,
        functions: Iterable[TrajectoryFunctionWrapper],
        traj: Trajectory,
        *,
        store: bool,
        conditions: Mapping[int, str] | None = None,
        joined: Joined | None = None,
    ) -> Evaluation:
        """Evaluate each function once, all of them side by side.

        Parameters
        ----------
        functions : iterable of TrajectoryFunctionWrapper
        traj : Trajectory
        store : bool
        conditions : Mapping, optional
            ``id()`` of a wrapper -> name of the condition that asks, for errors.
        joined : Joined, optional
            What functions are given that need earlier frames.
        """
        asking = conditions or {}
        wanted = list(functions)
        ids = await asyncio.to_thread(function_ids, wanted)
        distinct = {ids[id(function)]: function for function in wanted}
        looking_back = {
            key
            for key, function in distinct.items()
            if joined is not None and function.needs_earlier_frames
        }

        def evaluated(key: str, function: TrajectoryFunctionWrapper) -> Coroutine[Any, Any, Values]:
            asks = asking.get(id(function), "")
            if joined is not None and key in looking_back:
                # These frames are never asked about again.
                return _evaluated(function, joined.trajectory, store=False, asks=asks)
            return _evaluated(function, traj, store=store, asks=asks)

        tasks = {key: runtime.start(evaluated(key, one)) for key, one in distinct.items()}
        async with Ending(*tasks.values()):
            await asyncio.gather(*tasks.values())  # raises what the first one that failed says
        values = {key: task.result() for key, task in tasks.items()}
        n_earlier = 0 if joined is None else joined.n_earlier
        earlier = {key: values[key][:n_earlier] for key in looking_back}
        values |= {key: values[key][n_earlier:] for key in looking_back}
        return cls(ids, values, earlier)

    def __call__(self, function: TrajectoryFunctionWrapper) -> Values:
        """The values of a function."""
        return self.values[self.ids[id(function)]]


async def _evaluated(
    function: TrajectoryFunctionWrapper, traj: Trajectory, *, store: bool, asks: str
) -> Values:
    try:
        return await function.evaluate(traj, store=store)
    except Exception as error:
        more = "" if asks in ("", function.name) else f" (function {function.name})"
        blame(error, f"condition {asks}{more}" if asks else f"function {function.name}")
        raise


def function_ids(functions: Iterable[TrajectoryFunctionWrapper]) -> dict[int, str]:
    """``id()`` of each wrapper -> its function id."""
    distinct = {id(function): function for function in functions}
    return {key: function.id for key, function in distinct.items()}


@dataclass(frozen=True)
class Limit:
    """An interval on a column of a function, as stretches that can be drawn."""

    function: TrajectoryFunctionWrapper
    column: int | None
    interval: Interval
    stretches: tuple[tuple[float, float], ...]
    unit: str = ""

    @property
    def name(self) -> str:
        """What a person calls the quantity."""
        return self.function.name + ("" if self.column is None else f"[{self.column}]")

    def numbers(self, values: Values) -> NDArray[np.float64]:
        """The column as floats.

        Raises
        ------
        ValueError
            The values have no such column or are no real numbers.
        """
        if values.dtype.kind not in "iuf":
            raise ValueError(
                f"{self.function.name} gives {values.dtype}, which can't be compared with limits; "
                "a function that gives bools is a condition by itself."
            )
        if self.column is None and values.ndim == 1:
            return values.astype(np.float64)
        if self.column is not None and values.ndim == 2 and self.column < values.shape[1]:
            return values[:, self.column].astype(np.float64)
        how = "no column" if self.column is None else f"column={self.column}"
        raise ValueError(
            f"{self.function.name} gives an array of shape {values.shape}, from which Within "
            f"with {how} can't take one number per frame. Say column=0 for the first of "
            "several columns, and no column where there is one number per frame."
        )
