"""Cores are those of the machine: the kernels of a user take them by the job store they share.

A job is stored as started in the same step in which the jobs of all other kernels are counted,
so of several kernels that want the last core one gets it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.heartbeat import may_live
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.other_kernels import OtherKernels, RunningJob, Turns, WaitingJob
from asyncmd_jupyter.jobs.process import Owner, hostname
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.schema import STARTED_BY_OTHERS, WAITING_OF_OTHERS
from asyncmd_jupyter.jobs.store import JobStore

logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 3.0
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_WITHOUT_CHANGE = 5.0  # jobs of kernels that are gone end without anybody storing it


@dataclass
class _Claim:
    record: JobRecord
    limit: int
    result: Future[bool] = field(default_factory=Future)
    is_granted: bool = False

    @property
    def cores(self) -> int:
        return self.record.resources.cores

    @property
    def submitted(self) -> float:
        return submitted(self.record)


class SharedCores:
    """Cores of this machine as all kernels of a user share them.

    Parameters
    ----------
    store : JobStore
    owner : str
        This kernel.
    launchers : Launchers
        Tells which jobs use this machine.
    goes_on_alone : callable
        Whether a job whose kernel is gone still runs.
    """

    def __init__(
        self,
        store: JobStore,
        owner: str,
        launchers: Launchers,
        goes_on_alone: Callable[[JobRecord], bool],
    ) -> None:
        self._store = store
        self._owner = owner
        self._launchers = launchers
        self._goes_on_alone = goes_on_alone
        self._lock = threading.Lock()
        self._claims: list[_Claim] = []
        self._mine: dict[str, int] = {}
        self._turns = Turns(_PATIENCE_SECONDS)
        self._gone: set[str] = set()
        self._seen = OtherKernels()
        self._passed_over: frozenset[str] = frozenset()
        self._change: tuple[int, int] | None = None
        self._looked = float("-inf")
        self._has_warned = False

    @property
    def n_parties(self) -> int:
        """Jobs of other kernels that run or want to, as far as is known."""
        return self._seen.n_parties

    def taken(self, submitted: float) -> int:
        """Cores that other kernels use, or wait for since before a moment, as far as is known."""
        return self._seen.used + self._seen.ahead(submitted, self._passed_over)

    def occupy(self, job_id: str, cores: int) -> None:
        """Count a job of this kernel that runs already."""
        with self._lock:
            self._mine[job_id] = cores

    def release(self, job_id: str) -> None:
        """Forget a job of this kernel."""
        with self._lock:
            self._mine.pop(job_id, None)

    async def claim(self, record: JobRecord, limit: int) -> bool:
        """Store a job as started if there are cores for it, beside those of all other kernels.

        Parameters
        ----------
        record : JobRecord
            As it is stored then.
        limit : int
            Cores that all kernels may use together.

        Raises
        ------
        JobError
            The store can't be written.
        """
        claim = _Claim(record, limit)
        with self._lock:
            self._claims.append(claim)
        batch: list[_Claim] = []
        decided = self._store.in_one_step(lambda db: self._decide(db, batch))
        decided.add_done_callback(lambda done: self._tell(batch, done))
        return await asyncio.wrap_future(claim.result)

    async def look(self, first: JobRecord, limit: int) -> None:
        """Count what other kernels use, when that may have changed.

        Parameters
        ----------
        first : JobRecord
            The job of this kernel whose turn it is.
        limit : int
        """
        now, change = time.monotonic(), self._store.last_change()
        is_quiet = change == self._change and not self._turns.is_anybody_due
        pause = _SECONDS_WITHOUT_CHANGE if is_quiet else _SECONDS_BETWEEN_LOOKS
        if now - self._looked < pause:
            return
        self._change, self._looked = change, now
        claim = _Claim(first, limit)
        try:
            look = self._store.in_one_step(lambda db: self._look(db, claim), writes=False)
            await asyncio.wrap_future(look)
        except JobError as error:
            self._warn(error)
            self._seen = OtherKernels()

    # In the thread that writes the store

    def _decide(self, db: sqlite3.Connection, batch: list[_Claim]) -> None:
        with self._lock:
            batch += self._claims
            self._claims.clear()
        if batch:
            self._read(db, max(claim.limit for claim in batch))
        for claim in batch:  # they may be decided again, if the file system did not answer
            claim.is_granted = False
            self.release(claim.record.id)
        for claim in batch:
            if self._fits(claim):
                self._store.put(db, claim.record)
                claim.is_granted = True
                self.occupy(claim.record.id, claim.cores)

    def _tell(self, batch: list[_Claim], done: Future[None]) -> None:
        """Tell those who claim, after the store has it."""
        error = done.exception()
        for claim in batch:
            if error is None:
                claim.result.set_result(claim.is_granted)
            else:
                self.release(claim.record.id)
                claim.result.set_exception(error)

    def _look(self, db: sqlite3.Connection, claim: _Claim) -> None:
        self._read(db, claim.limit)
        self._fits(claim)

    def _fits(self, claim: _Claim) -> bool:
        with self._lock:
            mine = (n for job_id, n in self._mine.items() if job_id != claim.record.id)
            used = sum(mine) + self._seen.used
        if used and used + claim.cores > claim.limit:
            self._turns.nothing_is_free()
            return False
        ahead = self._seen.ahead(claim.submitted, self._passed_over)
        if ahead and used + ahead + claim.cores > claim.limit:
            self._turns.left_to(self._seen, claim.submitted, time.monotonic())
            return False
        return True

    def _read(self, db: sqlite3.Connection, limit: int) -> None:
        try:
            seen = self._others(db, limit)
        except (sqlite3.Error, ValueError, TypeError) as error:
            self._warn(error)
            seen = OtherKernels()
        self._seen = seen
        self._passed_over = self._turns.passed_over(seen, time.monotonic())

    def _others(self, db: sqlite3.Connection, limit: int) -> OtherKernels:
        running: list[RunningJob] = []
        waiting: list[WaitingJob] = []
        for name, launcher in list(self._launchers.items()):
            if launcher.is_local:
                running += self._running(db, name)
                waiting += self._waiting(db, name, limit)
        return OtherKernels(tuple(running), tuple(waiting))

    def _running(self, db: sqlite3.Connection, launcher: str) -> Iterator[RunningJob]:
        rows = db.execute(STARTED_BY_OTHERS, {"launcher": launcher, "owner": self._owner})
        jobs = [RunningJob(job_id, owner, int(cores)) for job_id, owner, cores in rows]
        lives = {owner: self._lives(owner) for owner in {job.owner for job in jobs}}
        ended = self._ended(job.job_id for job in jobs if lives[job.owner] is False)
        for job in jobs:
            if lives[job.owner] is not None and job.job_id not in ended:
                yield job

    def _waiting(self, db: sqlite3.Connection, launcher: str, limit: int) -> list[WaitingJob]:
        """As many as could start at once: who came later does not matter."""
        asked = {"launcher": launcher, "owner": self._owner, "most": limit}
        gone: set[str] = set()
        while True:
            rows = db.execute(WAITING_OF_OTHERS, {**asked, "gone": json.dumps(list(gone))})
            jobs = [WaitingJob(owner, float(since), int(cores)) for owner, since, cores in rows]
            more = {owner for owner in {job.owner for job in jobs} if not self._lives(owner)}
            if not more:
                return jobs
            gone |= more

    def _lives(self, owner: str) -> bool | None:
        """Whether a kernel lives; None if it is not one of this machine."""
        try:
            known = Owner.parse(owner)
        except ValueError:
            return None
        return may_live(known, self._store.folder) if known.host == hostname() else None

    def _ended(self, job_ids: Iterable[str]) -> set[str]:
        """Jobs whose kernel is gone that have ended, or were never started."""
        unknown = [job_id for job_id in job_ids if job_id not in self._gone]
        if unknown:
            found = self._store.find(ids=unknown)
            self._gone.update(job.id for job in found if not self._goes_on_alone(job))
        return self._gone

    def _warn(self, error: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "What other kernels use of this machine can't be read, so the limit on cores holds "
                "for this kernel alone: %s",
                error,
            )


def submitted(record: JobRecord) -> float:
    """When a job was submitted, in seconds since 1970."""
    return record.submitted.timestamp() if record.submitted else 0.0
