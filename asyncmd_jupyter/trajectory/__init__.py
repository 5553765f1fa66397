"""Trajectories, functions and conditions on them, propagation until conditions hold."""

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.extract import (
    FrameExtractor,
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.functions import (
    PyTrajectoryFunctionWrapper,
    TrajectoryFunctionWrapper,
)
from asyncmd_jupyter.sampling.path import construct_tp_from_plus_and_minus_traj_segments
from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
    TrajectoryPropagatorUntilAnyState,
)
from asyncmd_jupyter.sampling.run import Run, start_run
from asyncmd_jupyter.sampling.states import Within

__all__ = [
    "ConditionalTrajectoryPropagator",
    "FrameExtractor",
    "InPartsTrajectoryPropagator",
    "InvertedVelocitiesFrameExtractor",
    "NoModificationFrameExtractor",
    "PyTrajectoryFunctionWrapper",
    "RandomVelocitiesFrameExtractor",
    "Run",
    "Trajectory",
    "TrajectoryConcatenator",
    "TrajectoryFunctionWrapper",
    "TrajectoryPropagatorUntilAnyState",
    "Within",
    "construct_tp_from_plus_and_minus_traj_segments",
    "start_run",
]
