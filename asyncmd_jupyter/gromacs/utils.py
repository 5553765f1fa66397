"""Helpers for GROMACS' parameters and files under the names that downstream packages import."""

from asyncmd_jupyter.engines.gromacs.mdp_options import ensure_mdp_options, nstout_from_mdp
from asyncmd_jupyter.engines.gromacs.parts import get_all_file_parts, get_all_traj_parts

__all__ = ["ensure_mdp_options", "get_all_file_parts", "get_all_traj_parts", "nstout_from_mdp"]
