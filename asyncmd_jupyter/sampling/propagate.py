"""Propagation until conditions hold, part by part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Any

from asyncmd_jupyter.engines.base import (
    MDEngine,
    StartingConfiguration,
    check_kind_of_start,
    known_nstout,
)
from asyncmd_jupyter.engines.files import EngineFiles, checked_files
from asyncmd_jupyter.engines.part import Part
from asyncmd_jupyter.errors import MaxStepsReachedError
from asyncmd_jupyter.files.retrying import in_thread, retried
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.mdanalysis import is_lack_of_data
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.arguments import as_list, check_parts, optional_limit
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.in_parts import InPartsTrajectoryPropagator
from asyncmd_jupyter.sampling.live import LiveLook
from asyncmd_jupyter.sampling.live_comparison import LiveComparison
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.output import check_output
from asyncmd_jupyter.sampling.propagator import (
    TrajectoryPropagator,
    check_draws,
    start_of,
    with_structure_of_parts,
)
from asyncmd_jupyter.sampling.simulation import FinishedPart, Simulation
from asyncmd_jupyter.sampling.states import Condition, Quantity, as_condition, quantities
from asyncmd_jupyter.sampling.stop import Decision, stop_rule
from asyncmd_jupyter.sampling.timeline import first_at_or_after, line_up
from asyncmd_jupyter.sampling.verdicts import (
    Verdicts,
    check_limit,
    given_up,
    in_ps,
    named_apart,
)


class ConditionalTrajectoryPropagator(TrajectoryPropagator):
    """Propagates until any or all of some conditions hold.

    The MD is computed in parts. While a part is being computed its new frames are looked
    at, and it is stopped as soon as the conditions hold; the result ends with the first
    frame on which they do, however the simulation was cut into parts.

    Conditions are asked about frames only, every `nstout` steps. A state that is left before the
    next frame was not reached, and passages seem longer than they are: in a double well with a
    frame every 0.1 ps one of 199.2 ps takes 200.1 ps, one of 3.04 ps 3.24 ps (exact values).

    Parameters
    ----------
    conditions : list
        Functions of a `Trajectory` that give one bool for each frame: trajectory function
        wrappers, coroutine functions or plain functions. One that judges a frame by earlier
        ones has to say so: ``PyTrajectoryFunctionWrapper(function, needs_whole_part=True)``.
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
        max_steps: float | None = None,
        max_frames: float | None = None,
        mode: str = "any",
        observer: PropagationObserver | None = None,
    ) -> None:
        super().__init__(
            engine_cls=engine_cls,
            engine_kwargs=engine_kwargs,
            walltime_per_part=walltime_per_part,
        )
        self.conditions = conditions
        self._max_steps: int | None = None
        self._max_frames: int | None = None
        self.max_steps = max_steps
        self.max_frames = max_frames
        self.mode = mode
        self._observer = observer or PropagationObserver()

    @property
    def conditions(self) -> list[Any]:
        """The conditions, in the order of the indices in results."""
        return list(self._given)

    @conditions.setter
    def conditions(self, conditions: Sequence[Any]) -> None:
        given = as_list("conditions", conditions, "conditions")
        if not given:
            raise ValueError("conditions is empty: nothing would ever end the propagation.")
        self._conditions = named_apart([as_condition(condition) for condition in given])
        self._given = given

    @property
    def max_steps(self) -> float:
        """MD steps after which it is given up: from `max_frames` if that was given, else inf."""
        if self._max_steps is not None:
            return self._max_steps
        if self._max_frames is not None:
            return self._max_frames * self._new_engine().nstout
        return math.inf

    @max_steps.setter
    def max_steps(self, value: float | None) -> None:
        self._max_steps = optional_limit("max_steps", value)

    @property
    def max_frames(self) -> int | None:
        """Frames after which it is given up; `max_steps` wins over it."""
        return self._max_frames

    @max_frames.setter
    def max_frames(self, value: float | None) -> None:
        self._max_frames = optional_limit("max_frames", value)

    @property
    def mode(self) -> str:
        """Whether ``any`` or ``all`` of the conditions have to hold."""
        return self._rule.mode

    @mode.setter
    def mode(self, value: str) -> None:
        self._rule = stop_rule(value)

    @property
    def observer(self) -> PropagationObserver:
        """What is told how the propagation gets on."""
        return self._observer

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
        velocities: str = "keep",
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
            starts afresh. Parts that were begun from another start are refused.
        velocities : str
            ``keep``: those of the start, drawn where it has none; ``new``: drawn in any case.
            See `MDEngine.prepare`. Of no use where it goes on with what is there.

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
        EngineError
            If another task of this kernel propagates these parts.
        """
        check_kind_of_start(starting_configuration)
        files = checked_files(workdir, deffnm)
        engine = self._new_engine()
        check_draws(engine, velocities)
        limit = self.step_limit(engine)
        with self._at_work(engine, files) as simulation:
            simulation.reserve(starting_configuration)
            if continuation and not self.trusts_start:
                await simulation.check_same_start(starting_configuration, velocities)
            if not (continuation and await simulation.go_on()):
                decided = await self._begin(engine, files, starting_configuration, velocities)
                if decided is not None:
                    return decided
            return await self._propagate(simulation, limit)

    async def cut_and_concatenate(
        self, trajs: Sequence[Trajectory], tra_out: str | PathLike[str], **concatenate_kwargs: Any
    ) -> tuple[Trajectory, int]:
        """Join parts up to and with the first frame on which the conditions hold.

        Frames that a later part gives again, such as doubled ones, are left out.

        Parameters
        ----------
        trajs : list of Trajectory
            The parts of one simulation in their order.
        tra_out : path
            Appears by rename when it is complete.
        **concatenate_kwargs
            For `TrajectoryConcatenator.concatenate`, such as ``overwrite=True``.

        Raises
        ------
        MaxStepsReachedError
            If the conditions hold behind the limit only.
        ValueError
            If the conditions hold nowhere.
        """
        trajs = check_parts("trajs", trajs)
        check_output(tra_out, concatenate_kwargs, several=False)
        parts = [await retried(partial(FinishedPart.of, each), each.paths[0]) for each in trajs]
        asked = Verdicts(self._conditions, self._rule)
        verdict = await asked.first(parts, lambda: self._new_engine().dt)
        if verdict is None:
            names = f"{self._rule.mode} of {', '.join(self.condition_names)}"
            raise ValueError(f"{names}: holds in no frame of {list(trajs)}.")
        if self._max_steps or self._max_frames:
            limit = self._max_steps or self.step_limit(self._new_engine())
            check_limit(verdict, limit, self.condition_names)
        join = _PartsConcatenator(remove_double_frames=False).concatenate_async
        chosen, slices = trajs[: len(verdict.slices)], verdict.slices
        joined = await retried(
            lambda: join(chosen, slices, tra_out, **concatenate_kwargs), chosen[-1].paths[-1]
        )
        return joined, verdict.condition

    async def propagate_and_concatenate(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
        *,
        tra_out: str | PathLike[str],
        continuation: bool = False,
        velocities: str = "keep",
        **concatenate_kwargs: Any,
    ) -> tuple[Trajectory, int]:
        """Both in a row; see `propagate` and `cut_and_concatenate`."""
        files = checked_files(workdir, deffnm)
        await self._check_output(files, starting_configuration, tra_out, concatenate_kwargs)
        parts, _ = await self.propagate(
            starting_configuration,
            workdir,
            deffnm,
            continuation=continuation,
            velocities=velocities,
        )
        return await self.cut_and_concatenate(parts, tra_out, **concatenate_kwargs)

    async def join_all(
        self,
        workdir: str | PathLike[str],
        deffnm: str,
        tra_out: str | PathLike[str],
        **concatenate_kwargs: Any,
    ) -> Trajectory:
        """Join the parts in a folder up to the limit, whether or not the conditions hold."""
        engine = self._new_engine()
        with self._at_work(engine, checked_files(workdir, deffnm)) as simulation:
            found = await simulation.parts() if await simulation.go_on() else []
        steps, counts = line_up([part.table for part in found], lambda: engine.dt)
        if (limit := self.step_limit(engine)) is not None:
            beyond = (first_at_or_after(own, limit + 1) for own in steps)
            counts = [min(pair) for pair in zip(counts, beyond, strict=True)]
        return await _PartsConcatenator(remove_double_frames=False).concatenate_async(
            [part.trajectory for part in found],
            [(None, count, 1) for count in counts],
            tra_out,
            **concatenate_kwargs,
        )

    async def check(self, starting_configuration: StartingConfiguration) -> None:
        """Evaluate the conditions on a start, so that bad ones are known before any MD."""
        start = start_of(self._new_engine(), starting_configuration)
        await self._look_before_preparing(start, starting_configuration)

    def step_limit(self, engine: MDEngine) -> int | None:
        """MD steps after which it is given up, a multiple of the engine's `nstout`."""
        if self._max_steps is None:
            return None if self._max_frames is None else self._max_frames * engine.nstout
        nstout = known_nstout(engine) or 1
        whole = self._max_steps // nstout * nstout
        if whole == 0:
            raise ValueError(
                f"max_steps={self._max_steps} is less than nstout={nstout}{in_ps(nstout, engine)}: "
                "no frame would be written. Give more steps."
            )
        return whole

    async def _begin(
        self,
        engine: MDEngine,
        files: EngineFiles,
        start: StartingConfiguration,
        velocities: str,
    ) -> tuple[list[Trajectory], int] | None:
        """Prepare the engine, unless the start decides.

        A bad condition is known before anything is written. What a file decides is known when
        there is the structure of the parts, whose masses, bonds and numbers a file may lack.
        """
        seen = start_of(engine, start)
        await in_thread(files.workdir, engine.check_start, start)
        decision = await self._look_before_preparing(seen, start)
        is_file = seen is not None and not isinstance(start, Trajectory)
        if is_file or decision is None:
            await self._prepare(engine, start, files, velocities)
        if is_file:
            seen = with_structure_of_parts(engine, files, seen)
            decision = await self._look_at_start(seen)
        return None if decision is None or seen is None else ([seen], decision.condition)

    async def _look_before_preparing(
        self, seen: Trajectory | None, start: StartingConfiguration
    ) -> Decision | None:
        try:
            return await self._look_at_start(seen)
        except Exception as error:
            if isinstance(start, Trajectory) or not is_lack_of_data(error):
                raise
            # A file without charges, bonds, …, which the structure of the parts may have.
            return None

    async def _look_at_start(self, start: Trajectory | None) -> Decision | None:
        if start is None:
            return None
        # Also shows a condition that is no condition before any MD is computed.
        return await Verdicts(self._conditions, self._rule).on_first_frame(start)

    async def _propagate(
        self, simulation: Simulation, limit: int | None
    ) -> tuple[list[Trajectory], int]:
        observer = LiveComparison(self._observer, self.condition_names)

        def look(part: Part) -> LiveLook:
            observer.part_started(part)
            return LiveLook(part, self._live(), self._rule, observer, limit, clock)

        simulation.before_part = observer.part_begins
        clock = Clock.of(simulation.engine)
        verdicts = Verdicts(self._conditions, self._rule, observer, clock)
        engine, most = simulation.engine, math.inf if limit is None else limit
        while True:
            parts = await simulation.parts()
            verdict = await verdicts.first(parts, lambda: engine.dt)
            if verdict is not None and verdict.step <= most:
                await simulation.end_running_part()
                return [part.trajectory for part in parts], verdict.condition
            if simulation.last_step(parts) >= most:
                await simulation.end_running_part()
                raise MaxStepsReachedError(given_up(self.condition_names, most, engine))
            if not await simulation.advance(limit, self.walltime_per_part, look):
                raise MaxStepsReachedError(given_up(self.condition_names, most, engine))

    def _live(self) -> list[tuple[str, Condition]]:
        whole_part = any(condition.needs_whole_part for _, condition in self._conditions)
        return [] if whole_part else self._conditions


class _PartsConcatenator(TrajectoryConcatenator):
    _made_by = "join"


TrajectoryPropagatorUntilAnyState = ConditionalTrajectoryPropagator


__all__ = [
    "ConditionalTrajectoryPropagator",
    "InPartsTrajectoryPropagator",
    "MaxStepsReachedError",
    "TrajectoryPropagatorUntilAnyState",
]
