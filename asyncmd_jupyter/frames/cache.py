"""Values of functions on trajectories, kept beside the files or in memory."""

from __future__ import annotations

import weakref
from typing import Any

from asyncmd_jupyter import runtime as runtimes


class ValueCaches:
    """The caches of one runtime."""

    def __init__(self) -> None:
        self._living: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    @classmethod
    def create(cls, _runtime: runtimes.Runtime) -> ValueCaches:
        """Make the service of a runtime."""
        return cls()

    @classmethod
    def current(cls) -> ValueCaches:
        """The one of the current runtime."""
        return runtimes.current().service(cls.create)

    def register(self, trajectory: Any) -> None:
        """Have a trajectory follow changes of the cache type."""
        self._living[id(trajectory)] = trajectory

    def clear(self, trajectory: Any) -> None:
        """Forget all values of a trajectory."""

    def take_over(self, trajectory: Any, *, copy_content: bool, clear_old_cache: bool) -> None:
        """Take values over into the type in use."""

    def deregister_h5py(self, trajectory: Any, group: Any) -> None:
        """Stop using an HDF5 group."""
        raise RuntimeError("The cache type is not h5py.")
