"""Put jobs that arrive together and are alike into one call of sbatch: a job array.

A campaign of hundreds of equal jobs costs the controller one request, not hundreds. Whatever
an array is refused for, its jobs are then submitted as if they had come alone.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from asyncmd_jupyter.background import settled
from asyncmd_jupyter.errors import SlurmSubmissionError
from asyncmd_jupyter.jobs.model import JobRecord, Submitted
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.slurm.request import (
    Request,
    array_request,
    can_share,
    likeness,
)
from asyncmd_jupyter.jobs.slurm.submission import RefusedError, Submissions
from asyncmd_jupyter.jobs.tasks import OwnedTasks, carried_out
from asyncmd_jupyter.settings import SlurmSettings

_QUIET_SECONDS = 0.02
_LONGEST_SECONDS = 3.0
_GIVEN_UP = "It was cancelled before it was in the queue."
_MOST_TASKS = 1000  # what Slurm allows unless a site has changed MaxArraySize

Ticket = asyncio.Future[Submitted]


class Gathering:
    """Waits a moment whether more jobs of the same kind arrive.

    Parameters
    ----------
    submissions : Submissions
        Call sbatch.
    memberships : Memberships
        Get to know which jobs are submitted together.
    settings : callable
        Gives the settings in force.
    excluded : callable
        Gives the nodes that no job shall use.
    on_the_way : callable
        Gives the ids of jobs that will arrive soon.
    """

    def __init__(
        self,
        submissions: Submissions,
        memberships: Memberships,
        settings: Callable[[], SlurmSettings],
        excluded: Callable[[], Sequence[str]],
        on_the_way: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._submissions = submissions
        self._memberships = memberships
        self._settings = settings
        self._excluded = excluded
        self._on_the_way = on_the_way
        self._here: set[str] = set()
        self._open: dict[tuple[str, ...], _Group] = {}
        self._most = _MOST_TASKS
        self._tasks = OwnedTasks()

    async def submit(self, job: JobRecord) -> Submitted:
        """What a job is called, without its id when only the queue will be able to tell that.

        Raises
        ------
        SlurmSubmissionError
            It is not in the queue and will not be.
        """
        self._here.add(job.id)
        try:
            return await self._submit(job)
        finally:
            self._here.discard(job.id)

    async def _submit(self, job: JobRecord) -> Submitted:
        settings = self._settings()
        if not settings.job_arrays or not can_share(job):
            return await self._submissions.submit(Request(job))
        group = self._group(likeness(settings, job, self._excluded()))
        ticket = group.add(job)
        try:
            return await asyncio.shield(ticket)
        except asyncio.CancelledError:
            await self._withdraw(group, job, ticket)
            raise

    def _group(self, kind: tuple[str, ...]) -> _Group:
        group = self._open.get(kind)
        if group is None or not group.is_here or len(group.tickets) >= self._most:
            group = self._open[kind] = _Group()
            group.task = self._tasks.start(self._run(kind, group))
        return group

    async def _run(self, kind: tuple[str, ...], group: _Group) -> None:
        try:
            await group.complete(self._are_more_coming)
            if self._open.get(kind) is group:
                del self._open[kind]
            group.is_closed = True
            await self._submit_all(group, [job for job, _ in group.tickets.values()])
        finally:
            group.is_closed = True
            group.give_up()

    def _are_more_coming(self) -> bool:
        return any(job_id not in self._here for job_id in self._on_the_way())

    async def _withdraw(self, group: _Group, job: JobRecord, ticket: Ticket) -> None:
        """Its event loop ends, so nobody would hear of what is submitted now."""
        if not group.is_closed:
            group.tickets.pop(job.id, None)
            return
        if group.task is not None:
            await settled(group.task)
        native_id = ticket.result().native_id if ticket.done() and _is_fine(ticket) else None
        if native_id is not None:
            await carried_out(lambda: self._submissions.end(native_id))

    async def _submit_all(self, group: _Group, jobs: Sequence[JobRecord]) -> None:
        if not jobs:
            return
        if len(jobs) == 1:
            await self._submit_alone(group, jobs[0])
        elif len(jobs) > self._most:
            await self._submit_in_halves(group, jobs)
        else:
            await self._submit_array(group, jobs)

    async def _submit_array(self, group: _Group, jobs: Sequence[JobRecord]) -> None:
        request = array_request(secrets.token_hex(8), jobs)
        try:
            await asyncio.to_thread(self._prepare, request)
        except OSError:
            await self._dissolve(group, request)
            return
        try:
            array = await self._submissions.submit(request)
        except RefusedError as error:
            await self._refused(group, request, error)
        except SlurmSubmissionError as error:
            group.refuse(jobs, str(error))
        else:
            group.refuse([job for job in jobs if job.id in request.left_out], _GIVEN_UP)
            group.hand_out(jobs, array)

    async def _refused(self, group: _Group, request: Request, error: RefusedError) -> None:
        """An array may be too long, or forbidden, or one limit may be left for some jobs."""
        jobs = request.tasks
        if "array" in error.complaint.lower():
            self._most = max(1, len(jobs) // 2)
            await self._forget(request)
            await self._submit_in_halves(group, jobs)
        elif error.is_hopeless:
            await self._forget(request)
            await self._submit_alone(group, jobs[0])
            if group.was_refused(jobs[0]):
                group.refuse(jobs[1:], str(error))
            else:
                await self._submit_each(group, jobs[1:])
        else:
            await self._dissolve(group, request)

    async def _submit_in_halves(self, group: _Group, jobs: Sequence[JobRecord]) -> None:
        half = len(jobs) // 2
        await self._submit_all(group, jobs[:half])
        await self._submit_all(group, jobs[half:])

    async def _dissolve(self, group: _Group, request: Request) -> None:
        await self._forget(request)
        await self._submit_each(group, request.tasks)

    async def _submit_each(self, group: _Group, jobs: Sequence[JobRecord]) -> None:
        await asyncio.gather(*(self._submit_alone(group, job) for job in jobs))

    async def _submit_alone(self, group: _Group, job: JobRecord) -> None:
        try:
            taken = await self._submissions.submit(Request(job))
        except SlurmSubmissionError as error:
            group.refuse([job], str(error))
        else:
            group.settle(job, taken)

    def _prepare(self, request: Request) -> None:
        self._memberships.enrol(request.record.id, request.tasks)

    async def _forget(self, request: Request) -> None:
        await asyncio.to_thread(self._memberships.dismiss, request.tasks)


class _Group:
    """Jobs that are submitted together, and what those who brought them wait for."""

    def __init__(self) -> None:
        self.tickets: dict[str, tuple[JobRecord, Ticket]] = {}
        self.task: asyncio.Task[None] | None = None
        self.is_closed = False
        self._loop = asyncio.get_running_loop()

    @property
    def is_here(self) -> bool:
        """Whether it takes more jobs in this event loop."""
        return not self.is_closed and self._loop is asyncio.get_running_loop()

    def add(self, job: JobRecord) -> Ticket:
        """Take a job."""
        ticket: Ticket = self._loop.create_future()
        self.tickets[job.id] = job, ticket
        return ticket

    async def complete(self, are_more_coming: Callable[[], bool]) -> None:
        """Wait until no more jobs arrive."""
        end = time.monotonic() + _LONGEST_SECONDS
        number = -1
        while number != len(self.tickets) or are_more_coming():
            number = len(self.tickets)
            await asyncio.sleep(_QUIET_SECONDS)
            if time.monotonic() > end:
                return

    def hand_out(self, jobs: Sequence[JobRecord], array: Submitted) -> None:
        """Tell each job its native id."""
        for number, job in enumerate(jobs):
            native_id = None if array.native_id is None else f"{array.native_id}_{number}"
            self.settle(job, replace(array, native_id=native_id))

    def settle(self, job: JobRecord, taken: Submitted) -> None:
        """Tell a job what it is called."""
        ticket = self.tickets[job.id][1]
        if not ticket.done():
            ticket.set_result(taken)

    def refuse(self, jobs: Sequence[JobRecord], message: str) -> None:
        """Tell jobs why they were not submitted."""
        for job in jobs:
            ticket = self.tickets[job.id][1]
            if not ticket.done():
                ticket.set_exception(SlurmSubmissionError(message))

    def was_refused(self, job: JobRecord) -> bool:
        """Whether a job was not submitted."""
        return not _is_fine(self.tickets[job.id][1])

    def give_up(self) -> None:
        """Nobody will tell any more."""
        for _, ticket in self.tickets.values():
            ticket.cancel()


def _is_fine(ticket: Ticket) -> bool:
    return not ticket.cancelled() and ticket.exception() is None
