"""What users need to test their own code without clusters, long runs or processes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncmd_jupyter.testing.double_well import DoubleWell
    from asyncmd_jupyter.testing.memory_launcher import MemoryLauncher
    from asyncmd_jupyter.testing.toy_engine import ToyEngine

__all__ = ["DoubleWell", "MemoryLauncher", "ToyEngine"]

_HOMES = {
    "DoubleWell": "double_well",
    "MemoryLauncher": "memory_launcher",
    "ToyEngine": "toy_engine",
}


def __getattr__(name: str) -> Any:
    # The toy engine's worker imports this package too and needs hardly any of it.
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
