"""What really is with stored jobs, seen without the kernel that started them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from asyncmd_jupyter.jobs.attaching import is_orphan
from asyncmd_jupyter.jobs.follower import is_newer, updated
from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.remains import Remains, note_that_it_runs
from asyncmd_jupyter.jobs.store import JobStore

NEVER_STARTED = "The kernel that held it back ended before it was started."


async def look_at(records: Iterable[JobRecord], launchers: Launchers) -> list[JobRecord]:
    """The records as they would be if all their kernels were looking now."""
    records = list(records)
    asked = [record for record in records if record.launcher in launchers and _can_ask(record)]
    statuses = {
        job_id: status
        for launcher, jobs in launchers.grouped(asked)
        for job_id, status in (await launcher.poll(jobs)).items()
    }
    newer = {
        record.id: updated(record, statuses[record.id])
        for record in asked
        if record.id in statuses and is_newer(record, statuses[record.id])
    }
    undated = [each for each in records if each.id in newer and statuses[each.id].ended is None]
    await asyncio.to_thread(_date, newer, undated)
    return [newer.get(record.id, _given_up(record)) for record in records]


def write_down(store: JobStore, before: Iterable[JobRecord], seen: Iterable[JobRecord]) -> None:
    """Store what Slurm says of jobs whose kernels are dead, because it forgets it soon.

    The store takes it only if nobody has taken the job over meanwhile. Good ends, of which
    there are exit codes, are left for `JobManager.attach`, whose callers want the results.
    """
    for old, new in zip(before, seen, strict=True):
        if old.launcher == LocalLauncher.name or old.state.is_final or not is_orphan(old):
            continue
        if new.state is JobState.RUNNING:
            note_that_it_runs(new.folder)
        if new is not old and new.state is not JobState.DONE:
            store.save(new)
    store.flush()


def _date(newer: dict[str, JobRecord], undated: Iterable[JobRecord]) -> None:
    """Jobs ended when their folders say so, not when it was noticed."""
    for old in undated:
        if old.launcher != LocalLauncher.name and is_orphan(old):
            newer[old.id] = _dated(newer[old.id])


def _dated(job: JobRecord) -> JobRecord:
    remains = Remains.of(job.folder)
    started = job.started or remains.begin
    if not job.state.is_final or started is None:
        return replace(job, started=started)
    return replace(job, started=started, ended=max(started, remains.until or started))


def _can_ask(record: JobRecord) -> bool:
    if record.state.is_final or record.state is JobState.WAITING:
        return False
    is_just_being_started = record.native_id is None and not is_orphan(record)
    return not is_just_being_started


def _given_up(record: JobRecord) -> JobRecord:
    if record.state is not JobState.WAITING or not is_orphan(record):
        return record
    return replace(record, state=JobState.CANCELLED, reason=NEVER_STARTED, ended=datetime.now(UTC))
