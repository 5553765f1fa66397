"""Values of functions in HDF5 files that the user has opened and registered."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from asyncmd_jupyter.frames.h5py_layout import (
    UNUSABLE,
    Group,
    read_pair,
    read_pairs,
    remove_pairs,
    trajectory_hashes,
    write_pair,
)
from asyncmd_jupyter.frames.recent import RecentValues
from asyncmd_jupyter.frames.value_store import Content

if TYPE_CHECKING:
    import h5py

logger = logging.getLogger(__name__)


class NoWritableFileError(OSError):
    """None of the registered HDF5 files takes values."""


@dataclass(frozen=True, eq=False)
class Source:
    """An HDF5 group that was registered.

    Attributes
    ----------
    group : h5py.Group
    place : str
        Which group of which file.
    is_writable : bool
    """

    group: Group
    place: str
    is_writable: bool

    @classmethod
    def of(cls, group: h5py.Group | h5py.File) -> Source:
        """Look at what a user gave.

        Raises
        ------
        TypeError
            If it is neither a group nor a file of h5py.
        ValueError
            If the file is closed.
        """
        import h5py

        if not isinstance(group, h5py.Group):
            raise TypeError(f"An open h5py.File or a group in one is needed, not {group!r}.")
        if not group:
            raise ValueError(f"{group!r} is closed; open the file again and register that.")
        place = f"{group.file.filename} ({group.name})"
        return cls(group, place, is_writable=group.file.mode != "r")

    @property
    def is_open(self) -> bool:
        """False after the user has closed the file."""
        return bool(self.group)

    def is_of(self, group: object) -> bool:
        """Whether this is the source of a group."""
        return self.group is group or (self.is_open and bool(self.group == group))

    def __str__(self) -> str:
        mode = "" if self.is_writable else ", read-only"
        return f"{self.place}{mode}{'' if self.is_open else ', closed'}"


class H5pyStore:
    """Keeps values in the HDF5 file registered last that can be written; searches all.

    Whoever wants to store while there is none gets a `NoWritableFileError`. The files stay
    the user's: they are opened and closed outside. Each value is flushed, so that it is
    not lost with the process.
    """

    def __init__(self) -> None:
        self._sources: tuple[Source, ...] = ()
        self._lock = threading.RLock()
        self._recent = RecentValues()
        self._cleared: set[tuple[int, Source]] = set()

    @property
    def sources(self) -> tuple[Source, ...]:
        """All that are searched, the one for new values first."""
        return self._sources

    @property
    def target(self) -> Source | None:
        """The one that gets new values."""
        return next((one for one in self._sources if one.is_writable and one.is_open), None)

    def register(self, source: Source) -> None:
        """Search this one too, before those registered before."""
        with self._lock:
            others = (one for one in self._sources if one.is_open and not one.is_of(source.group))
            self._arrange([source, *others])

    def deregister(self, group: object) -> None:
        """Stop using a group.

        Raises
        ------
        ValueError
            If it is not registered.
        """
        with self._lock:
            found = self.find(group)
            self._arrange([one for one in self._sources if one is not found])

    def find(self, group: object) -> Source:
        """The source of a group.

        Raises
        ------
        ValueError
            If it is not registered.
        """
        for source in self._sources:
            if source.is_of(group):
                return source
        known = "; ".join(map(str, self._sources)) or "none"
        raise ValueError(f"{group!r} is not registered as a cache. Registered: {known}.")

    def exclude(self, content: Content, group: object) -> None:
        """Stop using a group for one trajectory object."""
        with self._lock:
            excluded = {*self._excluded(content), self.find(group)}
            content.cached_values[id(self)] = _Excluded(weakref.ref(self), frozenset(excluded))

    def copy_between(self, target: Source, *, clear: bool) -> None:
        """Copy all values of the other files to one, for all trajectories."""
        with self._lock:
            for source in [one for one in self._sources if one.is_open and one is not target]:
                for value in trajectory_hashes(source.group):
                    for function_id, values in read_pairs(source.group, value):
                        if read_pair(target.group, value, function_id) is None:
                            write_pair(target.group, value, function_id, values)
                target.group.file.flush()
                if clear and source.is_writable:
                    _remove_all(source)

    def peek(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Copy what was read or stored lately."""
        value = content.hash_at_once
        if value is None or self._excluded(content):
            return None
        entry = self._recent.get((value, function_id))
        return None if entry is None else entry[1].copy()

    def load(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Read from the first source that has it."""
        value = content.trajectory_hash
        with self._lock:
            for source in self._searched(content):
                values = read_pair(source.group, value, function_id)
                if values is not None:
                    if not self._excluded(content):
                        self._recent.put((value, function_id), None, values)
                    return values
        return None

    def store(self, content: Content, function_id: str, values: NDArray[Any]) -> None:
        """Write to the file registered last that can be written.

        Raises
        ------
        NoWritableFileError
            If there is none.
        OSError
            If the file takes no values.
        """
        value = content.trajectory_hash
        with self._lock:
            target = self.target
            if target is None or target in self._excluded(content):
                raise NoWritableFileError(self._complaint())
            self._recent.forget((value, function_id))
            try:
                write_pair(target.group, value, function_id, values)
                target.group.file.flush()
            except UNUSABLE as error:
                raise OSError(f"{target} can't be written: {error}") from error
            self._cleared.discard((value, target))

    def items(self, content: Content) -> Iterable[tuple[str, NDArray[Any]]]:
        """Read everything, that of the first source where several have it."""
        if not self._sources:
            return []
        value = content.trajectory_hash
        found: dict[str, NDArray[Any]] = {}
        with self._lock:
            for source in reversed(list(self._searched(content))):
                found.update(read_pairs(source.group, value))
        return found.items()

    def clear(self, content: Content) -> None:
        """Remove everything; what is in read-only files is not looked at any more."""
        if not self._sources:
            return
        value = content.trajectory_hash
        with self._lock:
            self._recent.clear()
            for source in list(self._searched(content)):
                if not _removed(source, value):
                    self._cleared.add((value, source))

    def _arrange(self, sources: list[Source]) -> None:
        self._sources = tuple(sorted(sources, key=lambda source: not source.is_writable))
        self._cleared = {entry for entry in self._cleared if entry[1] in self._sources}
        self._recent.clear()

    def _searched(self, content: Content) -> Iterator[Source]:
        value, excluded = content.trajectory_hash, self._excluded(content)
        for source in self._sources:
            if source.is_open and source not in excluded and (value, source) not in self._cleared:
                yield source

    def _excluded(self, content: Content) -> frozenset[Source]:
        held = content.cached_values.get(id(self))
        return held.sources if held is not None and held.owner() is self else frozenset()

    def _complaint(self) -> str:
        known = "; ".join(map(str, self._sources)) or "none"
        return f"no HDF5 file that is open for writing is registered (registered: {known})"


@dataclass(frozen=True)
class _Excluded:
    owner: weakref.ref[H5pyStore]
    sources: frozenset[Source]


def _removed(source: Source, trajectory_hash: int) -> bool:
    try:
        if source.is_writable:
            remove_pairs(source.group, trajectory_hash)
            source.group.file.flush()
    except UNUSABLE as error:
        logger.warning("Values in %s can't be removed, only ignored: %s", source, error)
        return False
    return source.is_writable


def _remove_all(source: Source) -> None:
    for value in trajectory_hashes(source.group):
        remove_pairs(source.group, value)
    source.group.file.flush()
