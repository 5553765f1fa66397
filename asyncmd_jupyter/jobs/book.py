"""What this process knows of its jobs: records, who waits for their ends, and the news."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any

from asyncmd_jupyter.errors import OtherKernelError
from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.jobs.model import JobChanged, JobRecord
from asyncmd_jupyter.jobs.store import JobStore

logger = logging.getLogger(__name__)

Waiter = asyncio.Future[JobRecord]


class JobBook:
    """Every change of a record goes through here: into the store, then to all who listen.

    Parameters
    ----------
    events : EventBus
        Hears `JobChanged`.
    store : JobStore
        Gets every record.
    """

    def __init__(self, events: EventBus, store: JobStore) -> None:
        self._events = events
        self._store = store
        self._records: dict[str, JobRecord] = {}
        self._unfinished: dict[str, JobRecord] = {}
        self._waiters: dict[str, set[Waiter]] = {}
        self._on_end: list[Callable[[str], object]] = []
        self._let_go: set[str] = set()

    def __contains__(self, job_id: object) -> bool:
        return job_id in self._records and job_id not in self._let_go

    def __getitem__(self, job_id: str) -> JobRecord:
        return self._records[job_id]

    def newest(self, record: JobRecord) -> JobRecord:
        """The newest record of the same job, if it is known here."""
        return self._records.get(record.id, record)

    def when_ended(self, handler: Callable[[str], object]) -> None:
        """Call `handler` with the id of each job that ends."""
        self._on_end.append(handler)

    def newest_first(self) -> list[JobRecord]:
        """All records."""
        return list(reversed(self._records.values()))

    def unfinished(self) -> Iterator[JobRecord]:
        """Records of the jobs that have not ended."""
        return iter(list(self._unfinished.values()))

    def put(self, record: JobRecord) -> Future[None]:
        """Keep the newest record of a job; the result is there once it is stored."""
        if record.id in self._let_go:
            return _nothing_to_do()
        self._keep(record)
        stored = self._store.save(record)
        stored.add_done_callback(_log_failure)
        if record.state.is_final:
            self._wake_waiters(record)
            for handler in self._on_end:
                handler(record.id)
        self._events.publish(JobChanged(record))
        return stored

    def change(self, job_id: str, **changes: Any) -> Future[None]:
        """Replace some fields of a record; after its end nothing changes any more."""
        record = self._records[job_id]
        if record.state.is_final:
            return _nothing_to_do()
        return self.put(replace(record, **changes))

    def note(self, job_id: str, **changes: Any) -> None:
        """Replace some fields of a record as they are in the store already."""
        record = self._records[job_id]
        if record.id not in self._let_go and not record.state.is_final:
            self._keep(replace(record, **changes))
            self._events.publish(JobChanged(self._records[job_id]))

    async def add(self, record: JobRecord, alone_with: Mapping[str, str] | None = None) -> None:
        """Know a new job, once it is stored.

        Raises
        ------
        JobExistsError
            An unfinished job of anybody has the tags `alone_with`.
        """
        store = self._store
        saving = store.add_alone(record, alone_with) if alone_with else store.save(record)
        try:
            await asyncio.wrap_future(saving)
        except BaseException:
            self._store.forget_unsaved(record.id)
            raise
        self.adopt(record)

    def adopt(self, record: JobRecord) -> None:
        """Know a job that is in the store already."""
        self._let_go.discard(record.id)
        self._keep(record)
        self._events.publish(JobChanged(record))

    def let_go(self, job_id: str, owner: str) -> None:
        """Look no more after a job that another kernel has taken over; who waits is told."""
        record = self._records[job_id] = replace(self._records[job_id], owner=owner)
        self._let_go.add(job_id)
        self._unfinished.pop(job_id, None)
        error = OtherKernelError(
            f"The job {job_id} ({record.name!r}) was taken over by another kernel ({owner}), while"
            " this one gave no sign of life or by force: it goes on there."
        )
        for waiter in tuple(self._waiters.pop(job_id, ())):
            _settle(waiter, waiter.set_exception, error)
        for handler in self._on_end:
            handler(job_id)
        self._events.publish(JobChanged(record))

    async def wait(self, job_id: str) -> JobRecord:
        """The final record, as soon as there is one."""
        record = self._records[job_id]
        if record.state.is_final:
            return record
        waiter: Waiter = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(job_id, set())
        waiters.add(waiter)
        try:
            return await waiter
        finally:
            waiters.discard(waiter)

    def fail_waiters(self, error: Exception) -> None:
        """Tell all who still wait that they will not hear of an end."""
        for waiters in self._waiters.values():
            for waiter in tuple(waiters):
                _settle(waiter, waiter.set_exception, error)

    def _keep(self, record: JobRecord) -> None:
        self._records[record.id] = record
        if record.state.is_final:
            self._unfinished.pop(record.id, None)
        else:
            self._unfinished[record.id] = record

    def _wake_waiters(self, record: JobRecord) -> None:
        for waiter in tuple(self._waiters.pop(record.id, ())):
            _settle(waiter, waiter.set_result, record)


def _settle(waiter: Waiter, action: Any, value: object) -> None:
    def settle() -> None:
        if not waiter.done():
            action(value)

    with suppress(RuntimeError):  # the loop of the one who waited has been closed
        waiter.get_loop().call_soon_threadsafe(settle)


def _nothing_to_do() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _log_failure(stored: Future[None]) -> None:
    if not stored.cancelled() and (error := stored.exception()) is not None:
        logger.error("A job's record could not be stored: %s", error)
