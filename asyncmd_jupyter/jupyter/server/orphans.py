"""What really is with jobs whose kernels have ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jobs.survey import look_at, write_down
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.jupyter.server.facts import JobFacts, facts_of
from asyncmd_jupyter.jupyter.server.threads import in_daemon
from asyncmd_jupyter.settings import Settings

_PATIENCE_SECONDS = 1.0
_SIGN_OF_LIFE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Verdict:
    stored: JobFacts
    facts: JobFacts


class Orphans:
    """Looks at files, processes and the queue in the place of dead kernels.

    Parameters
    ----------
    store : JobStore
    settings : Settings
    interval : float
        Seconds between two looks.
    """

    def __init__(self, store: JobStore, settings: Settings, interval: float) -> None:
        self._store = store
        self._settings = settings
        self._interval = interval
        self._launchers: Launchers | None = None
        self._verdicts: dict[str, _Verdict] = {}
        self._records: dict[str, tuple[JobFacts, JobRecord]] = {}
        self._tasks = OwnedTasks()
        self._looking: asyncio.Task[None] | None = None
        self._next = self._next_sign = 0.0

    async def look(self, orphans: Sequence[JobFacts]) -> Mapping[str, JobFacts]:
        """The true facts about those that the store is wrong about, as far as they are known.

        A look goes on in the background when Slurm takes its time to answer.
        """
        self._forget_all_but(orphans)
        if self._looking is None or self._looking.done():
            due = [job for job in orphans if not self._is_settled(job)]
            is_new = any(job.id not in self._records for job in due)
            if due and (is_new or time.monotonic() >= self._next):
                self._looking = self._tasks.start(self._look(due))
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=_PATIENCE_SECONDS)
        return {job_id: verdict.facts for job_id, verdict in self._verdicts.items()}

    def _forget_all_but(self, orphans: Iterable[JobFacts]) -> None:
        now = {job.id: job for job in orphans}
        self._verdicts = {
            job_id: verdict
            for job_id, verdict in self._verdicts.items()
            if now.get(job_id) is verdict.stored
        }
        self._records = {
            job_id: known for job_id, known in self._records.items() if now.get(job_id) is known[0]
        }

    def _is_settled(self, job: JobFacts) -> bool:
        verdict = self._verdicts.get(job.id)
        return verdict is not None and verdict.facts.state.is_final

    async def _look(self, due: Sequence[JobFacts]) -> None:
        try:
            records = await in_daemon(self._read, due)
            seen = await look_at(records, self._asked(), self._store.folder)
            await in_daemon(self._write_down, records, seen)
        except JobError:  # of the store, whose reader says so
            return
        finally:
            self._next = time.monotonic() + self._interval
        stored = {job.id: job for job in due}
        for old, new in zip(records, seen, strict=True):
            if new is not old:
                self._put(stored[old.id], facts_of(new))

    def _put(self, stored: JobFacts, facts: JobFacts) -> None:
        known = self._verdicts.get(stored.id)
        if known is None or known.facts != facts:
            self._verdicts[stored.id] = _Verdict(stored, facts)

    def _read(self, due: Sequence[JobFacts]) -> list[JobRecord]:
        missing = {job.id: job for job in due if job.id not in self._records}
        if missing:
            for record in self._store.find(ids=missing.keys()):
                self._records[record.id] = missing[record.id], record
        return [self._records[job.id][1] for job in due if job.id in self._records]

    def _write_down(self, records: Sequence[JobRecord], seen: Sequence[JobRecord]) -> None:
        """What has changed, and from time to time that a job still runs."""
        is_time = time.monotonic() >= self._next_sign
        pairs = [
            (old, new)
            for old, new in zip(records, seen, strict=True)
            if new is not old or (is_time and new.state is JobState.RUNNING)
        ]
        if is_time:
            self._next_sign = time.monotonic() + _SIGN_OF_LIFE_SECONDS
        write_down(self._store, [old for old, _ in pairs], [new for _, new in pairs])

    def _asked(self) -> Launchers:
        if self._launchers is None:
            settings = self._settings
            self._launchers = Launchers(
                local=LocalLauncher(lambda: settings.cancel_grace),
                slurm=SlurmLauncher(lambda: settings.slurm),
            )
        return self._launchers
