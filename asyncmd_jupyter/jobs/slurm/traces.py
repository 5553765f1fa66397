"""What a job's script has left in its folder so far."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from asyncmd_jupyter.jobs.folder import Marker, read_end, read_note, read_start
from asyncmd_jupyter.jobs.model import JobRecord, Status
from asyncmd_jupyter.jobs.remains import times_in
from asyncmd_jupyter.jobs.slurm.claims import read_claimant
from asyncmd_jupyter.jobs.slurm.nodes import listed_nodes

_STARTED = re.compile(r"started\.(\d+)")


@dataclass(frozen=True)
class Traces:
    """All that the folder tells about the newest attempt.

    Attributes
    ----------
    attempt : int
        The newest one that has left something.
    start : Marker or None
        When it began.
    end : Status or None
        How the command ended.
    was_signalled : bool
        Whether somebody asked the script to end.
    nodes : tuple of str
        On which it runs or ran, unless the record has them already.
    claimant : str or None
        Slurm's id of what runs it, where that was looked for.
    """

    attempt: int
    start: Marker | None = None
    end: Status | None = None
    was_signalled: bool = False
    nodes: tuple[str, ...] = ()
    claimant: str | None = None

    @property
    def can_hear(self) -> bool:
        """Whether the command runs and nobody has asked for its end so far."""
        return self.start is not None and self.end is None and not self.was_signalled


def read_traces(jobs: Iterable[JobRecord], thorough: frozenset[str]) -> dict[str, Traces]:
    """Look into the folders of jobs; `thorough` names those that may have been started twice."""
    return {job.id: _read(job, job.id in thorough) for job in jobs}


def _read(job: JobRecord, thoroughly: bool) -> Traces:
    attempt = _newest_attempt(job) if thoroughly else job.attempt
    if attempt > job.attempt:
        job = replace(job, attempt=attempt, nodes=())
    end = read_end(job)
    start = read_start(job)
    # The last to be read, because it was written before the end.
    is_due = end is not None or (job.stop_requested and start is not None)
    signalled = is_due and (job.folder / f"signalled.{attempt}").exists()
    has_news = start is not None and not job.nodes
    nodes = _nodes(job) if has_news else ()
    claimant = read_claimant(job, attempt) if thoroughly else None
    return Traces(attempt, start, end, signalled, nodes, claimant)


def _nodes(job: JobRecord) -> tuple[str, ...]:
    return listed_nodes(read_note(job, f"nodes.{job.attempt}") or "")


def _newest_attempt(job: JobRecord) -> int:
    return max([job.attempt, *_attempts(job.folder)])


def _attempts(folder: Path) -> list[int]:
    matches = map(_STARTED.fullmatch, times_in(folder))
    return [int(match.group(1)) for match in matches if match]
