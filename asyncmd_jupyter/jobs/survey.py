"""What really is with stored jobs, seen without the kernel that started them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from asyncmd_jupyter.jobs.attaching import orphans_of
from asyncmd_jupyter.jobs.follower import is_newer, updated
from asyncmd_jupyter.jobs.local import LocalLauncher
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.remains import Remains, note_that_it_runs
from asyncmd_jupyter.jobs.store import JobStore

NEVER_STARTED = "The kernel that held it back ended before it was started."


async def look_at(
    records: Iterable[JobRecord], launchers: Launchers, state_folder: Path
) -> list[JobRecord]:
    """The records as they would be if all their kernels were looking now."""
    records = list(records)
    orphans = await asyncio.to_thread(orphans_of, records, state_folder)
    asked = [
        record
        for record in records
        if record.launcher in launchers and _can_ask(record, record.id in orphans)
    ]
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
    left = [record for record in undated if record.id in orphans]
    await asyncio.to_thread(_date, newer, left)
    given_up = {each.id: _given_up(each) for each in records if each.id in orphans}
    return [newer.get(each.id, given_up.get(each.id, each)) for each in records]


def write_down(store: JobStore, before: Iterable[JobRecord], seen: Iterable[JobRecord]) -> None:
    """Store what Slurm says of jobs whose kernels are dead, because it forgets it soon.

    The store takes it only if nobody has taken the job over meanwhile. Good ends, of which
    there are exit codes, are left for `JobManager.attach`, whose callers want the results.
    """
    before = list(before)
    orphans = orphans_of(before, store.folder)
    for old, new in zip(before, seen, strict=True):
        if old.launcher == LocalLauncher.name or old.state.is_final or old.id not in orphans:
            continue
        if new.state is JobState.RUNNING:
            note_that_it_runs(new.folder)
        if new is not old and new.state is not JobState.DONE:
            store.save(new)
    store.flush()


def _date(newer: dict[str, JobRecord], undated: Iterable[JobRecord]) -> None:
    """Jobs ended when their folders say so, not when it was noticed."""
    for old in undated:
        if old.launcher != LocalLauncher.name:
            newer[old.id] = _dated(newer[old.id])


def _dated(job: JobRecord) -> JobRecord:
    remains = Remains.of(job.folder)
    started = job.started or remains.begin
    if not job.state.is_final or started is None:
        return replace(job, started=started)
    return replace(job, started=started, ended=max(started, remains.until or started))


def _can_ask(record: JobRecord, is_orphan: bool) -> bool:
    if record.state.is_final or record.state is JobState.WAITING:
        return False
    is_just_being_started = record.native_id is None and not is_orphan
    return not is_just_being_started


def _given_up(record: JobRecord) -> JobRecord:
    if record.state is not JobState.WAITING:
        return record
    return replace(record, state=JobState.CANCELLED, reason=NEVER_STARTED, ended=datetime.now(UTC))
