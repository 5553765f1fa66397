"""Values of functions on trajectories: in memory, in files beside them, or in HDF5 files."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.h5py_store import H5pyStore, NoWritableFileError, Source
from asyncmd_jupyter.frames.memory_store import MemoryStore
from asyncmd_jupyter.frames.npz_beside import NpzStore
from asyncmd_jupyter.frames.value_store import Content, ValueStore

logger = logging.getLogger(__name__)

DEFAULT_TYPE = "npz"


class ValueCaches:
    """The value caches of one runtime, one of which is in use.

    All methods may be called in any thread. A cache never makes a computation fail: what
    can't be kept beside a trajectory, say in a folder that is not writable, is logged and
    kept in memory.
    """

    def __init__(self) -> None:
        self._type = DEFAULT_TYPE
        self._h5py = H5pyStore()
        self._stores: dict[str, ValueStore] = {
            "h5py": self._h5py,
            "memory": MemoryStore(),
            "npz": NpzStore(),
        }
        self._makeshift = MemoryStore()
        self._living: weakref.WeakValueDictionary[int, Content] = weakref.WeakValueDictionary()
        self._has_complained = False

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

    @property
    def h5py_sources(self) -> tuple[str, ...]:
        """The registered HDF5 groups in words, that for new values first."""
        return tuple(map(str, self._h5py.sources))

    def peek(self, trajectory: Content, function_id: str) -> NDArray[Any] | None:
        """Get values that are at hand, as `load` does, within microseconds.

        Returns
        -------
        array or None
            None if they have to be looked for with `load`.
        """
        return self._stores[self._type].peek(trajectory, function_id)

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
        except NoWritableFileError as error:
            self._keep_for_now(trajectory, function_id, array, error)
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
            ``h5py``, ``npz`` or ``memory``, in any case.
        copy_content : bool
            Whether values of the living trajectories are copied to it.
        clear_old_cache : bool
            Whether they are removed from the others.

        Raises
        ------
        ValueError
            For an unknown type, or when values would be removed from files while there is
            only memory to keep them.
        """
        if not isinstance(type, str) or type.lower() not in self._stores:
            known = ", ".join(sorted(self._stores))
            raise ValueError(f"There is no cache type {type!r}; choose one of {known}.")
        if type.lower() == "h5py" and clear_old_cache:
            _check_target(self._h5py.target)
        self._switch(type.lower(), copy_content, clear_old_cache)

    def take_over(self, trajectory: Content, *, copy_content: bool, clear_old_cache: bool) -> None:
        """Bring the values of one trajectory into the cache in use.

        Raises
        ------
        ValueError
            When values would be removed from files while there is only memory to keep them.
        """
        if self._type == "h5py" and clear_old_cache:
            _check_target(self._h5py.target)
        target = self._stores[self._type]
        for store in (*self._stores.values(), self._makeshift):
            if store is target:
                continue
            if copy_content:
                self._copy(trajectory, store)
            if clear_old_cache:
                store.clear(trajectory)

    def register_h5py(
        self,
        group: Any,
        *,
        copy_h5py: bool = False,
        copy_content: bool = True,
        clear_old_cache: bool = False,
    ) -> None:
        """Search an HDF5 file too, store in it if it can be written, and switch to h5py.

        Parameters
        ----------
        group : h5py.Group or h5py.File
        copy_h5py : bool
            Whether everything in the other registered files is copied to it.
        copy_content : bool
            Whether values of living trajectories in caches of other types are copied.
        clear_old_cache : bool
            Whether what is copied by these two is removed where it was.

        Raises
        ------
        TypeError
            For anything but a file or group.
        ValueError
            If it is closed, or read-only where there is something to copy or to clear.
        """
        source = Source.of(group)
        if copy_h5py and not source.is_writable:
            raise ValueError(f"Nothing can be copied to {source}.")
        if clear_old_cache:
            _check_target(source if source.is_writable else self._h5py.target)
        self._h5py.register(source)
        self._has_complained = False
        if copy_h5py:
            self._h5py.copy_between(source, clear=clear_old_cache)
        self._switch("h5py", copy_content, clear_old_cache)

    def deregister_h5py(self, group: object, trajectory: Content | None = None) -> None:
        """Stop using an HDF5 group, which may be closed already.

        Parameters
        ----------
        group : h5py.Group or h5py.File
        trajectory : Trajectory, optional
            The only one for which that holds.

        Raises
        ------
        RuntimeError
            For one trajectory, if the cache type is another.
        ValueError
            If the group is not registered.
        """
        if trajectory is None:
            self._h5py.deregister(group)
        elif self._type == "h5py":
            self._h5py.exclude(trajectory, group)
        else:
            raise RuntimeError(
                f"The cache type is {self._type}, there is no HDF5 group to deregister."
            )

    def register(self, trajectory: Content) -> None:
        """Have a trajectory follow changes of the cache type for as long as it lives."""
        self._living[id(trajectory)] = trajectory

    def clear_living(self) -> None:
        """Forget all values of all trajectories that live in this process."""
        self._for_living(self.clear)

    def _switch(self, type: str, copy_content: bool, clear_old_cache: bool) -> None:
        self._type = type
        self._for_living(
            lambda trajectory: self.take_over(
                trajectory, copy_content=copy_content, clear_old_cache=clear_old_cache
            )
        )

    def _for_living(self, change: Callable[[Content], None]) -> None:
        """Do something for each; files of some may have gone."""
        living = [reference() for reference in self._living.valuerefs()]
        for trajectory in (one for one in living if one is not None):
            try:
                change(trajectory)
            except (OSError, RuntimeError, ValueError) as error:
                logger.warning("Cached values of %r stay where they are: %s", trajectory, error)

    def _copy(self, trajectory: Content, store: ValueStore) -> None:
        target = self._stores[self._type]
        for function_id, values in store.items(trajectory):
            try:
                target.store(trajectory, function_id, values)
            except NoWritableFileError:
                self._makeshift.store(trajectory, function_id, values)

    def _keep_for_now(
        self, trajectory: Content, function_id: str, values: NDArray[Any], reason: Exception
    ) -> None:
        """Keep in memory what a file that is registered later takes over."""
        if not self._has_complained:
            self._has_complained = True
            logger.warning(
                "Values are kept in memory only: %s. The next file that is registered and can "
                "be written takes them over.",
                reason,
            )
        self._makeshift.store(trajectory, function_id, values)


def _check_target(target: Source | None) -> None:
    if target is None:
        raise ValueError(
            "No HDF5 file that can be written is registered, so clear_old_cache would leave the "
            "values in memory only. Register one with config.register_h5py_cache first."
        )


def _checked(trajectory: Content, function_id: str, values: NDArray[Any]) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "biufc" or array.ndim < 1 or len(array) != len(trajectory):
        raise ValueError(
            f"Values of {function_id} can't be kept: shape {array.shape} and type {array.dtype} "
            f"are not one row of numbers for each of the {len(trajectory)} frames."
        )
    return array
