"""MD with OpenMM."""

from asyncmd_jupyter.engines.openmm.engine import OpenMMEngine

__all__ = ["OpenMMEngine"]
