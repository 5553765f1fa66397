"""Who may start: a fair queue for the cores of this machine. Knows no clock and no loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class _Place:
    """Where a job stands in the queue."""

    job_id: str
    cores: int
    takes_share: bool


class Announcement:
    """Somebody is about to queue a job; counts as one that wants to go until then."""


class CoreQueue:
    """First come, first served.

    Jobs say how many cores they need, or that they take a fair share: the limit divided by
    all that want to go now. A job that needs more than the limit runs alone rather than never.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Place] = deque()
        self._used: dict[str, _Place] = {}
        self._announced: set[Announcement] = set()

    def __contains__(self, job_id: object) -> bool:
        return any(place.job_id == job_id for place in self._waiting)

    @contextmanager
    def announced(self) -> Iterator[Announcement]:
        """Count a job that is being made ready, so that others take a smaller share."""
        announcement = Announcement()
        self._announced.add(announcement)
        try:
            yield announcement
        finally:
            self._announced.discard(announcement)

    def put(
        self,
        job_id: str,
        cores: int,
        *,
        takes_share: bool = False,
        announcement: Announcement | None = None,
    ) -> None:
        """Queue a job behind all others."""
        if announcement is not None:
            self._announced.discard(announcement)
        self._waiting.append(_Place(job_id, cores, takes_share))

    def put_back(self, job_id: str) -> None:
        """Queue a job that was admitted but could not be started yet before all others."""
        self._waiting.appendleft(self._used.pop(job_id))

    def occupy(self, job_id: str, cores: int) -> None:
        """Count a job that runs already."""
        self._used[job_id] = _Place(job_id, cores, False)

    def release(self, job_id: str) -> None:
        """Forget a job, whether it waits, runs or is unknown."""
        self._used.pop(job_id, None)
        self._waiting = deque(place for place in self._waiting if place.job_id != job_id)

    def admit(self, limit: int) -> dict[str, int]:
        """Take out of the queue all jobs that may start now, with the cores of each."""
        share = max(1, limit // max(1, self._n_wanting()))
        admitted = {}
        while self._waiting and (cores := self._granted(self._waiting[0], limit, share)):
            place = self._waiting.popleft()
            self._used[place.job_id] = _Place(place.job_id, cores, place.takes_share)
            admitted[place.job_id] = cores
        return admitted

    def _n_wanting(self) -> int:
        return len(self._waiting) + len(self._used) + len(self._announced)

    def _granted(self, place: _Place, limit: int, share: int) -> int:
        used = sum(other.cores for other in self._used.values())
        if place.takes_share:
            return max(0, min(share, limit - used))
        return place.cores if used == 0 or used + place.cores <= limit else 0
