"""Many awaitables with a bar, for loops of users."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.background import Ending


async def gather_with_progress(
    *awaitables: Awaitable[Any], description: str = "", at_once: int | None = None
) -> list[Any]:
    """Await many things together as `asyncio.gather` does, and show a bar.

    The bar is that of `tqdm.auto`: a widget in a notebook, text in a terminal. When the cell
    is interrupted or one of them fails, the others are cancelled and waited for. Values of
    functions on trajectories that are complete by then are remembered, so the same call goes
    on from there.

    Parameters
    ----------
    *awaitables
        Such as ``phi(trajectory)`` for each of many trajectories.
    description : str
        Is shown before the bar.
    at_once : int, optional
        How many go on at the same time; all by default.

    Returns
    -------
    list
        Results in the order of the awaitables.

    Raises
    ------
    ValueError
        For `at_once` below 1.
    Exception
        The first error of any of them.
    """
    if at_once is not None and at_once < 1:
        raise ValueError(f"at_once={at_once} has to be at least 1, or None for no limit.")
    from tqdm.auto import tqdm

    turns = nullcontext() if at_once is None else asyncio.Semaphore(at_once)
    with tqdm(total=len(awaitables), desc=description or None) as bar:
        tasks = [runtime.start(_counted(one, turns, bar)) for one in awaitables]
        async with Ending(*tasks):
            return await asyncio.gather(*tasks)


async def _counted(one: Awaitable[Any], turns: AbstractAsyncContextManager[Any], bar: Any) -> Any:
    try:
        async with turns:
            result = await one
    finally:
        if asyncio.iscoroutine(one):
            one.close()  # it may never have begun
    bar.update()
    return result
