"""Bases of parameter files."""

from asyncmd_jupyter.engines.mdconfig import LineBasedMDConfig, MDConfig

__all__ = ["LineBasedMDConfig", "MDConfig"]
