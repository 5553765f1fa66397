"""Which simulations are being worked on in this kernel."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.errors import EngineError


class SimulationsInUse:
    """Lets only one task at a time work on a simulation; a service of the runtime.

    Two propagations of the same files would each wait for the other's parts, count them as
    their own or take them away. Other kernels are told apart by their jobs.
    """

    def __init__(self, _: runtime.Runtime | None = None) -> None:
        self._lock = threading.Lock()
        self._users: dict[str, _User] = {}

    @classmethod
    def current(cls) -> SimulationsInUse:
        """The service of the current runtime."""
        return runtime.current().service(cls)

    @contextmanager
    def used(self, files: EngineFiles, doing: str) -> Iterator[None]:
        """Keep others off a simulation within the block, in whatever way that ends.

        Parameters
        ----------
        files : EngineFiles
        doing : str
            What is done, to be told to others: ``"propagated"``.

        Raises
        ------
        EngineError
            If somebody uses it already.
        """
        user = _User(doing)
        with self._lock:
            other = self._users.get(files.key)
            if other is not None and not other.loop.is_closed():
                raise EngineError(_is_used(files, other.doing))
            self._users[files.key] = user
        try:
            yield
        finally:
            with self._lock:
                if self._users.get(files.key) is user:
                    del self._users[files.key]


class _User:
    def __init__(self, doing: str) -> None:
        # A task whose event loop was closed will never come to the end of its block.
        self.loop = asyncio.get_running_loop()
        self.doing = doing


def _is_used(files: EngineFiles, doing: str) -> str:
    return (
        f"{files.deffnm!r} in {str(files.workdir)!r} is being {doing} already in this kernel: "
        "wait for that task, or cancel it and await its end."
    )
