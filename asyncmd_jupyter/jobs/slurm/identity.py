"""Whether an entry of the queue or of accounting is this job: pure functions.

Slurm's ids are used again: after the highest one, after a controller has lost its state, and
by each cluster. So an entry with the id of a job says nothing before it is known to be this job.
The comment of the submission is the proof. Where it is not kept, as in the accounting of most
sites, the time of the submission and the name are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm.commands import plain_name
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry

# Slurm tells whole seconds, always by the same clock. An attempt ends when the next is submitted.
_SAME = timedelta(0)
_NEXT = timedelta(seconds=2)
# Between the clocks of this machine and of the controller.
_SKEW = timedelta(minutes=5)
# What accounting calls a job until it has been told the name, some seconds after its submission.
_UNNAMED = "|allocation|"


@dataclass(frozen=True)
class Mark:
    """What a job is known by.

    Attributes
    ----------
    names : tuple of str
        That its comment may hold.
    is_complete : bool
        Whether these are all names that it may have; an earlier version did not store which
        array a job is in.
    label : str
        Its name in Slurm with ``|`` around it; empty for a task of an array, whose name is
        that of all tasks.
    cluster : str
        That has it; empty if that is not known.
    attempt : int
        The newest one that is known.
    queued : datetime or None
        When that was submitted.
    earliest, latest : datetime or None
        Between which it was, as far as only that is known.
    """

    names: tuple[str, ...]
    is_complete: bool
    label: str
    cluster: str
    attempt: int
    queued: datetime | None
    earliest: datetime | None
    latest: datetime | None

    @classmethod
    def of(cls, job: JobRecord, names: Collection[str]) -> Mark:
        """The mark of a job whose comment may hold these names."""
        is_task = "_" in (job.native_id or "")
        return cls(
            names=tuple(names),
            is_complete=not is_task or len(names) > 1,
            label="" if is_task else f"|{plain_name(job.name)}|",
            cluster=job.cluster,
            attempt=job.attempt,
            queued=job.queued,
            earliest=job.submitted and job.submitted - _SKEW,
            latest=job.started and job.started + _SKEW,
        )

    def fits(self, entry: QueueEntry) -> bool:
        """Whether an entry is this job, and not another one with the same id."""
        if _differ(self.cluster, entry.cluster):
            return False
        if entry.job_id in self.names:
            return True
        is_of_another = entry.job_id and (self.is_complete or "." not in entry.job_id)
        has_name = self.label in entry.label or _UNNAMED in entry.label
        if is_of_another or not has_name or entry.submitted is None:
            return False
        return self._was_submitted_at(entry.submitted, entry.restarts)

    def newest_attempt(self, entries: Iterable[QueueEntry]) -> QueueEntry | None:
        """Of all that accounting knows of an id, the last attempt of this job.

        A job that is put back is submitted again at the end of its attempt, with the same id.
        """
        found = None
        for entry in sorted(entries, key=_time):
            if self.fits(entry) or (found is not None and _follows(found, entry)):
                found = entry
        return found

    def _was_submitted_at(self, moment: datetime, restarts: int) -> bool:
        if self.queued is not None:
            tolerance = _SKEW if self.queued.microsecond else _SAME
            was_put_back = restarts > self.attempt and moment > self.queued
            return abs(moment - self.queued) <= tolerance or was_put_back
        is_early = self.earliest is not None and moment < self.earliest
        is_late = self.latest is not None and moment > self.latest
        return not (is_early or is_late)


def _follows(before: QueueEntry, entry: QueueEntry) -> bool:
    if before.ended is None or entry.submitted is None or _differ(before.cluster, entry.cluster):
        return False
    is_named_so = before.label == entry.label or _UNNAMED in (before.label + entry.label)
    return is_named_so and abs(entry.submitted - before.ended) <= _NEXT


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _time(entry: QueueEntry) -> float:
    return entry.submitted.timestamp() if entry.submitted else 0.0
