"""Values of functions on trajectories: in memory, or in files beside the trajectories."""

from __future__ import annotations

import logging
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.npz_store import NpzFiles, npz_cache_path

logger = logging.getLogger(__name__)

DEFAULT_TYPE = "npz"
_PLACES_KEPT = 16_384


class Content(Protocol):
    """What a cache wants to know of a trajectory."""

    cached_values: dict[int, Any]

    @property
    def trajectory_hash(self) -> int:
        """Stands for the content."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Absolute paths of the trajectory files."""

    def __len__(self) -> int: ...


class ValueStore(Protocol):
    """One way to keep values."""

    def load(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Hand out an array that nobody else has; None if there is none."""

    def store(self, content: Content, function_id: str, values: NDArray[Any]) -> None:
        """Keep values, or replace those of the same function."""

    def items(self, content: Content) -> Iterable[tuple[str, NDArray[Any]]]:
        """List all functions and their values for one content."""

    def clear(self, content: Content) -> None:
        """Remove all values of one content."""


class ValueCaches:
    """The value caches of one runtime, one of which is in use.

    All methods may be called in any thread. A cache never makes a computation fail: what
    can't be kept beside a trajectory, say in a folder that is not writable, is logged and
    kept in memory.
    """

    def __init__(self) -> None:
        self._type = DEFAULT_TYPE
        self._stores: dict[str, ValueStore] = {"memory": MemoryStore(), "npz": NpzStore()}
        self._makeshift = MemoryStore()
        self._living: weakref.WeakValueDictionary[int, Content] = weakref.WeakValueDictionary()

    @classmethod
    def create(cls, _runtime: runtimes.Runtime) -> ValueCaches:
        """Make the service of a runtime."""
        return cls()

    @classmethod
    def current(cls) -> ValueCaches:
        """The one of the current runtime."""
        return runtimes.current().service(cls.create)

    @property
    def type(self) -> str:
        """Name of the cache in use."""
        return self._type

    def load(self, trajectory: Content, function_id: str) -> NDArray[Any] | None:
        """Get the values of a function.

        Parameters
        ----------
        trajectory : Trajectory
        function_id : str
            Stands for everything the result depends on.

        Returns
        -------
        array or None
            A copy: changing it changes nothing here.
        """
        values = None
        try:
            values = self._stores[self._type].load(trajectory, function_id)
        except OSError as error:
            logger.warning("Can't read cached values of %r: %s", trajectory, error)
        return self._makeshift.load(trajectory, function_id) if values is None else values

    def store(self, trajectory: Content, function_id: str, values: NDArray[Any]) -> None:
        """Keep the values of a function.

        Raises
        ------
        ValueError
            Unless it is a numeric array with one row for each frame.
        """
        array = _checked(trajectory, function_id, values)
        try:
            self._stores[self._type].store(trajectory, function_id, array)
        except OSError as error:
            logger.warning(
                "Values of %r are kept in memory only, they can't be stored: %s", trajectory, error
            )
            self._makeshift.store(trajectory, function_id, array)

    def clear(self, trajectory: Content) -> None:
        """Forget all values of a trajectory, in every cache."""
        for store in (*self._stores.values(), self._makeshift):
            store.clear(trajectory)

    def use(self, type: str, copy_content: bool = True, clear_old_cache: bool = False) -> None:
        """Switch to another cache, at once and for all living trajectories.

        Parameters
        ----------
        type : str
            ``npz`` or ``memory``, in any case.
        copy_content : bool
            Whether values of the living trajectories are copied to it.
        clear_old_cache : bool
            Whether they are removed from the others.

        Raises
        ------
        ValueError
            For an unknown type.
        """
        if type.lower() not in self._stores:
            known = ", ".join(sorted(self._stores))
            raise ValueError(f"There is no cache type {type!r}; choose one of {known}.")
        self._type = type.lower()
        living = [reference() for reference in self._living.valuerefs()]
        for trajectory in (one for one in living if one is not None):
            try:
                self.take_over(
                    trajectory, copy_content=copy_content, clear_old_cache=clear_old_cache
                )
            except (OSError, RuntimeError, ValueError) as error:
                logger.warning("Cached values of %r stay where they are: %s", trajectory, error)

    def take_over(self, trajectory: Content, *, copy_content: bool, clear_old_cache: bool) -> None:
        """Bring the values of one trajectory into the cache in use."""
        target = self._stores[self._type]
        for store in (*self._stores.values(), self._makeshift):
            if store is target:
                continue
            if copy_content:
                for function_id, values in store.items(trajectory):
                    target.store(trajectory, function_id, values)
            if clear_old_cache:
                store.clear(trajectory)

    def deregister_h5py(self, _trajectory: Content, _group: object) -> None:
        """Stop using an HDF5 group.

        Raises
        ------
        RuntimeError
            If the cache type is another.
        """
        raise RuntimeError(f"The cache type is {self._type}, there is no HDF5 group to deregister.")

    def register(self, trajectory: Content) -> None:
        """Have a trajectory follow changes of the cache type for as long as it lives."""
        self._living[id(trajectory)] = trajectory


class MemoryStore:
    """Keeps values for as long as a trajectory object with that content lives."""

    def __init__(self) -> None:
        self._contents: weakref.WeakValueDictionary[int, _Values] = weakref.WeakValueDictionary()
        self._mutex = threading.Lock()

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


class NpzStore:
    """Keeps values in an npz file beside the first trajectory file.

    Values stored beside one copy of the files are also found through another, as far as
    this process knows of them.
    """

    def __init__(self) -> None:
        self._files = NpzFiles()
        self._places: OrderedDict[int, set[Path]] = OrderedDict()

    def load(self, content: Content, function_id: str) -> NDArray[Any] | None:
        """Read from the file, or from one beside a copy."""
        value = content.trajectory_hash
        for path in self._paths(content):
            values = self._files.load(path, value, function_id)
            if values is not None:
                return values
        return None

    def store(self, content: Content, function_id: str, values: NDArray[Any]) -> None:
        """Write to the file."""
        value, path = content.trajectory_hash, npz_cache_path(content.paths)
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
        for path in self._existing(content):
            self._files.clear(path, content.trajectory_hash)

    def _paths(self, content: Content) -> list[Path]:
        own = npz_cache_path(content.paths)
        others = self._places.get(content.trajectory_hash, ()) if self._places else ()
        return [own, *(path for path in tuple(others) if path != own)]

    def _existing(self, content: Content) -> list[Path]:
        if not self._places and not npz_cache_path(content.paths).exists():
            return []  # without asking for the hash
        return [path for path in self._paths(content) if path.exists()]


def _checked(trajectory: Content, function_id: str, values: NDArray[Any]) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "biufc" or array.ndim < 1 or len(array) != len(trajectory):
        raise ValueError(
            f"Values of {function_id} can't be kept: shape {array.shape} and type {array.dtype} "
            f"are not one row of numbers for each of the {len(trajectory)} frames."
        )
    return array
