"""Values of functions in npz files beside the trajectories, found by content."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from asyncmd_jupyter.frames.npz_foreign import beside_foreign
from asyncmd_jupyter.frames.npz_store import NpzFiles, npz_cache_path
from asyncmd_jupyter.frames.recent import RecentValues
from asyncmd_jupyter.frames.value_store import Content

_PLACES_KEPT = 16_384
_SECONDS_BETWEEN_LOOKS = 0.05  # what was read is right, only less durable when a file is gone

State = tuple[int, int, int]


class NpzStore:
    """Keeps values in an npz file beside the first trajectory file.

    Values stored beside one copy of the files are also found through another, as far as
    this process knows of them. What was read or written lately is kept in memory too, for
    as long as its file stays as it is.
    """

    def __init__(self) -> None:
        self._files = NpzFiles()
        self._places: OrderedDict[int, set[Path]] = OrderedDict()
        self._recent = RecentValues()

    def peek(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Copy what was read lately if its file has not been touched since."""
        value = content.hash_at_once
        entry = None if value is None else self._recent.get((value, function_id))
        if entry is None:
            return None
        seen, values = entry
        return values.copy() if seen.is_unchanged() else None

    def load(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Read from the file, or from one beside a copy."""
        value = content.trajectory_hash
        for path in self._paths(content):
            states = {place: _state(place) for place in (path, beside_foreign(path))}
            values = self._files.load(path, value, function_id)
            if values is not None:
                self._remember(states, value, function_id, values)
                return values
        return None

    def store(self, content: Content, function_id: str, values: NDArray[Any]) -> None:
        """Write to the file."""
        value, path = content.trajectory_hash, npz_cache_path(content.paths)
        self._recent.forget((value, function_id))
        self._files.store(path, value, function_id, values)
        self._places.setdefault(value, set()).add(path)
        while len(self._places) > _PLACES_KEPT:
            self._places.popitem(last=False)

    def items(self, content: Content) -> Iterable[tuple[str, NDArray[Any]]]:
        """Read everything in the file, and beside copies."""
        found: dict[str, NDArray[Any]] = {}
        for path in self._existing(content):
            found.update(self._files.items(path, content.trajectory_hash))
        return found.items()

    def clear(self, content: Content) -> None:
        """Remove everything from the file, and the file if nothing is left."""
        self._recent.clear()
        for path in self._existing(content):
            self._files.clear(path, content.trajectory_hash)

    def _remember(
        self,
        states: dict[Path, State | None],
        value: int,
        function_id: str,
        values: NDArray[Any],
    ) -> None:
        """Keep it in memory, unless it can't be told from which of two files it came."""
        there = [_Seen(path, state) for path, state in states.items() if state is not None]
        if len(there) == 1:
            self._recent.put((value, function_id), there[0], values)

    def _paths(self, content: Content) -> list[Path]:
        own = npz_cache_path(content.paths)
        others = self._places.get(content.trajectory_hash, ()) if self._places else ()
        return [own, *(path for path in tuple(others) if path != own)]

    def _existing(self, content: Content) -> list[Path]:
        if not self._places and not _is_there(npz_cache_path(content.paths)):
            return []  # without asking for the hash
        return [path for path in self._paths(content) if _is_there(path)]


class _Seen:
    """A file as it was, looked at again only every now and then."""

    __slots__ = ("_next_look", "_path", "_state")

    def __init__(self, path: Path, state: State) -> None:
        self._path = str(path)
        self._state = state
        self._next_look = 0.0

    def is_unchanged(self) -> bool:
        now = time.monotonic()
        if now > self._next_look:
            if _state(self._path) != self._state:
                return False
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
        return True


def _is_there(path: Path) -> bool:
    return path.exists() or beside_foreign(path).exists()


def _state(path: str | Path) -> State | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - twice as fast, and called for each access
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
