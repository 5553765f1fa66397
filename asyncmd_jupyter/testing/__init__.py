"""What users need to test their own code without clusters, long runs or processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncmd_jupyter.testing.memory_launcher import MemoryLauncher

__all__ = ["MemoryLauncher"]


def __getattr__(name: str) -> Any:
    if name == "MemoryLauncher":
        from asyncmd_jupyter.testing.memory_launcher import MemoryLauncher

        return MemoryLauncher
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
