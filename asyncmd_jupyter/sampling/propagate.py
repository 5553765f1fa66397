"""Propagation until conditions hold, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.engines.command import CommandEngine, check_walltime
from asyncmd_jupyter.errors import EngineError, MaxStepsReachedError
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.live import LiveLook, follow
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.states import (
    Condition,
    Examination,
    Quantity,
    as_condition,
    examine_all,
    quantities,
)
from asyncmd_jupyter.sampling.stop import Decision, stop_rule


class ConditionalTrajectoryPropagator:
    """Propagates until any or all of some conditions hold.

    The MD is computed in parts. While a part is being computed its new frames are looked
    at, and it is stopped as soon as the conditions hold; the result ends with the first
    frame on which they do.

    Parameters
    ----------
    conditions : list
        Functions of a `Trajectory` that give one bool for each frame: trajectory function
        wrappers, coroutine functions or plain functions.
    engine_cls : type
        Class of the engine.
    engine_kwargs : Mapping
        Arguments for making one.
    walltime_per_part : float
        Hours.
    max_steps : int, optional
        MD steps after which it is given up.
    max_frames : int, optional
        The same in frames; `max_steps` wins where both are given.
    mode : str
        ``any``: stop at the first frame that fulfils at least one condition. ``all``: at
        the first that fulfils all of them together.
    observer : PropagationObserver, optional
        Is told what happens.

    Raises
    ------
    TypeError
        If a condition can't be called.
    ValueError
        For a limit that is not positive, no conditions, or an unknown mode.
    """

    def __init__(
        self,
        conditions: Sequence[Any],
        *,
        engine_cls: type[MDEngine],
        engine_kwargs: Mapping[str, Any],
        walltime_per_part: float,
        max_steps: int | None = None,
        max_frames: int | None = None,
        mode: str = "any",
        observer: PropagationObserver | None = None,
    ) -> None:
        self.conditions = list(conditions)
        self.engine_cls = engine_cls
        self.engine_kwargs = dict(engine_kwargs)
        check_walltime(walltime_per_part)
        self.walltime_per_part = walltime_per_part
        self.max_steps = _limit("max_steps", max_steps)
        self.max_frames = _limit("max_frames", max_frames)
        self._rule = stop_rule(mode)
        self._observer = observer or PropagationObserver()
        self.job_tags: Mapping[str, str] = {}
        self._make_engine: Callable[[], MDEngine] = self._engine_of_class

    @classmethod
    def from_engine(
        cls, engine: MDEngine, conditions: Sequence[Any], *, index: int = 0, **parameters: Any
    ) -> Self:
        """Propagate with clones of an engine, which is not touched.

        Parameters
        ----------
        engine : MDEngine
        conditions : list
        index : int
            Of the clone: walkers with different indices get different random numbers.
        **parameters
            The other parameters of the class.
        """
        made = cls(conditions, engine_cls=type(engine), engine_kwargs={}, **parameters)
        made._make_engine = lambda: engine.clone(index)
        return made

    @property
    def conditions(self) -> list[Any]:
        """The conditions, in the order of the indices in results."""
        return list(self._given)

    @conditions.setter
    def conditions(self, conditions: Sequence[Any]) -> None:
        if not len(conditions):
            raise ValueError("conditions is empty: nothing would ever end the propagation.")
        made = [as_condition(condition) for condition in conditions]
        self._given = list(conditions)
        self._conditions = named_apart(made)

    @property
    def condition_names(self) -> tuple[str, ...]:
        """Names of the conditions, told apart where functions have the same one."""
        return tuple(name for name, _ in self._conditions)

    @property
    def quantities(self) -> list[Quantity]:
        """What the conditions compare, for plots."""
        return quantities(self._conditions)

    async def propagate(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        continuation: bool = False,
    ) -> tuple[list[Trajectory], int]:
        """Propagate from the first frame of a configuration.

        Parameters
        ----------
        starting_configuration : Trajectory, path or None
        workdir : path
            Existing folder for the parts.
        deffnm : str
            What their names begin with.
        continuation : bool
            Go on with what is in the folder, whatever ended it; without parts there it
            starts afresh.

        Returns
        -------
        list of Trajectory
            All parts; only the start, if it fulfils the conditions.
        int
            Index of the condition that decided.

        Raises
        ------
        MaxStepsReachedError
            The limit came first; the parts stay.
        ValueError
            If a condition gives anything but one bool for each frame.
        """
        engine = self._new_engine()
        limit = self.step_limit(engine)
        parts = await self._parts_on_disk(engine, workdir, deffnm) if continuation else None
        if parts is None:
            decision = await self._look_at_start(starting_configuration)
            if decision is not None and isinstance(starting_configuration, Trajectory):
                return [starting_configuration], decision.condition
            await engine.prepare(starting_configuration, workdir, deffnm)
        return await self._propagate(engine, limit, parts or [])

    async def cut_and_concatenate(
        self, trajs: Sequence[Trajectory], tra_out: str | PathLike[str], **concatenate_kwargs: Any
    ) -> tuple[Trajectory, int]:
        """Join parts up to and with the first frame on which the conditions hold.

        Parameters
        ----------
        trajs : list of Trajectory
        tra_out : path
            Appears by rename when it is complete.
        **concatenate_kwargs
            For `TrajectoryConcatenator.concatenate`, such as ``overwrite=True``.

        Raises
        ------
        ValueError
            If the conditions hold nowhere.
        """
        for number, trajectory in enumerate(trajs):
            decision = self._rule.first(_flags(await self._examine(trajectory)))
            if decision is not None:
                slices = [(None, None, 1)] * number + [(None, decision.frame + 1, 1)]
                joined = await TrajectoryConcatenator().concatenate_async(
                    list(trajs[: number + 1]), slices, tra_out, **concatenate_kwargs
                )
                return joined, decision.condition
        names = ", ".join(name for name, _ in self._conditions)
        raise ValueError(f"{self._rule.mode} of {names}: holds in no frame of {list(trajs)}.")

    async def propagate_and_concatenate(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        tra_out: str | PathLike[str],
        continuation: bool = False,
        **concatenate_kwargs: Any,
    ) -> tuple[Trajectory, int]:
        """Both in a row; see `propagate` and `cut_and_concatenate`."""
        parts, _ = await self.propagate(
            starting_configuration, workdir, deffnm, continuation=continuation
        )
        return await self.cut_and_concatenate(parts, tra_out, **concatenate_kwargs)

    def _new_engine(self) -> MDEngine:
        engine = self._make_engine()
        if isinstance(engine, CommandEngine):
            engine.job_tags = self.job_tags
        return engine

    def _engine_of_class(self) -> MDEngine:
        return self.engine_cls(**self.engine_kwargs)

    async def join_all(
        self,
        workdir: str | PathLike[str],
        deffnm: str,
        tra_out: str | PathLike[str],
        **concatenate_kwargs: Any,
    ) -> Trajectory:
        """Join all parts in a folder, whether or not the conditions hold anywhere."""
        parts = await self._parts_on_disk(self._new_engine(), workdir, deffnm) or []
        slices = [(None, None, 1)] * len(parts)
        return await TrajectoryConcatenator().concatenate_async(
            parts, slices, tra_out, **concatenate_kwargs
        )

    async def check(self, starting_configuration: StartingConfiguration) -> None:
        """Evaluate the conditions on a start, so that bad ones are known before any MD."""
        await self._look_at_start(starting_configuration)

    def step_limit(self, engine: MDEngine) -> int | None:
        """MD steps after which it is given up, a multiple of the engine's `nstout`."""
        if self.max_steps is None:
            return None if self.max_frames is None else self.max_frames * engine.nstout
        whole = self.max_steps // engine.nstout * engine.nstout
        if whole == 0:
            raise ValueError(
                f"max_steps={self.max_steps} is less than nstout={engine.nstout}: no frame would "
                "be written. Give more steps."
            )
        return whole

    async def _parts_on_disk(
        self, engine: MDEngine, workdir: str | PathLike[str], deffnm: str
    ) -> list[Trajectory] | None:
        try:
            await engine.prepare_from_files(workdir, deffnm)
        except FileNotFoundError:
            return None
        return await engine.trajectory_parts()

    async def _look_at_start(self, start: StartingConfiguration) -> Decision | None:
        # Also shows a condition that is no condition before any MD is computed.
        if not isinstance(start, Trajectory):
            return None
        seen = await self._examine(start)
        return self._rule.first([flags[:1] for flags in _flags(seen)])

    async def _propagate(
        self, engine: MDEngine, limit: int | None, parts: list[Trajectory]
    ) -> tuple[list[Trajectory], int]:
        decision = await self._first_decision(parts)
        going_on = bool(parts)
        while decision is None:
            trajectory, last = await self._next_part(engine, limit)
            if going_on:
                # To go on, the engine cuts off what lay behind its last checkpoint.
                parts = await engine.trajectory_parts()
                decision, going_on = await self._first_decision(parts), False
            elif trajectory is not None:
                parts = [*parts, trajectory]
                decision = await self._decide(len(parts), trajectory)
            if decision is None and last:
                raise MaxStepsReachedError(self._given_up(engine, limit))
        return parts, decision.condition

    async def _first_decision(self, parts: Sequence[Trajectory]) -> Decision | None:
        for number, part in enumerate(parts):
            if decision := await self._decide(number + 1, part):
                return decision
        return None

    async def _decide(self, number: int, trajectory: Trajectory) -> Decision | None:
        examinations = await self._examine(trajectory)
        self._observer.part_finished(number, trajectory)
        times = trajectory.frame_table().times
        self._observer.examined(number, times, examinations, live=False)
        return self._rule.first(_flags(examinations))

    async def _examine(self, trajectory: Trajectory) -> list[Examination]:
        await trajectory.prepare()
        return await examine_all(self._conditions, trajectory)

    async def _next_part(
        self, engine: MDEngine, limit: int | None
    ) -> tuple[Trajectory | None, bool]:
        """The part, if it has frames, and whether it was the last one."""
        if not isinstance(engine, CommandEngine):
            made = await engine.run_walltime(self.walltime_per_part, max_steps=limit)
            return made, made is None
        part = engine.running_part
        if part is None and limit is not None and engine.steps_done >= limit:
            return None, True
        if part is None:
            part = await engine.start_part(nsteps=limit, walltime=self.walltime_per_part)
        if part is None:
            return None, True
        self._observer.part_started(part)
        end = await follow(part, LiveLook(part, self._live(), self._rule, self._observer))
        last = limit is not None and end.steps_done >= limit
        return end.trajectory, last

    def _live(self) -> list[tuple[str, Condition]]:
        whole = any(
            getattr(condition, "needs_whole_part", False) for _, condition in self._conditions
        )
        return [] if whole else self._conditions

    def _given_up(self, engine: MDEngine, limit: int | None) -> str:
        names = ", ".join(name for name, _ in self._conditions)
        return (
            f"None of the conditions ({names}) held within {limit} steps "
            f"({engine.time_done:g} ps). The parts are on disk: go on with a higher max_steps and "
            "continuation=True."
        )


TrajectoryPropagatorUntilAnyState = ConditionalTrajectoryPropagator


def named_apart(conditions: Sequence[Condition]) -> list[tuple[str, Condition]]:
    """Conditions with names of which no two are the same."""
    names = [condition.name for condition in conditions]
    counts = [names[: index + 1].count(name) for index, name in enumerate(names)]
    apart = [f"{n} ({count})" if count > 1 else n for n, count in zip(names, counts, strict=True)]
    return list(zip(apart, conditions, strict=True))


def _flags(examinations: Sequence[Examination]) -> list[NDArray[np.bool_]]:
    return [examination.fulfilled for examination in examinations]


def _limit(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}={value!r} has to be a whole number.")
    if value < 1:
        raise ValueError(f"{name}={value!r} has to be at least 1.")
    return int(value)


__all__ = [
    "ConditionalTrajectoryPropagator",
    "EngineError",
    "MaxStepsReachedError",
    "TrajectoryPropagatorUntilAnyState",
]
