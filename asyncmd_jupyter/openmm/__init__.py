"""MD with OpenMM."""

from asyncmd_jupyter.engines.openmm.engine import OpenMMEngine
from asyncmd_jupyter.engines.openmm.slurm_engine import SlurmOpenMMEngine

__all__ = ["OpenMMEngine", "SlurmOpenMMEngine"]
