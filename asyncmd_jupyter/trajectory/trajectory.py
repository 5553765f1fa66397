"""The trajectory class, and caches of all trajectories, under the names that scripts import."""

from asyncmd_jupyter.frames.living import (
    clear_all_cache_values_for_all_trajectories,
    deregister_h5py_cache_for_all_trajectories,
    update_cache_type_for_all_trajectories,
)
from asyncmd_jupyter.frames.trajectory import Trajectory

__all__ = [
    "Trajectory",
    "clear_all_cache_values_for_all_trajectories",
    "deregister_h5py_cache_for_all_trajectories",
    "update_cache_type_for_all_trajectories",
]
