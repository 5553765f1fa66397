"""Tell Slurm to end jobs, or to ask them to stop: as often as it takes, and no more."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import Reply, SlurmClient
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)

_COLLECTING_SECONDS = 0.01
_DELIVERY_SECONDS = 15.0
_ONE_SIGNAL_SECONDS = 3.0
_TASKS_A_CALL = 8  # scancel has ten threads, each of which may be kept busy by one
_ALREADY_OVER = ("Invalid job id", "already completing or completed", "already done")


@dataclass(frozen=True)
class _Batch:
    """Jobs to be ended by one command, and the task that will do it."""

    ids: list[str]
    task: asyncio.Task[None]


Attempt = tuple[str, int]  # a job and the number of its start


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
        self._asked: set[Attempt] = set()  # to stop
        self._doubtful: dict[Attempt, float] = {}  # until when to believe that they have heard

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
        ids: list[str] = []
        try:
            await asyncio.sleep(_COLLECTING_SECONDS)
            ids = self._collected.pop(loop).ids
            for chunk in commands.in_chunks(ids):
                if await self._deliver(self._scancel(chunk), keep=True):
                    delivered.update(chunk)
        except asyncio.CancelledError:
            if not ids:
                ids = self._collected.pop(loop).ids
            self._cancel_later([each for each in ids if each not in delivered])
            raise
        finally:
            self._cancelled.difference_update(set(ids) - delivered)

    def _cancel_later(self, ids: Sequence[str]) -> None:
        """The event loop ends, but Slurm has to be told."""
        for chunk in commands.in_chunks(ids):
            self._client.run_later(self._scancel(chunk))

    def _scancel(self, ids: Sequence[str]) -> list[str]:
        return commands.scancel(self._settings(), commands.compact(ids))

    async def cancel_pending(self, ids: Sequence[str]) -> None:
        """End those of the jobs that have not begun; tasks of arrays can't be told apart so."""
        for chunk in commands.in_chunks(ids):
            await self._deliver(commands.scancel_pending(self._settings(), chunk))

    def is_asked(self, job: JobRecord) -> bool:
        """Whether the attempt of a job was asked to stop, as far as that is certain."""
        key = job.id, job.attempt
        if time.monotonic() > self._doubtful.get(key, math.inf):
            del self._doubtful[key]
            self._asked.discard(key)
        return key in self._asked

    async def ask_to_stop(self, jobs: Iterable[JobRecord]) -> None:
        """Ask each job once in each attempt."""
        new = {(job.id, job.attempt): job.native_id for job in jobs if not self.is_asked(job)}
        self._asked.update(new)
        alone = {key: found for key, found in new.items() if found and "_" not in found}
        tasks = [(key, found) for key, found in new.items() if found and "_" in found]
        groups = (dict(tasks[n : n + _TASKS_A_CALL]) for n in range(0, len(tasks), _TASKS_A_CALL))
        await asyncio.gather(self._ask(alone), *map(self._ask_tasks, groups))

    async def _ask(self, asked: Mapping[Attempt, str]) -> None:
        for chunk in commands.in_chunks(list(asked.values())):
            if not await self._deliver(commands.stop_signal(self._settings(), chunk)):
                self._asked.difference_update(asked)

    async def _ask_tasks(self, asked: Mapping[Attempt, str]) -> None:
        """Ask tasks of arrays, of which others may still wait.

        Then Slurm delivers the signal and says that it could not, whereupon scancel repeats it
        after five seconds, for most of a minute. So it is ended before, and whether the jobs
        have heard is seen by the files of their scripts.
        """
        argv = commands.stop_signal(self._settings(), list(asked.values()))
        try:
            async with asyncio.timeout(_ONE_SIGNAL_SECONDS):
                reply = await self._client.run(argv)
        except (JobError, OSError, TimeoutError):
            later = time.monotonic() + _DELIVERY_SECONDS
            self._doubtful.update(dict.fromkeys(asked, later))
        else:
            if not _was_delivered(argv[0], reply):
                self._asked.difference_update(asked)

    def cancel_now(self, ids: Sequence[str]) -> None:
        """End jobs without an event loop."""
        with suppress(OSError, JobError):
            for chunk in commands.in_chunks(ids):
                self._client.run_now(self._scancel(chunk))

    async def _deliver(self, argv: Sequence[str], *, keep: bool = False) -> bool:
        """Run a command that ends or signals jobs; those that have ended are no error."""
        running = self._client.run(argv, if_abandoned=_let_it_go_on if keep else None)
        try:
            async with asyncio.timeout(_DELIVERY_SECONDS):
                reply = await running
        except (JobError, OSError, TimeoutError) as error:
            logger.warning("Slurm could not be told; it is tried again: %s", error or argv[0])
            return False
        return _was_delivered(argv[0], reply)


def _let_it_go_on(_: Reply | None) -> None:
    """There is nothing to undo."""


def _was_delivered(program: str, reply: Reply) -> bool:
    lines = [line for line in reply.err.splitlines() if "error" in line]
    real = [line for line in lines if not any(words in line for words in _ALREADY_OVER)]
    if reply.code != 0 and real:
        logger.warning("%s said: %s", program, "; ".join(real[-3:]))
    return reply.code == 0 or not real
