"""Helpers for all engines under the names that downstream packages import."""

from asyncmd_jupyter.engines.parts import (
    ensure_mdconfig_options,
    get_all_file_parts,
    get_all_traj_parts,
    nstout_from_mdconfig,
)
from asyncmd_jupyter.sampling.averages import (
    mean_of_frames,
    mean_with_error,
    share_of_frames,
    share_with_interval,
)
from asyncmd_jupyter.sampling.progress_bar import gather_with_progress

__all__ = [
    "ensure_mdconfig_options",
    "gather_with_progress",
    "get_all_file_parts",
    "get_all_traj_parts",
    "mean_of_frames",
    "mean_with_error",
    "nstout_from_mdconfig",
    "share_of_frames",
    "share_with_interval",
]
