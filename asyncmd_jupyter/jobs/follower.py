"""Follow the jobs that were started until they end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.book import JobBook
from asyncmd_jupyter.jobs.launcher import Launcher
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Status
from asyncmd_jupyter.jobs.starter import Starter
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jobs.tasks import PollLoop

logger = logging.getLogger(__name__)

_ORDER = {state: number for number, state in enumerate(JobState)}
_SECONDS_BETWEEN_REQUESTS = 1.0
_SECONDS_BETWEEN_OWNERSHIP = 10.0
_SLEEP_SECONDS = 5.0


class Follower:
    """One poll loop for all jobs of a launcher.

    Parameters
    ----------
    launcher : Launcher
        Is asked.
    book : JobBook
        Gets what is new.
    store : JobStore
        Where others leave their wish to end a job.
    owner : str
        Whose wishes are looked for.
    starter : Starter
        Starts what fits before each look, and knows what is just being started.
    on_requests : callable
        Called with the ids of the jobs that others want to end.
    """

    def __init__(
        self,
        launcher: Launcher,
        book: JobBook,
        store: JobStore,
        owner: str,
        starter: Starter,
        on_requests: Callable[[Collection[str]], object],
    ) -> None:
        self._launcher = launcher
        self._book = book
        self._store = store
        self._owner = owner
        self._starter = starter
        self._on_requests = on_requests
        self._next_requests = 0.0
        self._last_look = self._ownership_read = time.time()
        self._change: tuple[int, int] | None = None
        self._loop = PollLoop(self.look, self._is_needed, self._is_slow)
        self.ensure = self._loop.ensure
        self.wake = self._loop.wake
        self.stop = self._loop.stop

    async def look(self) -> bool:
        """Ask the launcher once; whether something was new."""
        await self._let_go_when_due()
        await self._starter.look_around()
        jobs = [job for job in self._jobs() if self._is_started(job)]
        statuses = await self._launcher.poll(jobs) if jobs else {}
        some_ended = any(status.state.is_final for status in statuses.values())
        await self._look_for_requests(at_once=some_ended)
        changes = [self._apply(job_id, status) for job_id, status in statuses.items()]
        return any(changes)

    async def _let_go_when_due(self) -> None:
        """Notice that others have taken jobs over, before anything is done with them.

        They do so when this process was stopped for long, or this machine slept.
        """
        now, last = time.time(), self._last_look
        self._last_look = now
        slept = not 0 <= now - last < _SLEEP_SECONDS
        if not slept and now - self._ownership_read < _SECONDS_BETWEEN_REQUESTS:
            return
        change = self._store.last_change()
        if change == self._change and now - self._ownership_read < _SECONDS_BETWEEN_OWNERSHIP:
            return
        self._change, self._ownership_read = change, now
        for job_id, owner in (await asyncio.to_thread(self._read_taken)).items():
            if job_id in self._book:
                logger.warning("The job %s was taken over by the kernel %s.", job_id, owner)
                self._book.let_go(job_id, owner)

    def _read_taken(self) -> dict[str, str]:
        try:
            return self._store.taken_over(self._owner, [job.id for job in self._jobs()])
        except JobError:
            logger.exception("Whose jobs these are can't be read; they are followed anyway.")
            return {}

    def _jobs(self) -> list[JobRecord]:
        return [job for job in self._book.unfinished() if job.launcher == self._launcher.name]

    def _is_started(self, job: JobRecord) -> bool:
        return job.state is not JobState.WAITING and self._starter.start_of(job.id) is None

    def _is_needed(self) -> bool:
        name = self._launcher.name
        return any(job.launcher == name for job in self._book.unfinished())

    def _is_slow(self) -> bool:
        """Jobs in a queue of others, none of which runs."""
        return not self._launcher.is_local and not any(
            job.state is JobState.RUNNING or job.cancel_requested for job in self._jobs()
        )

    async def _look_for_requests(self, *, at_once: bool) -> None:
        if not at_once and time.monotonic() < self._next_requests:
            return
        self._next_requests = time.monotonic() + _SECONDS_BETWEEN_REQUESTS
        requests = await asyncio.to_thread(self._read_requests)
        new = [job.id for job in self._jobs() if job.id in requests and not job.cancel_requested]
        if new:
            self._on_requests(new)

    def _read_requests(self) -> set[str]:
        try:
            return self._store.cancel_requests(self._owner)
        except JobError:
            logger.exception("The wishes of others can't be read; the jobs are followed anyway.")
            return set()

    def _apply(self, job_id: str, status: Status) -> bool:
        job = self._book[job_id]
        if job.state.is_final or not is_newer(job, status):
            return False
        self._book.put(updated(job, status))
        return True


def is_newer(job: JobRecord, status: Status) -> bool:
    """Whether the status tells something new; states of one attempt only move forward."""
    if status.attempt is not None and status.attempt != job.attempt:
        return status.attempt > job.attempt
    step = _ORDER[status.state] - _ORDER[job.state]
    return step > 0 or (step == 0 and _tells_more(job, status))


def _tells_more(job: JobRecord, status: Status) -> bool:
    told = (
        status.reason,
        status.nodes or job.nodes,
        status.native_id or job.native_id,
        status.started or job.started,
        status.queued or job.queued,
    )
    return told != (job.reason, job.nodes, job.native_id, job.started, job.queued)


def updated(job: JobRecord, status: Status) -> JobRecord:
    """The record with what a newer status tells."""
    job = replace(
        job,
        state=status.state,
        reason=status.reason,
        nodes=status.nodes or job.nodes,
        started=status.started or job.started,
        cause=status.cause,
        interrupted=status.interrupted,
        native_id=status.native_id or job.native_id,
        queued=status.queued or job.queued,
        held=job.held and status.state is JobState.PENDING,
    )
    if status.attempt is not None and status.attempt > job.attempt:
        job = replace(job, attempt=status.attempt, started=status.started, nodes=status.nodes)
    if not status.state.is_final:
        return job
    job = replace(job, exit_code=status.exit_code, ended=status.ended or datetime.now(UTC))
    if job.cancel_requested:
        why = "It was ended with its kernel." if job.ended_with_kernel else "It was cancelled."
        return replace(job, state=JobState.CANCELLED, reason=why)
    if job.stop_requested and job.state is JobState.CANCELLED and job.started is None:
        return replace(job, reason="It was asked to stop before it was started.")
    if job.stop_requested and job.exit_code in job.command.stop_codes:
        return replace(job, state=JobState.DONE, reason="It stopped as it was asked to.")
    return job
