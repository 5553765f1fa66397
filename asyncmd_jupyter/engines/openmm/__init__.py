"""OpenMM in a worker process: the engine writes a specification, the worker computes it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncmd_jupyter.engines.openmm.engine import OpenMMEngine

__all__ = ["OpenMMEngine"]


def __getattr__(name: str) -> Any:
    # The worker imports this package too and must not load the engine with it.
    if name == "OpenMMEngine":
        return importlib.import_module("asyncmd_jupyter.engines.openmm.engine").OpenMMEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
