"""End and signal jobs from plain functions: many at once are one command of Slurm."""

from __future__ import annotations

import asyncio
import logging
import signal as signals
import weakref
from collections.abc import Callable
from contextlib import suppress

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.background import at_exit
from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.job import Job
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)

_ENDING = (signals.SIGTERM, signals.SIGKILL)


class Signals:
    """Collects the wishes of one turn of the event loop and delivers them together.

    Parameters
    ----------
    manager : JobManager
        Has the jobs.
    settings : callable
        Gives the settings in force.
    """

    def __init__(self, manager: JobManager, settings: Callable[[], SlurmSettings]) -> None:
        self._manager = manager
        self._launcher = SlurmLauncher(settings)
        self._tasks = OwnedTasks()
        self._collected: weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, dict[int, dict[str, Job]]
        ] = weakref.WeakKeyDictionary()
        self._not_ended: dict[str, tuple[Job, asyncio.AbstractEventLoop]] = {}
        at_exit(Signals.deliver_now, self)

    @classmethod
    def create(cls, runtime: runtimes.Runtime) -> Signals:
        """The one of a runtime, for `Runtime.service`."""
        manager = runtime.service(JobManager.create)
        return cls(manager, lambda: runtime.settings.slurm)

    @classmethod
    def current(cls) -> Signals:
        """The one of the runtime in force."""
        return runtimes.current().service(cls.create)

    def send(self, job: Job, signal: int) -> None:
        """Signal a job, or end it, soon and without waiting.

        Raises
        ------
        RuntimeError
            No event loop is running.
        ValueError
            There is no such signal.
        """
        if signal not in signals.valid_signals():
            raise ValueError(f"signal={signal!r} is no signal; take one of the module 'signal'.")
        loop = _running_loop(job)
        number = signals.SIGTERM if signal in _ENDING else int(signal)
        if number == signals.SIGTERM:
            self._not_ended[job.id] = job, loop
        if loop not in self._collected:
            self._collected[loop] = {}
            loop.call_soon(self._flush, loop)
        self._collected[loop].setdefault(number, {})[job.id] = job

    def resume(self, job: Job) -> None:
        """Deliver here what an event loop that has ended could not deliver any more."""
        _, loop = self._not_ended.get(job.id, (job, None))
        if loop is not None and loop.is_closed():
            self.send(job, signals.SIGTERM)

    def deliver_now(self) -> None:
        """End the jobs whose event loop has ended before they could be."""
        jobs = [job.record for job, _ in self._not_ended.values()]
        if left := [job for job in jobs if not job.state.is_final]:
            self._launcher.end_now(left)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        for signal, jobs in self._collected.pop(loop, {}).items():
            deliver = self._end(jobs) if signal == signals.SIGTERM else self._signal(signal, jobs)
            self._tasks.start(deliver)

    async def _end(self, jobs: dict[str, Job]) -> None:
        await self._manager.cancel([job.record for job in jobs.values()])
        for job_id in jobs:
            self._not_ended.pop(job_id, None)

    async def _signal(self, signal: int, jobs: dict[str, Job]) -> None:
        records = [job.record for job in jobs.values()]
        try:
            await self._launcher.signal([job for job in records if not job.state.is_final], signal)
        except (JobError, OSError) as error:
            logger.warning("Jobs could not be signalled: %s", error)


def _running_loop(job: Job) -> asyncio.AbstractEventLoop:
    with suppress(RuntimeError):
        return asyncio.get_running_loop()
    raise RuntimeError(
        f"The job {job.record.name!r} can only be signalled where an event loop runs, such as in"
        " a notebook or in a coroutine."
    )
