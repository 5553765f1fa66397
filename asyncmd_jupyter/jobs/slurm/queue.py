"""What squeue said last, and when it is asked again."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from asyncmd_jupyter import runtime
from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry, parse_squeue
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 15.0
_GROWTH = 1.5

# How long a controller has to answer before what it does not show is not there: a request
# whose sbatch has timed out waits for a controller that hangs, and is done when it goes on,
# maybe after it has answered squeue.
ARRIVAL_SECONDS = 10.0


@dataclass(frozen=True)
class Snapshot:
    """The queue at one moment.

    Attributes
    ----------
    asked : float
        Monotonic time at which squeue was started: what happened later may be missing.
    since : float
        Since when each squeue has been answered.
    entries : Mapping
        By Slurm's ids.
    by_job : Mapping
        Those of ours by their names; several for what was submitted twice.
    vanished : Mapping
        Tasks that waited once and are gone, although others of their arrays are there; as they
        were.
    """

    asked: float
    since: float = math.inf
    entries: Mapping[str, QueueEntry] = field(default_factory=dict)
    by_job: Mapping[str, tuple[QueueEntry, ...]] = field(default_factory=dict)
    vanished: Mapping[str, QueueEntry] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        asked: float,
        entries: Iterable[QueueEntry],
        before: Snapshot | None = None,
        since: float = math.inf,
    ) -> Snapshot:
        """Sort what was seen."""
        by_id = {entry.id: entry for entry in entries}
        by_job: dict[str, tuple[QueueEntry, ...]] = {}
        for entry in by_id.values():
            if entry.job_id:
                by_job[entry.job_id] = (*by_job.get(entry.job_id, ()), entry)
        gone = _vanished(before, by_id) if before else {}
        return cls(asked, since, by_id, by_job, gone)

    def shows_the_same_as(self, other: Snapshot | None) -> bool:
        """Whether nothing has changed between the two."""
        return other is not None and other.entries is self.entries

    def seconds_answered(self, needed: float) -> float:
        """For how long before this look the controller had answered, at most since `needed`."""
        return max(0.0, self.asked - max(needed, self.since))

    def cancelled_task(
        self, native_id: str, belongs: Callable[[QueueEntry], bool], *, is_accounted: bool
    ) -> QueueEntry | None:
        """What became of a task of an array that is missing and has left no trace.

        Slurm forgets waiting tasks when they are cancelled, and so does accounting; only when
        all that still wait are cancelled at once they are there as one job without number.

        Parameters
        ----------
        native_id : str
        belongs : callable
            Whether an entry is of the same array, and not of another one with its number.
        is_accounted : bool
            Whether accounting was asked, and knows nothing of the task.
        """
        array, is_task, _ = native_id.partition("_")
        rest = self.entries.get(array) if is_task else None
        if rest is not None and belongs(rest):
            return replace(rest, id=native_id)
        gone = self.vanished.get(native_id)
        is_gone = (gone is not None and belongs(gone)) or (
            is_accounted and self._shows(array, belongs)
        )
        return QueueEntry(native_id, "CANCELLED") if is_task and is_gone else None

    def waiting(self, ids: Iterable[str]) -> list[str]:
        """Those of the jobs that have not begun."""
        return [each for each in ids if each in self.entries and self._waits(each)]

    def _waits(self, native_id: str) -> bool:
        return self.entries[native_id].state == "PENDING"

    def _shows(self, array: str, belongs: Callable[[QueueEntry], bool]) -> bool:
        tasks = (each for each in self.entries.values() if each.id.startswith(f"{array}_"))
        return any(map(belongs, tasks))


def _vanished(before: Snapshot, entries: Mapping[str, QueueEntry]) -> dict[str, QueueEntry]:
    gone = before.entries.keys() - entries.keys()
    waited = {each for each in gone if "_" in each and before.entries[each].state == "PENDING"}
    if not waited and not before.vanished:
        return {}
    arrays = {native_id.partition("_")[0] for native_id in entries}
    new = {each: before.entries[each] for each in waited if each.partition("_")[0] in arrays}
    gone_now = {**before.vanished, **new}
    return {each: entry for each, entry in gone_now.items() if each not in entries}


class SlurmQueue:
    """Asks squeue for all jobs of this user at once, often while something is due.

    Parameters
    ----------
    client : SlurmClient
        Runs it.
    settings : callable
        Gives the settings in force.
    """

    def __init__(self, client: SlurmClient, settings: Callable[[], SlurmSettings]) -> None:
        self._client = client
        self._settings = settings
        self._pause = 0.0
        self._next = 0.0
        self._failed = False
        self._text = ""
        self._asking: asyncio.Task[bool] | None = None
        self.snapshot: Snapshot | None = None

    def expect_news(self) -> None:
        """Look again as soon as it is allowed."""
        least = self._settings().min_time_between_calls
        self._next = min(self._next, self._next - self._pause + least)
        self._pause = least

    def refresh_when_due(self) -> asyncio.Task[bool] | None:
        """Ask in the background when it is time to; the question in progress, if any."""
        if self._is_asking():
            return self._asking
        if time.monotonic() < self._next:
            return None
        return self._ask()

    async def refresh(self) -> Snapshot | None:
        """Ask now; None if there was no answer."""
        asked = time.monotonic()
        while self.snapshot is None or self.snapshot.asked < asked:
            asking = (self._asking if self._is_asking() else None) or self._ask()
            if not await asyncio.shield(asking):
                return None
        return self.snapshot

    def ask_now(self) -> Snapshot | None:
        """Ask without an event loop, and remember nothing; None if there was no answer."""
        asked = time.monotonic()
        try:
            reply = self._client.run_now(commands.squeue(self._settings(), os.getuid()))
        except (JobError, OSError):
            return None
        return Snapshot.of(asked, parse_squeue(reply.out)) if reply.code == 0 else None

    def _is_asking(self) -> bool:
        task = self._asking
        same_loop = task is not None and task.get_loop() is asyncio.get_running_loop()
        return task is not None and same_loop and not task.done()

    def _ask(self) -> asyncio.Task[bool]:
        self._asking = runtime.start(self._look())
        return self._asking

    async def _look(self) -> bool:
        asked = time.monotonic()
        try:
            seen = await self._seen(asked)
        except JobError as error:
            self._note_failure(str(error))
            return False
        finally:
            self._schedule()
        if self._failed or self.snapshot is None:
            seen = replace(seen, since=time.monotonic())
        if self._failed:
            logger.warning("Slurm answers again.")
        self._failed = False
        before, self.snapshot = self.snapshot, seen
        if not seen.shows_the_same_as(before) and (before is None or before.by_job != seen.by_job):
            self.expect_news()
        return True

    async def _seen(self, asked: float) -> Snapshot:
        reply = await self._client.run(commands.squeue(self._settings(), os.getuid()))
        if reply.code != 0:
            raise JobError(f"squeue failed: {reply.complaint}")
        before = self.snapshot
        if before is not None and reply.out == self._text:
            return replace(before, asked=asked)
        entries = await asyncio.to_thread(parse_squeue, reply.out)
        self._text = reply.out
        return Snapshot.of(asked, entries, before, before.since if before else math.inf)

    def _schedule(self) -> None:
        least = self._settings().min_time_between_calls
        longest = max(least, _LONGEST_PAUSE)
        self._pause = min(max(self._pause * _GROWTH, least), longest)
        self._next = time.monotonic() + self._pause

    def _note_failure(self, complaint: str) -> None:
        if not self._failed:
            logger.warning("Slurm does not answer; nothing is lost, it is asked on: %s", complaint)
        self._failed = True
