"""Wait until jobs are in Slurm's queue, which may hold only so many of ours."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.job import Job
from asyncmd_jupyter.jobs.model import JobChanged, JobRecord

_Waiter = asyncio.Future[None]


class Arrivals:
    """Tells when jobs are in the queue; one subscription for all of them.

    Parameters
    ----------
    runtime : Runtime
        Publishes what becomes of jobs.
    """

    def __init__(self, runtime: runtimes.Runtime) -> None:
        self._waiters: dict[str, set[_Waiter]] = {}
        runtime.events.subscribe(self._hear, JobChanged)

    @classmethod
    def create(cls, runtime: runtimes.Runtime) -> Arrivals:
        """The one of a runtime, for `Runtime.service`."""
        return cls(runtime)

    @classmethod
    def current(cls) -> Arrivals:
        """The one of the runtime in force."""
        return runtimes.current().service(cls.create)

    async def of(self, job: Job) -> JobRecord:
        """The record of a job as soon as Slurm's id is known, or it will never be."""
        while not _is_settled(job.record):
            await self._next_change(job)
        return job.record

    async def _next_change(self, job: Job) -> None:
        waiter = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(job.id, set())
        waiters.add(waiter)
        try:
            if not _is_settled(job.record):  # it may have changed in another thread
                await waiter
        finally:
            waiters.discard(waiter)

    def _hear(self, event: JobChanged) -> None:
        if event.record.id in self._waiters and _is_settled(event.record):
            for waiter in self._waiters.pop(event.record.id):
                _wake(waiter)


def _is_settled(record: JobRecord) -> bool:
    return record.native_id is not None or record.state.is_final


def _wake(waiter: _Waiter) -> None:
    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    with suppress(RuntimeError):  # the loop of the one who waited has been closed
        waiter.get_loop().call_soon_threadsafe(wake)
