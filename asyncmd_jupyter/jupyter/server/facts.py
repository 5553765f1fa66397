"""What the page is told of a stored job: much less than its record holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.slurm.identity import Mark
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.slurm.options import seconds_of_limit

SLURM = "slurm"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job of ours; as in `JobRecord`, where nothing else is said.

    Attributes
    ----------
    started, ended, submitted : str or None
        In ISO format.
    time_limit : float or None
        Seconds.
    partition : str
        That was asked for.
    is_repeatable : bool
        Whether Slurm may run it again.
    cwd : str
        Its work folder.
    has_begun : bool
        Whether it may have written something.
    was_cancelled : bool
        Whether somebody has cancelled it.
    mark : Mark or None
        By which it is found in Slurm's queue, as long as it can be there.
    """

    id: str
    name: str
    launcher: str
    native_id: str | None
    state: JobState
    reason: str
    cause: str
    nodes: tuple[str, ...]
    cores: int
    partition: str
    submitted: str | None
    started: str | None
    ended: str | None
    time_limit: float | None
    exit_code: int | None
    attempt: int
    held: bool
    owner: str
    run: str
    walker: str
    part: str
    engine: str
    cwd: str
    is_repeatable: bool
    has_begun: bool
    was_cancelled: bool = False
    mark: Mark | None = None


def facts_of(record: JobRecord) -> JobFacts:
    """Take from a record what is shown."""
    options, tags = record.resources.options, record.tags
    waits = record.state in (JobState.WAITING, JobState.PENDING)
    return JobFacts(
        id=record.id,
        name=record.name,
        launcher=record.launcher,
        native_id=record.native_id,
        state=record.state,
        reason=record.reason,
        cause=record.cause,
        nodes=record.nodes,
        cores=record.resources.cores,
        partition=options.get("partition", ""),
        submitted=iso(record.submitted),
        started=iso(record.started),
        ended=iso(record.ended),
        time_limit=_limit(record),
        exit_code=record.exit_code,
        attempt=record.attempt,
        held=record.held,
        owner=record.owner,
        run=tags.get("run", ""),
        walker=tags.get("walker", ""),
        part=tags.get("part", ""),
        engine=tags.get("engine", ""),
        cwd=str(record.command.cwd),
        is_repeatable=record.command.repeatable and "no-requeue" not in options,
        has_begun=record.started is not None or not (waits or record.exit_code is None),
        was_cancelled=record.was_given_up,
        mark=_mark(record),
    )


def _mark(record: JobRecord) -> Mark | None:
    if record.native_id is None or record.state.is_final or record.launcher != SLURM:
        return None
    return Mark.of(record, Memberships().names(record))


def _limit(record: JobRecord) -> float | None:
    """An option for sbatch goes before what the engine would ask for."""
    chosen, usual = record.resources.options.get("time"), record.resources.time_limit
    if chosen is not None:
        return seconds_of_limit(chosen)
    return usual.total_seconds() if usual else None


def iso(moment: datetime | None) -> str | None:
    """A time as the page reads it."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")
