"""Take over the jobs of a kernel that has ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from asyncmd_jupyter.jobs.heartbeat import living
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.store import JobStore


def claim_orphans(
    store: JobStore,
    owner: str,
    launchers: Collection[str],
    tags: Mapping[str, str],
    folder: Path | None = None,
    *,
    force: bool = False,
) -> list[JobRecord]:
    """Make `owner` look after unfinished jobs whose owner has ended, the oldest first.

    With `force` also after those whose owner may live.
    """
    fitting = [
        record
        for record in reversed(store.find(unfinished=True))
        if record.launcher in launchers
        and has_tags(record, tags)
        and is_below(record, folder)
        and record.owner != owner
    ]
    alive = set() if force else living(store.folder, (record.owner for record in fitting))
    orphans = [record for record in fitting if record.owner not in alive]
    return [replace(record, owner=owner) for record in orphans if store.claim(record, owner)]


def has_tags(record: JobRecord, tags: Mapping[str, str]) -> bool:
    """Whether a job has all of these tags."""
    return tags.items() <= record.tags.items()


def is_below(record: JobRecord, folder: Path | None) -> bool:
    """Whether a job works in a folder or below it; any does where there is none."""
    return folder is None or record.command.cwd.resolve().is_relative_to(folder.resolve())


def orphans_of(records: Iterable[JobRecord], state_folder: Path) -> set[str]:
    """Ids of those jobs that nobody looks after any more."""
    records = [record for record in records if not record.state.is_final]
    alive = living(state_folder, (record.owner for record in records))
    return {record.id for record in records if record.owner not in alive}
