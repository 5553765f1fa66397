"""Tell Slurm to end jobs, or to ask them to stop: as often as it takes, and no more."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)

_COLLECTING_SECONDS = 0.01
_DELIVERY_SECONDS = 15.0
_END_SECONDS = 60.0
_ALREADY_OVER = ("Invalid job id", "already completing or completed", "already done")


@dataclass(frozen=True)
class _Batch:
    """Jobs to be ended by one command, and the task that will do it."""

    ids: list[str]
    task: asyncio.Task[None]


class Delivery:
    """Remembers what was delivered, so that polling may repeat each wish.

    Parameters
    ----------
    client : SlurmClient
        Runs scancel.
    settings : callable
        Gives the settings in force.
    """

    def __init__(self, client: SlurmClient, settings: Callable[[], SlurmSettings]) -> None:
        self._client = client
        self._settings = settings
        self._tasks = OwnedTasks()
        self._collected: WeakKeyDictionary[asyncio.AbstractEventLoop, _Batch]
        self._collected = WeakKeyDictionary()
        self._cancelled: set[str] = set()
        self._asked: set[tuple[str, int]] = set()  # jobs with their attempts, to stop

    async def cancel(self, ids: Iterable[str]) -> None:
        """End jobs for good, each by one command at most that was delivered.

        What many want to end at the same time is ended by one command.
        """
        new = [native_id for native_id in ids if native_id not in self._cancelled]
        if not new:
            return
        loop = asyncio.get_running_loop()
        if loop not in self._collected:
            self._collected[loop] = _Batch([], self._tasks.start(self._cancel_collected(loop)))
        batch = self._collected[loop]
        batch.ids.extend(new)
        self._cancelled.update(new)
        await asyncio.shield(batch.task)

    async def _cancel_collected(self, loop: asyncio.AbstractEventLoop) -> None:
        delivered: set[str] = set()
        try:
            await asyncio.sleep(_COLLECTING_SECONDS)
        finally:
            ids = self._collected.pop(loop).ids
        try:
            for chunk in commands.in_chunks(ids):
                if await self._deliver(commands.scancel(self._settings(), chunk)):
                    delivered.update(chunk)
        finally:
            self._cancelled.difference_update(set(ids) - delivered)

    async def cancel_pending(self, ids: Sequence[str]) -> None:
        """End those of the jobs that have not begun; tasks of arrays can't be told apart so."""
        for chunk in commands.in_chunks(ids):
            await self._deliver(commands.scancel_pending(self._settings(), chunk))

    def is_asked(self, job: JobRecord) -> bool:
        """Whether the attempt of a job was asked to stop."""
        return (job.id, job.attempt) in self._asked

    async def ask_to_stop(self, jobs: Iterable[JobRecord]) -> None:
        """Ask each job once in each attempt."""
        asked = {(job.id, job.attempt): job.native_id for job in jobs}
        new = {key: native_id for key, native_id in asked.items() if key not in self._asked}
        self._asked.update(new)
        for chunk in commands.in_chunks([native_id for native_id in new.values() if native_id]):
            if not await self._deliver(commands.stop_signal(self._settings(), chunk)):
                self._asked.difference_update(new)

    def cancel_now(self, ids: Sequence[str]) -> None:
        """End jobs without an event loop."""
        with suppress(OSError, subprocess.SubprocessError):
            for chunk in commands.in_chunks(ids):
                argv = commands.scancel(self._settings(), chunk)
                subprocess.run(argv, capture_output=True, timeout=_END_SECONDS, check=False)

    async def _deliver(self, argv: Sequence[str]) -> bool:
        """Run a command that ends or signals jobs; those that have ended are no error."""
        try:
            reply = await asyncio.wait_for(self._client.run(argv), _DELIVERY_SECONDS)
        except (JobError, OSError, TimeoutError) as error:
            logger.warning("Slurm could not be told; it is tried again: %s", error or argv[0])
            return False
        lines = [line for line in reply.err.splitlines() if "error" in line]
        real = [line for line in lines if not any(words in line for words in _ALREADY_OVER)]
        if reply.code != 0 and real:
            logger.warning("%s said: %s", argv[0], "; ".join(real[-3:]))
        return reply.code == 0 or not real
