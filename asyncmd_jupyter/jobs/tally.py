"""Adds up the core hours of the jobs in the store; those that have ended are read once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from asyncmd_jupyter.jobs.heartbeat import may_live
from asyncmd_jupyter.jobs.model import JobState, Resources, ScriptTemplate
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.remains import Remains
from asyncmd_jupyter.jobs.slurm.options import cores_of, options_in
from asyncmd_jupyter.jobs.store import JobStore, StoredSpell, StoredState

_RUNNING = JobState.RUNNING.value
_HOUR = timedelta(hours=1)
_LAST_NUMBER = re.compile(r"(\d+)\D*\Z")


@dataclass(frozen=True)
class Sum:
    """What was used, and by how many jobs more will be."""

    hours: float
    running: int
    waiting: int


@dataclass(frozen=True)
class Spell:
    """From when to when a job had how many cores."""

    cores: int
    begin: datetime
    end: datetime | None
    limit: timedelta | None

    @classmethod
    def of(cls, resources: str, template: str | None, begin: datetime, end: str | None) -> Self:
        """Read what the store has."""
        values: dict[str, Any] = json.loads(resources)
        seconds = values.pop("time_limit", None)
        values.pop("notice", None)
        script = ScriptTemplate(**json.loads(template)) if template else None
        return cls(
            n_cores(Resources(**values), script),
            begin,
            datetime.fromisoformat(end) if end else None,
            None if seconds is None else timedelta(seconds=seconds),
        )

    def hours(self, since: datetime | None, now: datetime) -> float:
        """Core hours after a moment; a job whose end is not known ends at its time limit."""
        end = self.end or now
        if self.end is None and self.limit is not None:
            end = min(end, self.begin + self.limit)
        begin = self.begin if since is None else max(since, self.begin)
        return max(timedelta(0), end - begin) / _HOUR * self.cores


class Tally:
    """Follows the jobs of one launcher in the store.

    Jobs whose kernel has ended count until their last sign of life, never until now: what
    became of them is not known before somebody asks the launcher.

    Parameters
    ----------
    store : JobStore
        Is read only.
    launcher : str
        Whose jobs count.
    since : datetime, optional
        What was used before does not count.
    """

    def __init__(self, store: JobStore, launcher: str, since: datetime | None) -> None:
        self.since = since
        self._store = store
        self._launcher = launcher
        self._newest = 0
        self._unfinished: set[str] = set()
        self._ended = 0.0
        self._seen: dict[str, datetime] = {}  # when jobs were first seen to run
        self._over: dict[str, Remains] = {}  # of jobs that the store has not yet as ended

    def read(self) -> Sum:
        """Look at what is new."""
        now = datetime.now(UTC)
        rows = self._store.states(self._launcher, self._newest)
        unfinished = {row.id: row for row in rows if not row.is_final}
        new = {row.id for row in rows if row.is_final and row.number > self._newest}
        ended = new | (self._unfinished - unfinished.keys())
        running = {each for each, row in unfinished.items() if row.state == _RUNNING}
        alone = _unwatched(unfinished.values(), self._store.folder)
        hours = {
            job.id: spell.hours(self.since, now)
            for job in self._store.spells(ended | running | alone.keys())
            if (spell := self._spell(job, alone.get(job.id), job.id in running, now))
        }
        self._ended += sum(hours.pop(job_id, 0.0) for job_id in ended)
        self._newest = max([self._newest, *(row.number for row in rows)])
        self._unfinished = set(unfinished)
        self._over = {key: each for key, each in self._over.items() if key in unfinished}
        left = unfinished.keys() - self._over.keys()
        n_running = len(left & running)
        return Sum(self._ended + sum(hours.values()), n_running, len(left) - n_running)

    def _spell(
        self, job: StoredSpell, is_dead: bool | None, runs: bool, now: datetime
    ) -> Spell | None:
        """From when to when a job ran; `is_dead` tells of its kernel, None if that lives."""
        if is_dead is not None:
            job = _as_left(job, self._remains(job), is_dead)
        begin = datetime.fromisoformat(job.begin) if job.begin else None
        if begin is None and runs and not is_dead:
            begin = self._seen.setdefault(job.id, now)
        return Spell.of(job.resources, job.script, begin, job.end) if begin else None

    def _remains(self, job: StoredSpell) -> Remains:
        if job.id in self._over:
            return self._over[job.id]
        found = Remains.of(Path(job.folder))
        if found.end is not None:
            self._over[job.id] = found
        return found


def _unwatched(rows: Iterable[StoredState], state_folder: Path) -> dict[str, bool]:
    """Jobs whose kernel is not seen to live, and whether it is known to be dead."""
    rows = list(rows)
    owners = {row.owner: Owner.parse(row.owner) for row in rows}
    dead = {text: not may_live(owner, state_folder) for text, owner in owners.items()}
    alive = {text for text, owner in owners.items() if owner.seen}
    return {row.id: dead[row.owner] for row in rows if row.owner not in alive}


def _as_left(job: StoredSpell, remains: Remains, is_dead: bool) -> StoredSpell:
    begin = job.begin or _text(remains.begin)
    end = (_text(remains.until) or begin) if is_dead else _text(remains.end)
    return job._replace(begin=begin, end=end)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def n_cores(resources: Resources, template: ScriptTemplate | None) -> int:
    """All cores that a job asks Slurm for: those of a task, times the tasks, on all nodes."""
    options = {**options_in(template), **resources.options}
    nodes = _number(options.get("nodes") or options.get("N", ""))
    tasks = _number(options.get("ntasks", "")) or (nodes or 1) * (
        _number(options.get("ntasks-per-node", "")) or 1
    )
    return cores_of(resources, template) * max(tasks, nodes)


def _number(text: str) -> int:
    """The larger one of ``2-4``, and 0 for what is no number."""
    match = _LAST_NUMBER.search(text)
    return int(match.group(1)) if match else 0
