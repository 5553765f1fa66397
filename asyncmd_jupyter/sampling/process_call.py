"""A call of a user's function, to be made in another process on what it is here."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.errors import FunctionIdError
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling import carried_code
from asyncmd_jupyter.sampling.function_id import derive_id
from asyncmd_jupyter.settings import Settings


class OtherCodeError(Exception):
    """What a process has of a function is not what it is where the call comes from."""


@dataclass(frozen=True)
class ProcessCall:
    """A pickled call, and what makes the other process like this one.

    Attributes
    ----------
    name : str
        Of the function.
    pickled : bytes
        Function, trajectory and arguments, code with its text.
    id : str or None
        What the other process has to find as the id of the function, or else its
        modules of the user are others. None if none can be derived.
    paths, folder, settings, cache_type
        Of this process.
    """

    name: str
    pickled: bytes
    id: str | None
    paths: list[str]
    folder: str
    settings: Settings
    cache_type: str

    @classmethod
    def of(
        cls, name: str, function: Callable[..., Any], traj: Trajectory, kwargs: dict[str, Any]
    ) -> ProcessCall:
        """Pickle a call.

        Raises
        ------
        TypeError
            If that is not possible.
        """
        try:
            pickled = carried_code.dumps((function, traj, kwargs))
        except Exception as error:
            raise TypeError(
                f"{name}, or something it uses, can't be sent to another process: {error}. "
                "Evaluate it without use_processes."
            ) from error
        cache_type = ValueCaches.current().type
        return cls(
            name=name,
            pickled=pickled,
            id=_id_of(name, function, kwargs),
            paths=list(sys.path),
            folder=str(Path.cwd()),
            settings=runtimes.current().settings,
            cache_type="memory" if cache_type == "h5py" else cache_type,
        )

    def __call__(self) -> Any:
        """Make the call; this is what the other process does.

        Raises
        ------
        OtherCodeError
            If the function is another there.
        """
        os.chdir(self.folder)
        sys.path[:] = self.paths
        with runtimes.use(runtimes.Runtime(self.settings)):
            ValueCaches.current().use(self.cache_type)
            function, traj, kwargs = carried_code.loads(self.pickled)
            if self.id is not None and _id_of(self.name, function, kwargs) != self.id:
                raise OtherCodeError
            result = function(traj, **kwargs)
            return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


def _id_of(name: str, function: Callable[..., Any], kwargs: dict[str, Any]) -> str | None:
    try:
        return derive_id(function, kwargs, name=name)
    except FunctionIdError:
        return None


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result
