"""MD with GROMACS."""

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.mdp import MDP
from asyncmd_jupyter.engines.gromacs.slurm_engine import SlurmGmxEngine

__all__ = ["MDP", "GmxEngine", "SlurmGmxEngine"]
