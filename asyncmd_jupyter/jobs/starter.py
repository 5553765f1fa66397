"""Start jobs as soon as there are cores for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from asyncmd_jupyter.errors import JobError, SubmissionError
from asyncmd_jupyter.jobs.book import JobBook
from asyncmd_jupyter.jobs.cores import CoreQueue
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Submitted
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.shared_cores import SharedCores, submitted
from asyncmd_jupyter.jobs.tasks import OwnedTasks

_ANY_NUMBER = 2**31

Start = asyncio.Task[SubmissionError | None]


class Starter:
    """Holds jobs back until they fit: into the cores of this machine, or the slots elsewhere.

    Parameters
    ----------
    book : JobBook
        Tells which job has ended and gets what is new.
    launchers : Launchers
        Where jobs are handed to.
    shared : SharedCores
        Tells what other kernels use of this machine's cores.
    limit : callable
        Gives the number of cores that local jobs of all kernels may use together now.
    slots : callable
        Gives the number of jobs that other launchers may have at once; None for any.
    on_started : callable
        Called after each start.
    is_wanted : callable
        Whether nobody has cancelled a job, by its id, before it was started.
    """

    def __init__(
        self,
        book: JobBook,
        launchers: Launchers,
        shared: SharedCores,
        limit: Callable[[], int],
        slots: Callable[[], int | None],
        on_started: Callable[[], object],
        is_wanted: Callable[[str], bool],
    ) -> None:
        self._book = book
        self._launchers = launchers
        self._shared = shared
        self._limit = limit
        self._slots = slots
        self._on_started = on_started
        self._is_wanted = is_wanted
        self._cores = CoreQueue()
        self._elsewhere = CoreQueue()  # each job counts as one
        self._tasks = OwnedTasks()
        self._starts: dict[str, Start] = {}
        book.when_ended(self._release)

    def announced(self, party: str) -> AbstractContextManager[None]:
        """Let a party whose job is being made ready count as one that wants to go."""
        return self._cores.announced(party)

    def add(self, job: JobRecord) -> Start | None:
        """Queue a job; the result is its start if that has begun."""
        if self._launchers.of(job).is_local:
            needs = job.resources
            self._cores.put(job.id, needs.cores, takes_share=needs.share, party=needs.party)
        else:
            self._elsewhere.put(job.id, 1)
        self.start_what_fits()
        return self._starts.get(job.id)

    async def look_around(self) -> None:
        """Start what fits now, as other kernels may have left cores."""
        first = self._cores.first()
        if first is not None:
            await self._shared.look(self._book[first], self._limit())
        self.start_what_fits()

    def start_what_fits(self) -> None:
        """Begin to start all jobs for which there are cores now."""
        first = self._cores.first()
        if first is not None:
            taken = self._shared.taken(submitted(self._book[first]))
            n_others = self._shared.n_parties
            admitted = self._cores.admit(self._limit(), taken=taken, n_others=n_others)
            for job_id, cores in admitted.items():
                self._give_cores(job_id, cores)
                self._begin(job_id)
        slots = self._slots()
        for job_id in self._elsewhere.admit(_ANY_NUMBER if slots is None else slots):
            self._begin(job_id)

    def count_running(self, job: JobRecord) -> None:
        """Count the cores of a job that somebody else has started."""
        if self._launchers.of(job).is_local:
            self._cores.occupy(job.id, job.resources.cores, party=job.resources.party)
            self._shared.occupy(job.id, job.resources.cores)
        else:
            self._elsewhere.occupy(job.id, 1)

    def is_waiting(self, job_id: str) -> bool:
        """Whether a job is held back."""
        return job_id in self._cores or job_id in self._elsewhere

    def set_held(self, job_id: str, *, is_held: bool) -> bool:
        """Keep a job that waits here from starting, or let it; False if it does not wait here."""
        found = [queue.set_held(job_id, is_held) for queue in (self._cores, self._elsewhere)]
        if not is_held:
            self.start_what_fits()
        return any(found)

    def start_of(self, job_id: str) -> Start | None:
        """The start of a job while it is in progress."""
        return self._starts.get(job_id)

    def _release(self, job_id: str) -> None:
        self._cores.release(job_id)
        self._shared.release(job_id)
        self._elsewhere.release(job_id)
        with suppress(RuntimeError):  # no event loop runs: the interpreter exits
            asyncio.get_running_loop()
            self.start_what_fits()

    def _give_cores(self, job_id: str, cores: int) -> None:
        resources = self._book[job_id].resources
        if resources.cores != cores:
            self._book.change(job_id, resources=replace(resources, cores=cores))

    def _begin(self, job_id: str) -> None:
        task = self._starts[job_id] = self._tasks.start(self._start(job_id))
        task.add_done_callback(partial(self._after_start, job_id))

    def _after_start(self, job_id: str, start: Start) -> None:
        if self._starts.get(job_id) is start:
            del self._starts[job_id]
        job = self._book[job_id]
        never_began = start.cancelled() and job.state is JobState.WAITING
        if never_began:  # its event loop has ended; the next one goes on
            self._shared.release(job_id)
            with suppress(KeyError):
                queue = self._cores if self._launchers.of(job).is_local else self._elsewhere
                queue.put_back(job_id)

    async def _start(self, job_id: str) -> SubmissionError | None:
        try:
            if not await self._is_its_turn(job_id):
                self._wait_again(job_id)
                return None
            await self._submit(job_id)
        except asyncio.CancelledError:
            if self._book[job_id].state is not JobState.WAITING:
                reason = "The event loop ended while it was being started."
                self._book.change(job_id, state=JobState.CANCELLED, reason=reason)
            raise
        except (JobError, OSError) as error:
            state = JobState.FAILED if self._is_wanted(job_id) else JobState.CANCELLED
            self._book.change(job_id, state=state, reason=str(error))
            return error if isinstance(error, SubmissionError) else SubmissionError(str(error))
        self._on_started()
        return None

    async def _is_its_turn(self, job_id: str) -> bool:
        """Store that a job is handed over, unless other kernels have taken its cores."""
        launcher = self._launchers.of(self._book[job_id])
        handed_over: dict[str, Any] = {
            "state": JobState.PENDING,
            "cluster": await launcher.cluster(),
        }
        if launcher.is_local:
            claimed = replace(self._book[job_id], **handed_over)
            if not await self._shared.claim(claimed, self._limit()):
                return False
            self._book.note(job_id, **handed_over)
        else:
            await asyncio.wrap_future(self._book.change(job_id, **handed_over))
        return True

    def _wait_again(self, job_id: str) -> None:
        """Put a job back, unless somebody has cancelled it meanwhile."""
        if not self._is_wanted(job_id):
            reason = "It was cancelled before it was started."
            self._book.change(job_id, state=JobState.CANCELLED, reason=reason)
        elif not self._book[job_id].state.is_final:
            self._cores.put_back(job_id)

    async def _submit(self, job_id: str) -> None:
        launcher, cluster = self._launchers.of(self._book[job_id]), self._book[job_id].cluster
        taken = await launcher.submit(self._book[job_id])
        known = taken if isinstance(taken, Submitted) else Submitted(taken)
        self._book.change(
            job_id,
            native_id=known.native_id,
            cluster=known.cluster or cluster,
            comment=known.comment,
            queued=known.queued,
        )
        if self._book[job_id].cancel_requested:
            await launcher.cancel([self._book[job_id]])
