"""Adds up the core hours of the jobs in the store; those that have ended are read once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from asyncmd_jupyter.jobs.model import JobState, Resources, ScriptTemplate
from asyncmd_jupyter.jobs.slurm.options import cores_of, options_in
from asyncmd_jupyter.jobs.store import JobStore

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
    def of(cls, resources: str, template: str | None, begin: str, end: str | None) -> Self:
        """Read what the store has."""
        values: dict[str, Any] = json.loads(resources)
        seconds = values.pop("time_limit", None)
        values.pop("notice", None)
        script = ScriptTemplate(**json.loads(template)) if template else None
        return cls(
            n_cores(Resources(**values), script),
            datetime.fromisoformat(begin),
            datetime.fromisoformat(end) if end else None,
            None if seconds is None else timedelta(seconds=seconds),
        )

    def hours(self, since: datetime | None, now: datetime) -> float:
        """Core hours after a moment; a job that nobody looks after ends at its time limit."""
        end = self.end or now
        if self.end is None and self.limit is not None:
            end = min(end, self.begin + self.limit)
        begin = self.begin if since is None else max(since, self.begin)
        return max(timedelta(0), end - begin) / _HOUR * self.cores


class Tally:
    """Follows the jobs of one launcher in the store.

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
        self._seen: dict[str, str] = {}  # when jobs were first seen to run

    def read(self) -> Sum:
        """Look at what is new."""
        now = datetime.now(UTC)
        rows = self._store.states(self._launcher, self._newest)
        unfinished = {row.id: row.state for row in rows if not row.is_final}
        new = {row.id for row in rows if row.is_final and row.number > self._newest}
        ended = new | (self._unfinished - unfinished.keys())
        running = {each for each, state in unfinished.items() if state == JobState.RUNNING.value}
        hours = {
            job_id: Spell.of(resources, script, begin, end).hours(self.since, now)
            for job_id, resources, script, stored, end in self._store.spells(ended | running)
            if (begin := stored or self._first_seen(job_id, job_id in running, now))
        }
        self._ended += sum(hours.get(job_id, 0.0) for job_id in ended)
        self._newest = max([self._newest, *(row.number for row in rows)])
        self._unfinished = set(unfinished)
        used = self._ended + sum(hours.get(job_id, 0.0) for job_id in running)
        return Sum(used, len(running), len(unfinished) - len(running))

    def _first_seen(self, job_id: str, runs: bool, now: datetime) -> str | None:
        """For a job of which it is not yet known since when it runs."""
        return self._seen.setdefault(job_id, now.isoformat()) if runs else None


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
