"""MD with GROMACS."""

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.mdp import MDP

__all__ = ["MDP", "GmxEngine"]
