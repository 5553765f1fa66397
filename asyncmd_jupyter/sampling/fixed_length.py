"""Propagation for a number of steps that can be watched like one with conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.plan import checked_nsteps
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator


class FixedLengthPropagator(ConditionalTrajectoryPropagator):
    """Propagates until its limit of steps, which is its aim: there are no conditions.

    Reaching it is told by `MaxStepsReachedError`, as of every `ConditionalTrajectoryPropagator`.

    Raises
    ------
    ValueError
        If there is no limit either, or no frame would lie on it.
    """

    @property
    def conditions(self) -> list[Any]:
        """None at all."""
        return []

    @conditions.setter
    def conditions(self, conditions: Sequence[Any]) -> None:
        self._conditions, self._given = [], []

    def step_limit(self, engine: MDEngine) -> int:
        """MD steps that are done."""
        if self._max_steps is None:
            raise ValueError(
                "There are neither conditions nor a number of steps: nothing would ever end the "
                "run."
            )
        checked_nsteps(self._max_steps, engine.nstout)
        return self._max_steps


def propagator_class(conditions: Sequence[Any]) -> type[ConditionalTrajectoryPropagator]:
    """What propagates a walker."""
    return ConditionalTrajectoryPropagator if conditions else FixedLengthPropagator
