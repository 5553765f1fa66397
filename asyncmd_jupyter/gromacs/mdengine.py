"""The engine under the name that downstream packages import."""

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine

__all__ = ["GmxEngine"]
