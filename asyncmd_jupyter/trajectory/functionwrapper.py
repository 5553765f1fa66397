"""Functions on trajectories under the names that downstream packages import."""

from asyncmd_jupyter.sampling.functions import (
    PyTrajectoryFunctionWrapper,
    TrajectoryFunctionWrapper,
)
from asyncmd_jupyter.sampling.slurm_function import SlurmTrajectoryFunctionWrapper

__all__ = [
    "PyTrajectoryFunctionWrapper",
    "SlurmTrajectoryFunctionWrapper",
    "TrajectoryFunctionWrapper",
]
