"""The engines and their errors under the names that downstream packages import."""

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.gromacs.slurm_engine import SlurmGmxEngine
from asyncmd_jupyter.errors import EngineCrashedError, EngineError

__all__ = ["EngineCrashedError", "EngineError", "GmxEngine", "SlurmGmxEngine"]
