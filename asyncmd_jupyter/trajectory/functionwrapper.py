"""Functions on trajectories under the names that downstream packages import."""

from asyncmd_jupyter.sampling.functions import (
    PyTrajectoryFunctionWrapper,
    TrajectoryFunctionWrapper,
)

__all__ = ["PyTrajectoryFunctionWrapper", "TrajectoryFunctionWrapper"]
