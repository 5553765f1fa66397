"""Helpers for all engines under the names that downstream packages import."""

from asyncmd_jupyter.engines.parts import (
    ensure_mdconfig_options,
    get_all_file_parts,
    get_all_traj_parts,
    nstout_from_mdconfig,
)

__all__ = [
    "ensure_mdconfig_options",
    "get_all_file_parts",
    "get_all_traj_parts",
    "nstout_from_mdconfig",
]
