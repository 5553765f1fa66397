"""One thread that draws, so that several views don't compete for the interpreter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from asyncmd_jupyter import runtime

T = TypeVar("T")


class Drawing:
    """The drawing thread of a runtime; matplotlib is first imported in it."""

    def __init__(self, _runtime: runtime.Runtime) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="asyncmd-drawing")

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Call ``work(*args)`` after all that was asked for earlier."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


async def in_drawing_thread(work: Callable[..., T], *args: Any) -> T:
    """Call ``work(*args)`` in the drawing thread of the current runtime."""
    return await runtime.current().service(Drawing).run(work, *args)
