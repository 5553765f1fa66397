"""Copies in memory of values that lie in files, for those who ask again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from numpy.typing import NDArray

_BYTES_KEPT = 64 * 2**20
_BYTES_OF_AN_ENTRY = 500  # what an entry needs besides the array


class RecentValues:
    """The values used last, within a bound on their memory.

    Parameters
    ----------
    limit : int
        Bytes kept at most.
    """

    def __init__(self, limit: int = _BYTES_KEPT) -> None:
        self._limit = limit
        self._size = 0
        self._entries: OrderedDict[Hashable, tuple[Any, NDArray[Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> tuple[Any, NDArray[Any]] | None:
        """What was put in: the stamp and the array itself, to be copied."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: Hashable, stamp: Any, values: NDArray[Any]) -> None:
        """Keep a copy.

        Parameters
        ----------
        key : hashable
        stamp : object
            Tells whoever gets the values whether they still hold.
        values : array
        """
        if _weight(values) > self._limit:
            return
        kept = values.copy()
        with self._lock:
            self._drop(key)
            self._entries[key] = (stamp, kept)
            self._size += _weight(kept)
            while self._size > self._limit:
                self._drop(next(iter(self._entries)))

    def forget(self, key: Hashable) -> None:
        """Drop one entry."""
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    def _drop(self, key: Hashable) -> None:
        if entry := self._entries.pop(key, None):
            self._size -= _weight(entry[1])


def _weight(values: NDArray[Any]) -> int:
    return values.nbytes + _BYTES_OF_AN_ENTRY
