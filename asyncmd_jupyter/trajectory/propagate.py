"""Propagators under the names that downstream packages import."""

from asyncmd_jupyter.errors import MaxStepsReachedError
from asyncmd_jupyter.sampling.path import construct_tp_from_plus_and_minus_traj_segments
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
    "construct_tp_from_plus_and_minus_traj_segments",
]
