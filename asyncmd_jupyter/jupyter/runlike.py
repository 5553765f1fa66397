"""The little that views need to know of a run."""

from __future__ import annotations

from typing import Any, Protocol

from asyncmd_jupyter.sampling.progress import ConditionSeries, RunSnapshot, SeriesPieces


class RunLike(Protocol):
    """A run as its views see it; `asyncmd_jupyter.sampling.run.Run` is one."""

    @property
    def id(self) -> str:
        """The name the user gave it."""
        ...

    def snapshot(self) -> RunSnapshot:
        """Return its state at this moment."""
        ...

    def series(self, walker: int) -> ConditionSeries:
        """Return what the conditions of one walker said so far."""
        ...

    def pieces(self, walker: int) -> SeriesPieces:
        """Return the same part by part, without copying."""
        ...

    async def cancel(self) -> Any:
        """End it for good."""
        ...
