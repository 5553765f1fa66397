"""The parameters under the name that downstream packages import."""

from asyncmd_jupyter.engines.gromacs.mdp import MDP

__all__ = ["MDP"]
