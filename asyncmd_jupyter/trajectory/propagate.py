"""Propagators under the names that downstream packages import."""

from asyncmd_jupyter.errors import MaxStepsReachedError
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
    TrajectoryPropagatorUntilAnyState,
)

__all__ = [
    "ConditionalTrajectoryPropagator",
    "InPartsTrajectoryPropagator",
    "MaxStepsReachedError",
    "TrajectoryPropagatorUntilAnyState",
]
