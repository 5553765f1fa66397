"""What the conditions say about the parts of a simulation, each part asked about once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.errors import MaxStepsReachedError
from asyncmd_jupyter.files.retrying import retried
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.part_evaluator import PartEvaluator
from asyncmd_jupyter.sampling.simulation import FinishedPart
from asyncmd_jupyter.sampling.states import Condition, Examination, examine_all
from asyncmd_jupyter.sampling.stop import Decision, StopRule
from asyncmd_jupyter.sampling.timeline import line_up

FrameSlices = list[tuple[None, int, int]]


@dataclass(frozen=True)
class Verdict:
    """The first frame that ends a propagation.

    Attributes
    ----------
    step : int
    condition : int
        Index of the one that decided.
    slices : list
        For each part up to the deciding one, the frames up to and with the deciding one.
    """

    step: int
    condition: int
    slices: FrameSlices

    @property
    def n_frames(self) -> int:
        """How many frames there are up to and with the deciding one."""
        return sum(end for _, end, _ in self.slices)


class Verdicts:
    """Asks the conditions about parts, and tells an observer what they say.

    Parameters
    ----------
    conditions : sequence of (name, condition)
    rule : StopRule
    observer : PropagationObserver, optional
    clock : Clock, optional
        Of the times that the observer is told.
    """

    def __init__(
        self,
        conditions: Sequence[tuple[str, Condition]],
        rule: StopRule,
        observer: PropagationObserver | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._conditions = conditions
        self._rule = rule
        self._observer = observer or PropagationObserver()
        self._clock = clock or Clock()
        self._evaluator = PartEvaluator(conditions)
        self._told: dict[int, tuple[FinishedPart, int]] = {}

    async def on_first_frame(self, start: Trajectory) -> Decision | None:
        """Whether a start ends the propagation before it begins."""
        seen = await retried(lambda: self._seen_of(start), start.paths[0])
        return self._rule.first([examination.fulfilled[:1] for examination in seen])

    async def _seen_of(self, start: Trajectory) -> list[Examination]:
        await start.prepare()
        return await examine_all(self._conditions, start)

    async def first(self, parts: Sequence[FinishedPart], dt: Callable[[], float]) -> Verdict | None:
        """The first deciding frame of all that count, by the steps of the frames.

        Parameters
        ----------
        parts : sequence of FinishedPart
            Of one simulation, in order.
        dt : callable
            Gives the MD time step in ps if it is needed.

        Raises
        ------
        ValueError
            If a condition gives anything but one bool for each frame.
        """
        steps, counts = line_up([part.table for part in parts], dt)
        before: list[bool] | None = None
        for index, (part, count) in enumerate(zip(parts, counts, strict=True)):
            seen = await self._evaluator.examine(parts[: index + 1], counts[:index])
            times = self._clock.times(steps[index], part.table.times)
            self._tell(index + 1, part, count, times, seen)
            fulfilled = [one.fulfilled[:count] for one in seen]
            decision = self._rule.first(fulfilled, before)
            if count:
                before = [bool(one[-1]) for one in fulfilled]
            if decision is not None:
                ends = [*counts[:index], decision.frame + 1]
                slices: FrameSlices = [(None, end, 1) for end in ends]
                return Verdict(int(steps[index][decision.frame]), decision.condition, slices)
        return None

    def _tell(
        self,
        number: int,
        part: FinishedPart,
        count: int,
        times: NDArray[np.float64],
        examinations: Sequence[Examination],
    ) -> None:
        if self._told.get(number) == (part, count):
            return
        self._told[number] = part, count
        self._observer.part_finished(number, part.trajectory)
        shown = [seen.first(count) for seen in examinations]
        self._observer.examined(number, times[:count], shown, live=False)


def named_apart(conditions: Sequence[Condition]) -> list[tuple[str, Condition]]:
    """Conditions with names of which no two are the same."""
    names = [condition.name for condition in conditions]
    counts = [names[: index + 1].count(name) for index, name in enumerate(names)]
    apart = [f"{n} ({count})" if count > 1 else n for n, count in zip(names, counts, strict=True)]
    return list(zip(apart, conditions, strict=True))


def check_limit(verdict: Verdict, limit: int | None, names: Sequence[str]) -> None:
    """Refuse a decision behind the limit.

    Raises
    ------
    MaxStepsReachedError
    """
    # A start that fulfils the conditions itself may be at any step of another simulation.
    if limit is not None and verdict.step > limit and verdict.n_frames > 1:
        raise MaxStepsReachedError(
            f"None of the conditions ({', '.join(names)}) held within {limit} steps: the first "
            f"frame that counts is at step {verdict.step}. Give a higher limit, or none."
        )


def in_ps(steps: float, engine: MDEngine) -> str:
    """A number of steps as a time, in brackets; nothing where it is not known."""
    try:
        return f" ({steps * engine.dt:g} ps)" if engine.has_fixed_dt else ""
    except NotImplementedError:  # engines of others
        return ""


def given_up(names: Sequence[str], limit: float, engine: MDEngine) -> str:
    """Say in words that the limit came first."""
    return (
        f"None of the conditions ({', '.join(names)}) held within {limit} steps"
        f"{in_ps(limit, engine)}. The parts are on disk: go on with a higher max_steps and "
        "continuation=True."
    )
