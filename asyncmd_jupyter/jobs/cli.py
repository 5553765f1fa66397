"""Show and end jobs from the command line, whether their kernels live or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.lookup import pick
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.verdict import Grace
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jobs.survey import look_at, write_down
from asyncmd_jupyter.settings import Settings

_HEADER = ("ID", "NAME", "STATE", "LAUNCHER", "CORES", "TIME", "REMARK")
_WIDEST = 40
_SECONDS_AFTER_GRACE = 15.0
_LOOK_SECONDS = 0.05
_GRACE = Grace(unexplained=3.0)  # a person waits, and what is asked for ended long ago


def list_jobs(*, all: bool = False) -> str:
    """A table of the jobs that run or wait now, or of all that the store knows.

    Parameters
    ----------
    all : bool
        Also those that have ended.
    """
    office = _Office()
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
    office = _Office()
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
    office = _Office()
    stored = office.unfinished() if ids is None else office.pick(ids)
    jobs = office.look(stored)
    ended = office.end([job for job in jobs if not job.state.is_final])
    if going_on := [job for job in ended if not job.state.is_final]:
        raise JobError(" ".join(map(_why_it_goes_on, going_on)))
    results = {job.id: f"Ended {_title(job)}." for job in ended}
    return [results.get(new.id, _already(old, new)) for old, new in zip(stored, jobs, strict=True)]


class _Office:
    """Does what kernels do with the jobs of the store, for kernels that may be gone."""

    def __init__(self) -> None:
        settings = Settings.from_environment()
        self._patience = settings.cancel_grace.total_seconds() + _SECONDS_AFTER_GRACE
        self.store = JobStore(settings.state_dir)
        self._launchers = Launchers(
            local=LocalLauncher(lambda: settings.cancel_grace),
            slurm=SlurmLauncher(lambda: settings.slurm, waits=True, grace=_GRACE),
        )

    def unfinished(self) -> list[JobRecord]:
        return self.store.find(unfinished=True)

    def pick(self, ids: Iterable[str]) -> list[JobRecord]:
        records = self.store.find()
        chosen = [record for each in ids for record in pick(records, each)]
        return list({record.id: record for record in chosen}.values())

    def look(self, records: Iterable[JobRecord]) -> list[JobRecord]:
        """The true states now; what nobody else would write down is stored."""
        records = list(records)
        seen = asyncio.run(look_at(records, self._launchers))
        with suppress(JobError):  # a store that can only be read is shown anyway
            write_down(self.store, records, seen)
        return seen

    def end(self, jobs: list[JobRecord]) -> list[JobRecord]:
        """Ask for the end of jobs and wait for it; returns what is known of them then."""
        self.store.request_cancel(job.id for job in jobs)
        asyncio.run(self._deliver(jobs))
        deadline = time.monotonic() + self._patience
        jobs = self._reread(jobs)
        while any(map(_may_end, jobs)) and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            jobs = self._reread(jobs)
        for job in jobs:
            if job.state.is_final:
                self.store.save(job)
        self.store.flush()
        return jobs

    async def _deliver(self, jobs: Iterable[JobRecord]) -> None:
        started = [job for job in jobs if job.state is not JobState.WAITING and _can_end(job)]
        for launcher, group in self._launchers.grouped(started):
            await launcher.cancel(group)

    def _reread(self, jobs: Iterable[JobRecord]) -> list[JobRecord]:
        ids = {job.id for job in jobs}
        return self.look(self.store.find(ids=ids))


def _is_here(job: JobRecord) -> bool:
    return Owner.parse(job.owner).is_here


def _may_end(job: JobRecord) -> bool:
    return not job.state.is_final and _can_end(job)


def _can_end(job: JobRecord) -> bool:
    return job.launcher != LocalLauncher.name or _is_here(job)


def _already(old: JobRecord, new: JobRecord) -> str:
    if new.launcher == SlurmLauncher.name and not old.state.is_final:
        why = f" {new.reason}" if new.reason else ""
        return f"{_title(new)} is not in Slurm any more; it had ended ({new.state.value}).{why}"
    return f"{_title(new)} had ended before ({new.state.value})."


def _why_it_goes_on(job: JobRecord) -> str:
    host = Owner.parse(job.owner).host
    if not _can_end(job):
        return f"{_title(job)} runs on {host}; use 'asyncmd cancel {job.id}' there."
    if job.state is JobState.WAITING:
        return f"{_title(job)} is held back by a busy kernel, which will cancel it."
    if job.launcher != LocalLauncher.name:
        return f"{_title(job)} is still being ended; 'asyncmd jobs' shows when it has gone."
    return f"{_title(job)} has processes that can't be ended; see 'ps' on {host}."


def _title(job: JobRecord) -> str:
    return f"{job.id} {_printable(job.name)!r}"


def _line(job: JobRecord) -> tuple[str, ...]:
    remark = job.reason if _is_here(job) or job.state.is_final else f"on {job.owner.split(':')[0]}"
    cores = str(job.resources.cores)
    name = _printable(job.name)
    is_in_slurm = job.launcher == SlurmLauncher.name and job.native_id
    where = f"{job.launcher} {job.native_id}" if is_in_slurm else job.launcher
    return (job.id, name, job.state.value, where, cores, _duration(job), remark)


def _summary(office: _Office, shown: Sequence[JobRecord]) -> str:
    if not any(job.launcher == SlurmLauncher.name for job in shown):
        return ""
    return f"\n{Budget(office.store.path.parent).count()}"


def _duration(job: JobRecord) -> str:
    if job.started is None:
        return "-"
    seconds = ((job.ended or datetime.now(UTC)) - job.started).total_seconds()
    return str(timedelta(seconds=max(0, round(seconds))))


def _printable(name: str) -> str:
    text = "".join(letter if letter.isprintable() else "?" for letter in name)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
