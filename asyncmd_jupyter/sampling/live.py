"""Looking at a part while it is being computed, to stop it as soon as something happens.

What is seen here is a hint: the finished part is evaluated as a whole and only that
decides.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from asyncmd_jupyter import runtime
from asyncmd_jupyter.background import Ending
from asyncmd_jupyter.engines.part import Part, PartEnd
from asyncmd_jupyter.files.owners import make_ours
from asyncmd_jupyter.files.retrying import in_thread, retried
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.states import Condition, Examination, examine_all
from asyncmd_jupyter.sampling.stop import StopRule
from asyncmd_jupyter.sampling.timeline import whole_wraps

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = 0.02
LONGEST_PAUSE = 0.5
# Evaluating takes at most one part in this many of a core for each walker.
SHARE = 3


class LiveLook:
    """Hands the new whole frames of a growing part to the conditions.

    Parameters
    ----------
    part : Part
    conditions : sequence of (name, condition)
    rule : StopRule
    observer : PropagationObserver
    last_step : int, optional
        Frames behind it are not needed: a part that was started for more steps is stopped.
    clock : Clock, optional
        Of the times that the observer is told.
    """

    def __init__(
        self,
        part: Part,
        conditions: Sequence[tuple[str, Condition]],
        rule: StopRule,
        observer: PropagationObserver,
        last_step: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._part = part
        self._clock = clock or Clock()
        self._conditions = conditions
        self._rule = rule
        self._observer = observer
        ends_by_itself = part.last_step is not None and part.last_step <= (last_step or 0)
        self._last_step = None if ends_by_itself else last_step
        self._growing = GrowingFile(part.trajectory_file)
        file = part.trajectory_file
        # Nobody can have guessed it, and put a link there.
        self._folder = file.with_name(f".{file.stem}.live-{secrets.token_hex(4)}")
        self._stopped = False
        self._ahead: int | None = None

    async def run(self) -> None:
        """Look again and again; ends only by cancellation."""
        try:
            pause = SHORTEST_PAUSE
            while True:
                begin = time.monotonic()
                found = await self._look()
                spent = time.monotonic() - begin
                pause = max(SHORTEST_PAUSE, spent * (SHARE - 1)) if found else pause * 1.5
                await asyncio.sleep(min(pause, LONGEST_PAUSE))
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _look(self) -> bool:
        new = await in_thread(self._growing.path, self._growing.poll)
        if not len(new):
            return False
        new = self._counted_on(new)
        self._observer.frames_written(self._part, new)
        if self._conditions:
            await self._examine(new)
        await self._stop_beyond(int(new.steps[-1]))
        return True

    def _counted_on(self, new: FrameIndex) -> FrameIndex:
        """With the steps of the simulation, where those in the file have wrapped before it."""
        if self._ahead is None:
            self._ahead = whole_wraps(self._part.first_step - int(new.steps[0]))
        return replace(new, steps=new.steps + self._ahead)

    async def _stop_beyond(self, step: int) -> None:
        if self._last_step is not None and step >= self._last_step:
            await self._stop()

    async def _stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            await self._part.ask_to_stop()

    async def _examine(self, new: FrameIndex) -> None:
        known = len(self._growing)
        first = known - len(new)
        examinations = await retried(lambda: self._evaluate(first, known), self._growing.path)
        times = self._clock.times(new.steps, new.times)
        self._observer.examined(self._part.number, times, examinations, live=True)
        seen = [examination.fulfilled for examination in examinations]
        if self._rule.first(seen) is not None:
            await self._stop()

    async def _evaluate(self, first: int, last: int) -> list[Examination]:
        # A new name each time: readers leave index files beside what they read.
        snippet = self._folder / f"{first}-{last}{self._part.trajectory_file.suffix}"
        await asyncio.to_thread(self._copy, first, last, snippet)
        frames = Trajectory(str(snippet), str(self._part.structure_file))
        try:
            return await examine_all(self._conditions, frames, store=False)
        finally:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    def _copy(self, first: int, last: int, snippet: Path) -> None:
        make_ours(snippet.parent)
        self._growing.snippet(first, last, snippet)


async def follow(part: Part, look: LiveLook) -> PartEnd:
    """Wait for a part's end while looking at it.

    A condition that fails on a few frames may still work on the whole part, so its error
    only stops the part; the evaluation afterwards says what is true.
    """
    looking = runtime.start(look.run(), name=f"live look at {part.trajectory_file.name}")
    finishing = runtime.start(part.finish(), name=f"end of {part.trajectory_file.name}")
    async with Ending(looking, finishing):
        await asyncio.wait({looking, finishing}, return_when=asyncio.FIRST_COMPLETED)
        if not finishing.done():
            # With where it came from it is raised again by whoever evaluates the whole part.
            error = looking.exception()
            logger.warning(
                "The conditions failed on new frames of %s (%s: %s); the part is stopped and "
                "evaluated.",
                *(part.trajectory_file, type(error).__name__, error),
            )
            logger.debug("The conditions failed so:", exc_info=error)
            await part.ask_to_stop()
        return await asyncio.shield(finishing)
