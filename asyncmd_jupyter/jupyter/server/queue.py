"""All jobs of the user in Slurm, asked for rarely and for all pages at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.jobs.slurm.listing import (
    ListedJob,
    list_history,
    list_queue,
    parse_history,
    parse_queue,
)
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.jupyter.server.options import Options
from asyncmd_jupyter.jupyter.server.threads import in_daemon
from asyncmd_jupyter.settings import SlurmSettings

_MOST_HISTORY = 2000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class QueueView:
    """What Slurm said last.

    Attributes
    ----------
    scheduler : str
        ``slurm``, or nothing where its commands are not there.
    problem : str
        Why the jobs may be out of date.
    jobs : Mapping
        By Slurm's ids: those in the queue.
    history : Mapping
        Those that accounting knows, the queue's included.
    """

    scheduler: str = ""
    problem: str = ""
    jobs: Mapping[str, ListedJob] = field(default_factory=dict)
    history: Mapping[str, ListedJob] = field(default_factory=dict)


class UserQueue:
    """Asks squeue and sacct in the background.

    Parameters
    ----------
    settings : SlurmSettings
    options : Options
    """

    def __init__(self, settings: SlurmSettings, options: Options) -> None:
        self.client = SlurmClient(options.command_seconds)
        self._settings = settings
        self._options = options
        self._tasks = OwnedTasks()
        self._asking: asyncio.Task[None] | None = None
        self._next_queue = self._next_history = 0.0
        self._texts = {"queue": "", "history": ""}
        self.view = QueueView()

    @property
    def has_been_asked(self) -> bool:
        """Whether squeue was tried."""
        return self._next_queue > 0

    def look_for_commands(self) -> None:
        """Say whether there is a queue at all, without asking it; in a thread."""
        if not self.view.scheduler and not self.view.problem:
            found = shutil.which(self._settings.squeue_executable)
            self.view = replace(self.view, scheduler="slurm" if found else "")

    def ask_when_due(self, *, with_history: bool) -> asyncio.Task[None] | None:
        """Ask in the background if it is time to; the question in progress, if any."""
        if self._is_asking():
            return self._asking
        now = time.monotonic()
        is_due = now >= self._next_queue or (with_history and now >= self._next_history)
        if is_due:
            self._asking = self._tasks.start(self._ask(with_history))
        return self._asking if self._is_asking() else None

    async def refresh(self) -> QueueView:
        """Ask squeue now.

        Raises
        ------
        JobError
            It gave no answer.
        """
        if self._is_asking() and self._asking is not None:
            await asyncio.wait([self._asking])
        await self._look_at_queue()
        if self.view.problem:
            raise JobError(self.view.problem)
        return self.view

    async def close(self) -> None:
        """End the command that nobody waits for any more."""
        if self._is_asking() and self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    def _is_asking(self) -> bool:
        return self._asking is not None and not self._asking.done()

    async def _ask(self, with_history: bool) -> None:
        await self._look_at_queue()
        if with_history and self.view.scheduler and time.monotonic() >= self._next_history:
            await self._look_at_history()

    async def _look_at_queue(self) -> None:
        program = self._settings.squeue_executable
        if await in_daemon(shutil.which, program) is None:
            self._texts = {"queue": "", "history": ""}
            self.view = QueueView(problem=_MISSING.format(program=program))
        else:
            try:
                argv = list_queue(self._settings, os.getuid())
                news = await self._answer("queue", argv, parse_queue)
                jobs = self.view.jobs if news is None else news
                self.view = replace(self.view, scheduler="slurm", problem="", jobs=jobs)
            except JobError as error:
                told = f"{_OUT_OF_DATE} {error}"
                self.view = replace(self.view, scheduler="slurm", problem=told)
        self._next_queue = time.monotonic() + self._options.queue_interval

    async def _look_at_history(self) -> None:
        """Without accounting there is none, which is no problem."""
        since = datetime.now(UTC) - timedelta(days=self._options.ended_days)
        argv = list_history(self._settings, os.getuid(), since)
        try:
            history = await self._answer("history", argv, parse_history)
        except JobError:
            history = {}
        if history is not None:
            self.view = replace(self.view, history=_newest(history))
        self._next_history = time.monotonic() + self._options.history_interval

    async def _answer(
        self, kind: str, argv: list[str], parse: Callable[[str], list[ListedJob]]
    ) -> dict[str, ListedJob] | None:
        """The jobs by their ids; None if the answer is the same as before."""
        reply = await self.client.run(argv)
        if reply.code != 0:
            raise JobError(f"{argv[0]} failed: {reply.complaint}")
        if reply.out == self._texts[kind]:
            return None
        jobs = await in_daemon(parse, reply.out)
        self._texts[kind] = reply.out
        return {job.id: job for job in jobs}


def _newest(history: Mapping[str, ListedJob]) -> Mapping[str, ListedJob]:
    """Those that ended last, as some users have very many."""
    if len(history) <= _MOST_HISTORY:
        return history
    by_end = sorted(history.items(), key=lambda item: item[1].ended or _LONG_AGO)
    return dict(by_end[-_MOST_HISTORY:])


_MISSING = "Slurm's command {program!r} was not found on this machine."
_OUT_OF_DATE = "Slurm does not answer, so its jobs are shown as they were."
