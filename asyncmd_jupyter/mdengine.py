"""The base of MD engines and their errors."""

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.engines.energies.table import EnergyTable
from asyncmd_jupyter.errors import EngineCrashedError, EngineError

__all__ = ["EnergyTable", "EngineCrashedError", "EngineError", "MDEngine"]
