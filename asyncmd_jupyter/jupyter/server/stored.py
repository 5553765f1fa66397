"""The jobs in the store, read again only when somebody has written."""

from __future__ import annotations

import time
from dataclasses import dataclass

from asyncmd_jupyter.jobs.heartbeat import living
from asyncmd_jupyter.jobs.rows import from_text
from asyncmd_jupyter.jobs.store import JobStore, StoredText
from asyncmd_jupyter.jupyter.server.facts import JobFacts, facts_of

_DAY = 86400.0
_LONGEST_JOB_DAYS = 60.0
_REST_SECONDS = 2.0  # times of files are coarse
_TRUSTED_SECONDS = 30.0  # and may be old on network file systems
_UNREADABLE = "{n} jobs of the store can't be read: a later version of this program wrote them."
_CUT = (
    "There are more than {most} jobs, so the oldest of those that have ended are not shown"
    " (c.AsyncMDServer.most_jobs)."
)


@dataclass(frozen=True, slots=True)
class _Known:
    digest: int
    facts: JobFacts


class StoredJobs:
    """What the store tells, for one reader at a time and in a thread.

    Parameters
    ----------
    store : JobStore
    ended_days : float
        For how long jobs that have ended are shown.
    most : int
        How many are shown; those that have not ended come first.
    """

    def __init__(self, store: JobStore, ended_days: float, most: int) -> None:
        self._store = store
        self._days = ended_days
        self._most = most
        self._known: dict[str, _Known] = {}
        self._seen: tuple[tuple[int, int] | None, float] = None, 0.0
        self.jobs: dict[str, JobFacts] = {}
        self.problem = ""

    def read(self) -> None:
        """Bring `jobs` up to date: those that go on, then the others, each the newest first.

        Raises
        ------
        JobError
            The store can't be read; what was known stays.
        """
        if self._is_as_read():
            return
        change, now = self._store.last_change(), time.time()
        since = now - self._days * _DAY
        rows = self._store.recent(since - _LONGEST_JOB_DAYS * _DAY, since, self._most + 1)
        read = {row.id: self._reading(row) for row in rows[: self._most]}
        self._known = {job_id: known for job_id, known in read.items() if known is not None}
        self._seen = change, now
        self.jobs = {job_id: known.facts for job_id, known in self._known.items()}
        self.problem = _problem(len(read) - len(self._known), len(rows) > self._most, self._most)

    def orphans(self) -> list[JobFacts]:
        """Unfinished jobs whose kernels have ended."""
        unfinished = [job for job in self.jobs.values() if not job.state.is_final]
        alive = living(self._store.folder, (job.owner for job in unfinished))
        return [job for job in unfinished if job.owner not in alive]

    def _reading(self, row: StoredText) -> _Known | None:
        digest, known = hash(row[1:]), self._known.get(row.id)
        if known is not None and known.digest == digest:
            return known
        wanted = bool(row.cancel_requested)
        try:
            record = from_text(row.text, owner=row.owner, cancel_requested=wanted)
            return _Known(digest, facts_of(record))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return None

    def _is_as_read(self) -> bool:
        change, read = self._seen
        is_recent = 0 <= time.time() - read < _TRUSTED_SECONDS
        was_at_rest = change is not None and change[0] / 1e9 < read - _REST_SECONDS
        return is_recent and was_at_rest and self._store.last_change() == change


def _problem(n_lost: int, is_cut: bool, most: int) -> str:
    lost = _UNREADABLE.format(n=n_lost) if n_lost else ""
    return f"{lost} {_CUT.format(most=most) if is_cut else ''}".strip()
