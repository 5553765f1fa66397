"""What really is with stored jobs, seen without the kernel that started them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from asyncmd_jupyter.jobs.attaching import is_orphan
from asyncmd_jupyter.jobs.follower import is_newer, updated
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.registry import Launchers

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
    return [newer.get(record.id, _given_up(record)) for record in records]


def _can_ask(record: JobRecord) -> bool:
    if record.state.is_final or record.state is JobState.WAITING:
        return False
    is_just_being_started = record.native_id is None and not is_orphan(record)
    return not is_just_being_started


def _given_up(record: JobRecord) -> JobRecord:
    if record.state is not JobState.WAITING or not is_orphan(record):
        return record
    return replace(record, state=JobState.CANCELLED, reason=NEVER_STARTED, ended=datetime.now(UTC))
