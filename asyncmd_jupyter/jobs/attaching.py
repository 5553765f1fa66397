"""Take over the jobs of a kernel that has ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.store import JobStore


def claim_orphans(
    store: JobStore,
    owner: str,
    launchers: Collection[str],
    tags: Mapping[str, str],
    folder: Path | None = None,
) -> list[JobRecord]:
    """Make `owner` look after unfinished jobs whose owner has ended, the oldest first."""
    orphans = [
        record
        for record in reversed(store.find(unfinished=True))
        if record.launcher in launchers
        and has_tags(record, tags)
        and is_below(record, folder)
        and is_orphan(record)
    ]
    return [replace(record, owner=owner) for record in orphans if store.claim(record, owner)]


def has_tags(record: JobRecord, tags: Mapping[str, str]) -> bool:
    """Whether a job has all of these tags."""
    return tags.items() <= record.tags.items()


def is_below(record: JobRecord, folder: Path | None) -> bool:
    """Whether a job works in a folder or below it; any does where there is none."""
    return folder is None or record.command.cwd.resolve().is_relative_to(folder.resolve())


def is_orphan(record: JobRecord) -> bool:
    """Whether nobody looks after a job any more."""
    return not Owner.parse(record.owner).may_live
