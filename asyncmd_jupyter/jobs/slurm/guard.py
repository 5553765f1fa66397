"""Keep to the budget of core hours: no new jobs beyond it, and a clean stop for those in Slurm."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from asyncmd_jupyter.errors import JobError, SlurmSubmissionError
from asyncmd_jupyter.jobs.core_hours import Budget, CoreHours
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.tasks import OwnedTasks

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 5.0


class Guard:
    """Asks the budget, never in the event loop and not often.

    Parameters
    ----------
    budget : Budget, optional
        Counts; without one everything may run.
    stop : callable
        Asks jobs to stop cleanly.
    """

    def __init__(
        self, budget: Budget | None, stop: Callable[[Sequence[JobRecord]], object]
    ) -> None:
        self._budget = budget
        self._stop = stop
        self._tasks = OwnedTasks()
        self._next = 0.0

    async def check(self) -> None:
        """Raise SlurmSubmissionError when nothing is left."""
        spent = await self._spent()
        if spent is not None and spent.is_used_up:
            raise SlurmSubmissionError(spent.refusal())

    def look_when_due(self, jobs: Sequence[JobRecord]) -> None:
        """Stop the jobs in the background when nothing is left."""
        if self._budget is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LOOKS
            self._tasks.start(self._look(jobs))

    async def _look(self, jobs: Sequence[JobRecord]) -> None:
        spent = await self._spent()
        going_on = [job for job in jobs if not (job.stop_requested or job.cancel_requested)]
        if spent is not None and spent.is_used_up and going_on:
            number = "1 job is" if len(going_on) == 1 else f"{len(going_on)} jobs are"
            logger.warning("%s %s asked to stop.", spent.refusal(), number)
            self._stop(going_on)

    async def _spent(self) -> CoreHours | None:
        if self._budget is None:
            return None
        try:
            return await asyncio.to_thread(_standing, self._budget)
        except (JobError, OSError) as error:
            logger.warning("The core hours in Slurm can't be counted: %s", error)
            return None


def _standing(budget: Budget) -> CoreHours | None:
    return None if budget.limit() is None else budget.count()
