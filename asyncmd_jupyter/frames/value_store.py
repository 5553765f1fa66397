"""What value caches and the ways to keep values have to do with each other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray


class Content(Protocol):
    """What a cache wants to know of a trajectory."""

    cached_values: dict[int, Any]

    @property
    def trajectory_hash(self) -> int:
        """Stands for the content."""

    @property
    def hash_at_once(self) -> int | None:
        """The same if that needs no reading of files, else None."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Absolute paths of the trajectory files."""

    def __len__(self) -> int: ...


class ValueStore(Protocol):
    """One way to keep values. Called by `ValueCaches` in any thread, several at once."""

    def peek(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Hand out an array if that takes some microseconds; called in the event loop."""

    def load(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Hand out an array that nobody else has; None if there is none."""

    def store(self, content: Content, function_id: str, values: NDArray[Any]) -> None:
        """Keep values, or replace those of the same function."""

    def items(self, content: Content) -> Iterable[tuple[str, NDArray[Any]]]:
        """List all functions and their values for one content."""

    def clear(self, content: Content) -> None:
        """Remove all values of one content."""
