"""The engine under the name that downstream packages import."""

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.slurm_engine import SlurmGmxEngine

__all__ = ["GmxEngine", "SlurmGmxEngine"]
