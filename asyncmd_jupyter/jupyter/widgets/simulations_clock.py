"""How long the jobs of a walker have run: what it waited or was held in between does not count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from asyncmd_jupyter.jobs.model import JobRecord


@dataclass
class WalkerClock:
    """Remembers when each job of a walker ran."""

    _spans: dict[str, tuple[float, float | None]] = field(default_factory=dict)

    def look(self, record: JobRecord | None, find: Callable[[str], JobRecord | None]) -> None:
        """Take in the newest job, and the end of those before, which `find` gives."""
        for job_id in [job_id for job_id, (_, end) in self._spans.items() if end is None]:
            self._take(find(job_id))
        self._take(record)

    def shown(self) -> tuple[float | None, float | None]:
        """Give a start and an end, None while it runs, between which lies the time of all jobs.

        The start is None if no job has begun.
        """
        if not self._spans:
            return None, None
        *before, (start, end) = self._spans.values()
        earlier = sum((over or begin) - begin for begin, over in before)
        return round(start - earlier, 1), end

    def _take(self, record: JobRecord | None) -> None:
        if record is not None and record.started is not None:
            ended = None if record.ended is None else _seconds(record.ended)
            self._spans[record.id] = _seconds(record.started), ended


def _seconds(moment: datetime) -> float:
    return round(moment.timestamp(), 1)
