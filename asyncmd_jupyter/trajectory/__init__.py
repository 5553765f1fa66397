"""Trajectories, functions and conditions on them, propagation until conditions hold.

A name is loaded when it is first used, as most notebooks and all jobs need a few only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
    from asyncmd_jupyter.frames.extract import (
        FrameExtractor,
        InvertedVelocitiesFrameExtractor,
        NoModificationFrameExtractor,
        RandomVelocitiesFrameExtractor,
    )
    from asyncmd_jupyter.frames.trajectory import Trajectory
    from asyncmd_jupyter.sampling.dry_run import dry_run
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
    from asyncmd_jupyter.sampling.run_memory import attach_runs
    from asyncmd_jupyter.sampling.slurm_function import SlurmTrajectoryFunctionWrapper
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
    "SlurmTrajectoryFunctionWrapper",
    "Trajectory",
    "TrajectoryConcatenator",
    "TrajectoryFunctionWrapper",
    "TrajectoryPropagatorUntilAnyState",
    "Within",
    "attach_runs",
    "construct_tp_from_plus_and_minus_traj_segments",
    "dry_run",
    "start_run",
]

_HOMES = {
    "ConditionalTrajectoryPropagator": "sampling.propagate",
    "FrameExtractor": "frames.extract",
    "InPartsTrajectoryPropagator": "sampling.propagate",
    "InvertedVelocitiesFrameExtractor": "frames.extract",
    "NoModificationFrameExtractor": "frames.extract",
    "PyTrajectoryFunctionWrapper": "sampling.functions",
    "RandomVelocitiesFrameExtractor": "frames.extract",
    "Run": "sampling.run",
    "SlurmTrajectoryFunctionWrapper": "sampling.slurm_function",
    "Trajectory": "frames.trajectory",
    "TrajectoryConcatenator": "frames.concatenate",
    "TrajectoryFunctionWrapper": "sampling.functions",
    "TrajectoryPropagatorUntilAnyState": "sampling.propagate",
    "Within": "sampling.states",
    "attach_runs": "sampling.run_memory",
    "construct_tp_from_plus_and_minus_traj_segments": "sampling.path",
    "dry_run": "sampling.dry_run",
    "start_run": "sampling.run",
}

_MODULES = ("convert", "functionwrapper", "propagate", "trajectory", "trajectory_cache")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"asyncmd_jupyter.{_HOMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, *_MODULES])
