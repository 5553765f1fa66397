"""Keep jobs that wait from starting, and let them go again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.book import JobBook
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.starter import Starter

_HELD = "It is held."


class Holder:
    """Holds jobs that wait here, and asks launchers to hold those that wait elsewhere.

    Parameters
    ----------
    book : JobBook
        This kernel's jobs.
    launchers : Launchers
        Where jobs wait that were handed over.
    starter : Starter
        Where jobs wait that were not.
    """

    def __init__(self, book: JobBook, launchers: Launchers, starter: Starter) -> None:
        self._book = book
        self._launchers = launchers
        self._starter = starter

    async def hold(self, jobs: Iterable[JobRecord]) -> None:
        """Keep jobs from starting.

        Raises
        ------
        JobError
            One of them runs or has ended; nothing is held then. Or a launcher can't hold it.
        """
        await self._change(list(jobs), is_held=True)

    async def release(self, jobs: Iterable[JobRecord]) -> None:
        """Let jobs start again; errors as for `hold`."""
        await self._change(list(jobs), is_held=False)

    async def _change(self, jobs: list[JobRecord], *, is_held: bool) -> None:
        for job in jobs:
            self._check(job)
        handed_over = []
        for job in jobs:
            if self._starter.set_held(job.id, is_held=is_held):
                self._book.change(job.id, held=is_held, reason=_HELD if is_held else "")
            else:
                handed_over.append(job)
        await self._wait_for_starts(handed_over)
        groups = self._launchers.grouped([self._check(job) for job in handed_over])
        for launcher, group in groups:
            await (launcher.hold(group) if is_held else launcher.release(group))
            for job in group:
                self._book.change(job.id, held=is_held)

    def _check(self, job: JobRecord) -> JobRecord:
        """The newest record, if the job waits."""
        if job.id not in self._book:
            raise JobError(
                f"The job {job.id} ({job.name!r}) is looked after by another kernel: hold or "
                "release it there."
            )
        job = self._book.newest(job)
        if job.state.is_final:
            raise JobError(
                f"The job {job.id} ({job.name!r}) has ended ({job.state.value}): only jobs that "
                "wait can be held or released."
            )
        if job.state is JobState.RUNNING:
            raise JobError(
                f"The job {job.id} ({job.name!r}) runs already: only jobs that wait can be held. "
                "Hold its run, which lets it save its work and stop, or cancel it."
            )
        return job

    async def _wait_for_starts(self, jobs: Iterable[JobRecord]) -> None:
        for start in filter(None, [self._starter.start_of(job.id) for job in jobs]):
            await asyncio.wait([start])


def refuse_hold(job: JobRecord) -> JobError:
    """What launchers say where jobs start at once."""
    return JobError(
        f"The job {job.id} ({job.name!r}) is being started by {job.launcher!r}, which holds none."
    )
