"""One at a time where a simulation is prepared or its next part is started."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.errors import OtherKernelError
from asyncmd_jupyter.files.locking import claimed

_PATIENCE_SECONDS = 2.0
_PAUSE_SECONDS = 0.05


class SimulationLocks:
    """A lock for each simulation; a service of the runtime.

    Between the look whether a part is running and its start there are awaits, in which
    another task of this kernel, or another kernel, could do the same.
    """

    def __init__(self, _: runtime.Runtime) -> None:
        # Weakly, so that each event loop gets a lock of its own.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    def current(cls) -> SimulationLocks:
        """The service of the current runtime."""
        return runtime.current().service(cls)

    @asynccontextmanager
    async def of(self, files: EngineFiles) -> AsyncIterator[None]:
        """Be the only one that prepares a simulation or starts a part of it.

        Tasks of this kernel wait for each other.

        Raises
        ------
        OtherKernelError
            Another process does it, and not only for a moment.
        """
        async with self._locks.setdefault(files.key, asyncio.Lock()):
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while True:
                with claimed(files.workdir / f".{files.deffnm}.lock") as is_ours:
                    if is_ours:
                        yield
                        return
                if time.monotonic() > deadline:
                    raise OtherKernelError(_is_others(files))
                await asyncio.sleep(_PAUSE_SECONDS)


def _is_others(files: EngineFiles) -> str:
    return (
        f"Another kernel prepares {files.deffnm!r} in {str(files.workdir)!r} or starts its next "
        "part right now: go on there, or choose another deffnm or folder."
    )
