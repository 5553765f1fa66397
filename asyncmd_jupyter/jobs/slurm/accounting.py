"""What accounting knows of jobs that have vanished from the queue."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from asyncmd_jupyter import runtime
from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.jobs.slurm.identity import Mark
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry, parse_sacct
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)

_SHORTEST_PAUSE = 5.0


class Accounting:
    """Asks sacct about several jobs at once, in the background and rarely.

    Parameters
    ----------
    client : SlurmClient
        Runs it.
    memberships : Memberships
        Tell what the comments of jobs hold.
    settings : callable
        Gives the settings in force.
    """

    def __init__(
        self,
        client: SlurmClient,
        memberships: Memberships,
        settings: Callable[[], SlurmSettings],
    ) -> None:
        self._client = client
        self._memberships = memberships
        self._settings = settings
        self._next = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._answers: dict[str, list[QueueEntry]] = {}

    def of(self, job: JobRecord) -> QueueEntry | None:
        """What it said of a job, and of no other one with the same id."""
        entries = self._answers.get(job.native_id or "", [])
        return Mark.of(job, self._memberships.names(job)).newest_attempt(entries)

    def was_asked(self, job: JobRecord) -> bool:
        """Whether it was asked about a job, with whatever result."""
        return job.native_id in self._answers

    def ask_when_due(self, jobs: Iterable[JobRecord]) -> None:
        """Ask about jobs in the background, unless that was done just now."""
        ids = [job.native_id for job in jobs if job.native_id]
        busy = self._asking is not None and not self._asking.done()
        if busy and self._asking and self._asking.get_loop() is not asyncio.get_running_loop():
            busy = False
        if ids and not busy and time.monotonic() >= self._next:
            self._asking = runtime.start(self._ask(ids))

    async def answered(self) -> None:
        """Wait for the answer to the question in progress, if there is one."""
        asking = self._asking
        if asking is not None and asking.get_loop() is asyncio.get_running_loop():
            await asyncio.wait([asking])

    async def _ask(self, ids: list[str]) -> None:
        for chunk in commands.in_chunks(ids):
            found = await self._look_up(list(chunk))
            answers = self._answers if found is None else found
            self._answers |= {native_id: answers.get(native_id, []) for native_id in chunk}
        self._next = time.monotonic() + max(
            _SHORTEST_PAUSE, self._settings().min_time_between_calls
        )

    async def _look_up(self, ids: list[str]) -> dict[str, list[QueueEntry]] | None:
        """The answer; None if there is none, so that what was known stays known."""
        try:
            reply = await self._client.run(commands.sacct(self._settings(), ids))
        except (JobError, OSError) as error:
            logger.info("Accounting can't be asked: %s", error)
            return None
        if reply.code != 0:
            logger.info("Accounting is of no help: %s", reply.complaint)
            return None
        return parse_sacct(reply.out)
