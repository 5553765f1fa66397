"""Show and end jobs from the command line, whether their kernels live or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.jobs.local import host_of
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.office import (
    Office,
    ended,
    ended_before,
    is_here,
    printable,
    why_it_goes_on,
)
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.names import escaped
from asyncmd_jupyter.settings import Settings

_HEADER = ("ID", "NAME", "STATE", "LAUNCHER", "CORES", "TIME", "REMARK")


def list_jobs(*, all: bool = False) -> str:
    """A table of the jobs that run or wait now, or of all that the store knows.

    Parameters
    ----------
    all : bool
        Also those that have ended.
    """
    office = Office(Settings.from_environment())
    records = office.look(office.store.find(unfinished=not all))
    shown = [record for record in records if all or not record.state.is_final]
    if not shown:
        return "There are no jobs." if all else "No job is running."
    return _table([_HEADER, *(_line(record) for record in shown)]) + _summary(office, shown)


def look_up(ids: Sequence[str]) -> list[JobRecord]:
    """The jobs that ids name, as they are now.

    Parameters
    ----------
    ids : sequence of str
        As for `cancel_jobs`.

    Raises
    ------
    JobError
        An id is unknown.
    """
    office = Office(Settings.from_environment())
    return office.look(office.pick(ids))


def cancel_jobs(ids: Sequence[str] | None) -> list[str]:
    """End jobs with all their processes and wait until they are gone.

    Parameters
    ----------
    ids : sequence of str, optional
        Ids or their beginnings, or Slurm's ids, such as ``22_1``, or ``22`` for all tasks of an
        array; all unfinished jobs if there are none.

    Returns
    -------
    list of str
        A sentence for each job.

    Raises
    ------
    JobError
        An id is unknown, then nothing is ended; or some job goes on.
    """
    office = Office(Settings.from_environment())
    stored = office.unfinished() if ids is None else office.pick(ids)
    jobs = office.look(stored)
    looked_at = office.end([job for job in jobs if not job.state.is_final])
    if going_on := [job for job in looked_at if not job.state.is_final]:
        raise JobError(" ".join(map(why_it_goes_on, going_on)))
    results = {job.id: ended(job) for job in looked_at}
    return [
        results.get(new.id, ended_before(old, new)) for old, new in zip(stored, jobs, strict=True)
    ]


def _line(job: JobRecord) -> tuple[str, ...]:
    remark = job.reason if is_here(job) or job.state.is_final else f"on {host_of(job)}"
    cores = str(job.resources.cores)
    name = printable(job.name)
    is_in_slurm = job.launcher == SlurmLauncher.name and job.native_id
    where = f"{job.launcher} {job.native_id}" if is_in_slurm else job.launcher
    return (job.id, name, job.state.value, where, cores, _duration(job), escaped(remark))


def _summary(office: Office, shown: Sequence[JobRecord]) -> str:
    if not any(job.launcher == SlurmLauncher.name for job in shown):
        return ""
    return f"\n{Budget(office.store.path.parent).count()}"


def _duration(job: JobRecord) -> str:
    if job.started is None:
        return "-"
    seconds = ((job.ended or datetime.now(UTC)) - job.started).total_seconds()
    return str(timedelta(seconds=max(0, round(seconds))))


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
