"""Run many molecular dynamics simulations at once, each until something happens."""

from asyncmd_jupyter._version import __version__

__all__ = ["__version__"]
