"""End jobs: for good, by their own, or because the kernel ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.book import JobBook
from asyncmd_jupyter.jobs.follower import updated
from asyncmd_jupyter.jobs.launcher import Launcher
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.starter import Starter
from asyncmd_jupyter.jobs.store import JobStore

logger = logging.getLogger(__name__)

Delivery = Callable[[Launcher, Sequence[JobRecord]], Awaitable[None]]


class Stopper:
    """Delivers the wish that jobs end, each launcher's in one call.

    Parameters
    ----------
    book : JobBook
        This kernel's jobs.
    store : JobStore
        Learns of every wish before it is sent.
    launchers : Launchers
        Carry it out.
    starter : Starter
        Knows which jobs are held back or just being started.
    """

    def __init__(
        self, book: JobBook, store: JobStore, launchers: Launchers, starter: Starter
    ) -> None:
        self._book = book
        self._store = store
        self._launchers = launchers
        self._starter = starter

    async def cancel(self, jobs: Iterable[JobRecord]) -> None:
        """End jobs for good, also those of another kernel."""
        jobs = [job for job in jobs if not job.state.is_final]
        others = [job for job in jobs if job.id not in self._book]
        started = self.note([job for job in jobs if job.id in self._book])
        await asyncio.to_thread(self._store_wishes, [job.id for job in others])
        await self._wait_for_starts(started)
        await self._deliver(_cancel, [*self._running(started), *others])

    async def ask_to_stop(self, jobs: Iterable[JobRecord]) -> None:
        """Let jobs end by themselves; those that are held back are cancelled."""
        jobs = [job for job in jobs if not job.state.is_final]
        waiting = [job for job in jobs if self._starter.is_waiting(job.id)]
        started = [job for job in jobs if job not in waiting]
        self.note(waiting)
        await self._wait_for_starts(started)
        running = self._running(started)
        for job in running:
            if job.id in self._book:
                self._book.change(job.id, stop_requested=True)
        await self._deliver(_ask_to_stop, running)

    def note(self, jobs: Iterable[JobRecord]) -> list[JobRecord]:
        """Record that jobs of this kernel shall end; returns those that have to be told."""
        started = []
        for job in jobs:
            if self._starter.is_waiting(job.id):
                self.give_up(job, "It was cancelled before it was started.")
            else:
                self._book.change(job.id, cancel_requested=True)
                started.append(job)
        return started

    def give_up(self, job: JobRecord, reason: str) -> None:
        """End a job that was never started."""
        changes = {"state": JobState.CANCELLED, "reason": reason, "ended": datetime.now(UTC)}
        self._book.change(job.id, **changes)

    def give_up_waiting(self, jobs: Iterable[JobRecord], reason: str) -> None:
        """End those of the jobs that were never started."""
        for job in jobs:
            if job.state is JobState.WAITING:
                self.give_up(job, reason)

    def unfinished_local(self) -> list[JobRecord]:
        """All jobs that use this machine."""
        return [job for job in self._book.unfinished() if self._launchers.of(job).is_local]

    def unfinished_with_kernel(self) -> list[JobRecord]:
        """All jobs that use this machine, marked as ended with this kernel."""
        for job in self.unfinished_local():
            self._book.change(job.id, ended_with_kernel=True)
        return self.unfinished_local()

    def end_local_now(self) -> None:
        """End all jobs of this machine and wait for it, without an event loop."""
        jobs = self.note(self.unfinished_with_kernel())
        self._store_wishes([])
        for launcher, group in self._launchers.grouped(jobs):
            for job_id, status in launcher.end_now(self._running(group)).items():
                self._book.put(updated(self._book[job_id], status))

    def _store_wishes(self, others: list[str]) -> None:
        try:
            self._store.flush()
            self._store.request_cancel(others)
        except JobError:
            logger.exception("The wish to end jobs can't be stored; they are ended anyway.")

    async def _wait_for_starts(self, jobs: Iterable[JobRecord]) -> None:
        for start in filter(None, [self._starter.start_of(job.id) for job in jobs]):
            await asyncio.wait([start])

    def _running(self, jobs: Iterable[JobRecord]) -> list[JobRecord]:
        newest = [self._book.newest(job) for job in jobs]
        return [job for job in newest if not job.state.is_final]

    async def _deliver(self, delivery: Delivery, jobs: list[JobRecord]) -> None:
        groups = self._launchers.grouped(jobs)
        await asyncio.gather(*(delivery(launcher, group) for launcher, group in groups))


def _cancel(launcher: Launcher, jobs: Sequence[JobRecord]) -> Awaitable[None]:
    return launcher.cancel(jobs)


def _ask_to_stop(launcher: Launcher, jobs: Sequence[JobRecord]) -> Awaitable[None]:
    return launcher.ask_to_stop(jobs)
