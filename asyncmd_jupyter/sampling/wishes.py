"""Does with the runs of this kernel what others want, such as the panel of JupyterLab."""

from __future__ import annotations

import asyncio
import logging
import os

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.tasks import PollLoop
from asyncmd_jupyter.jobs.wishes import HOLD, Wish, Wishes
from asyncmd_jupyter.sampling.runs import Runs

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0


class WishesOfOthers:
    """Looks for wishes while a run goes on or is held; a service of the runtime."""

    def __init__(self, of: runtime.Runtime) -> None:
        self._wishes = Wishes(of.settings.state_dir)
        self._loop = PollLoop(self._look, self._is_needed)

    @classmethod
    def current(cls) -> WishesOfOthers:
        """The service of the current runtime."""
        return runtime.current().service(cls)

    def ensure(self) -> None:
        """Look from now on, in this event loop."""
        self._loop.ensure()

    def _is_needed(self) -> bool:
        return any(not (run.done or run.is_left) for run in Runs.current().all())

    async def _look(self) -> bool:
        wishes = await asyncio.to_thread(self._wishes.take, str(Owner.this()))
        for wish in wishes:
            runtime.start(_fulfil(wish), name=f"{wish.verb} {wish.run}")
        await asyncio.sleep(_PAUSE_SECONDS)
        return False


async def _fulfil(wish: Wish) -> None:
    """Hold or release the run that is meant, if this kernel has it."""
    runs = (run for run in Runs.current().all() if run.id == wish.run)
    run = next((run for run in runs if _is_same(str(run.workdir), wish.folder)), None)
    if run is None or run.done:
        return
    try:
        if wish.verb == HOLD:
            await run.hold()
        else:
            run.resume()
    except ValueError as error:  # it has ended, or goes on: others may have been quicker
        logger.info("%s", error)


def _is_same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
