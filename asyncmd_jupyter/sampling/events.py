"""What the sampling room publishes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunChanged:
    """Something of a run's snapshot or series is new; at most a few times a second each."""

    run_id: str


@dataclass(frozen=True)
class RunFinished:
    """A run has ended, in whatever way."""

    run_id: str
