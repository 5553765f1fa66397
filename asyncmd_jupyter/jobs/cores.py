"""Who may start: a fair queue for the cores of this machine. Knows no clock and no loop."""

from __future__ import annotations

from collections import deque


class CoreQueue:
    """First come, first served. A job larger than the limit runs alone rather than never."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, int]] = deque()
        self._used: dict[str, int] = {}

    def __contains__(self, job_id: object) -> bool:
        return any(waiting_id == job_id for waiting_id, _ in self._waiting)

    def put(self, job_id: str, cores: int) -> None:
        """Queue a job behind all others."""
        self._waiting.append((job_id, cores))

    def put_back(self, job_id: str) -> None:
        """Queue a job that was admitted but could not be started yet before all others."""
        self._waiting.appendleft((job_id, self._used.pop(job_id)))

    def occupy(self, job_id: str, cores: int) -> None:
        """Count a job that runs already."""
        self._used[job_id] = cores

    def release(self, job_id: str) -> None:
        """Forget a job, whether it waits, runs or is unknown."""
        self._used.pop(job_id, None)
        self._waiting = deque(entry for entry in self._waiting if entry[0] != job_id)

    def admit(self, limit: int) -> list[str]:
        """Take out of the queue all jobs that may start now."""
        admitted = []
        while self._waiting and self._fits(self._waiting[0][1], limit):
            job_id, cores = self._waiting.popleft()
            self._used[job_id] = cores
            admitted.append(job_id)
        return admitted

    def _fits(self, cores: int, limit: int) -> bool:
        used = sum(self._used.values())
        return used == 0 or used + cores <= limit
