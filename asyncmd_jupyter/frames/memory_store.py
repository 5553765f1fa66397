"""Values of functions in memory."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from asyncmd_jupyter.frames.value_store import Content


class MemoryStore:
    """Keeps values for as long as a trajectory object with that content lives."""

    def __init__(self) -> None:
        self._contents: weakref.WeakValueDictionary[int, _Values] = weakref.WeakValueDictionary()
        self._mutex = threading.Lock()

    def peek(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Hand out a copy."""
        return None if content.hash_at_once is None else self.load(content, function_id)

    def load(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Hand out a copy."""
        values = self._values_of(content).arrays.get(function_id) if self._contents else None
        return None if values is None else values.copy()

    def store(self, content: Content, function_id: str, values: NDArray[Any]) -> None:
        """Keep a copy."""
        self._values_of(content).arrays[function_id] = values.copy()

    def items(self, content: Content) -> Iterable[tuple[str, NDArray[Any]]]:
        """List copies of everything."""
        if not self._contents:
            return []
        arrays = self._values_of(content).arrays.copy()
        return [(function_id, values.copy()) for function_id, values in arrays.items()]

    def clear(self, content: Content) -> None:
        """Forget everything."""
        if self._contents:
            self._values_of(content).arrays.clear()

    def _values_of(self, content: Content) -> _Values:
        held: _Values | None = content.cached_values.get(id(self))
        if held is not None and held.owner() is self:
            return held
        value = content.trajectory_hash
        with self._mutex:
            held = self._contents.get(value)
            if held is None:
                held = self._contents[value] = _Values(weakref.ref(self), {})
        content.cached_values[id(self)] = held
        return held


class _Values:
    __slots__ = ("__weakref__", "arrays", "owner")

    def __init__(self, owner: weakref.ref[MemoryStore], arrays: dict[str, NDArray[Any]]) -> None:
        self.owner = owner
        self.arrays = arrays
