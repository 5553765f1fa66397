"""One at a time where a simulation is prepared or its next part is started."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from asyncmd_jupyter import runtime


class SimulationLocks:
    """A lock for each simulation; a service of the runtime.

    Between the look whether a part is running and its start there are awaits, in which
    another task of this kernel could do the same. Other kernels are told apart by the store.
    """

    def __init__(self, _: runtime.Runtime) -> None:
        # Weakly, so that each event loop gets a lock of its own.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    def current(cls) -> SimulationLocks:
        """The service of the current runtime."""
        return runtime.current().service(cls)

    def of(self, key: str) -> asyncio.Lock:
        """The lock of a simulation, see `EngineFiles.key`."""
        return self._locks.setdefault(key, asyncio.Lock())
