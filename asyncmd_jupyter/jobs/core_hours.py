"""How many core hours the jobs in Slurm have used, and whether that may go on.

The budget belongs to the job store: it holds for all kernels of a user and outlives them.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.files.reading import read_object
from asyncmd_jupyter.files.writing import write_text
from asyncmd_jupyter.jobs.store import JobStore, make_state_folder
from asyncmd_jupyter.jobs.tally import Tally

_LAUNCHER = "slurm"
_FILE = "core_hours.json"
_MANY = 10
_FRESH_SECONDS = 5.0


@dataclass(frozen=True)
class CoreHours:
    """What was used and what there is.

    Attributes
    ----------
    used : float
        Since the budget was set, or by all jobs of the store if there is none. Of a job
        that Slurm has put back into the queue the last attempt counts.
    limit : float or None
        The budget.
    running, waiting : int
        Jobs in Slurm now.
    """

    used: float
    limit: float | None = None
    since: datetime | None = None
    running: int = 0
    waiting: int = 0

    @property
    def is_used_up(self) -> bool:
        """Whether nothing of the budget is left."""
        return self.limit is not None and self.used >= self.limit

    def __str__(self) -> str:
        of = "" if self.limit is None else f" of {self.limit:g}"
        return (
            f"Slurm: {_readable(self.used)}{of} core hours used, {self.running} running,"
            f" {self.waiting} waiting"
        )

    def refusal(self) -> str:
        """What to say to those who want more than there is."""
        since = "" if self.since is None else f" since {self.since.astimezone():%Y-%m-%d %H:%M}"
        return (
            f"The budget of {self.limit:g} core hours in Slurm is used up:"
            f" {_readable(self.used)} were used{since}."
            " 'config.set_slurm_settings(core_hours=…)' raises it, and"
            " core_hours=float('inf') ends it."
        )


def _readable(hours: float) -> str:
    return f"{hours:.1f}" if hours >= _MANY or not hours else f"{hours:.3g}"


class Budget:
    """Counts, and keeps what was granted in a file beside the job store.

    Parameters
    ----------
    folder : Path
        Of the job store.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._store = JobStore(folder)
        self._tally = Tally(self._store, _LAUNCHER, None)
        self._lock = threading.Lock()
        self._last: tuple[float, CoreHours] | None = None

    @classmethod
    def of(cls, runtime: runtimes.Runtime) -> Budget:
        """That of a runtime, for `Runtime.service`."""
        return cls(runtime.settings.state_dir)

    @classmethod
    def current(cls) -> Budget:
        """That of the runtime in force."""
        return runtimes.current().service(cls.of)

    def grant(self, hours: float | None) -> None:
        """Allow so many core hours, counted from when the first budget was set; None ends it."""
        with self._lock:
            self._last = None
            if hours is None:
                self._path.unlink(missing_ok=True)
                return
            since = self._read().get("since") or datetime.now(UTC).isoformat()
            make_state_folder(self._path.parent)
            write_text(self._path, json.dumps({"limit": hours, "since": since}), mode=0o600)

    def since(self) -> datetime | None:
        """Since when core hours count, if there is a budget."""
        values = self._read()
        return datetime.fromisoformat(values["since"]) if values else None

    def limit(self) -> float | None:
        """The budget, if there is one."""
        return self._read().get("limit")

    def count(self) -> CoreHours:
        """What was used up to some seconds ago. Reads the store, so not for event loops."""
        with self._lock:
            values = self._read()
            is_old = self._last is None or time.monotonic() - self._last[0] > _FRESH_SECONDS
            if is_old or (self._last and self._last[1].limit != values.get("limit")):
                self._last = time.monotonic(), self._count(values)
            assert self._last is not None  # noqa: S101 - for the type checker
            return self._last[1]

    def _count(self, values: dict[str, Any]) -> CoreHours:
        since = datetime.fromisoformat(values["since"]) if values else None
        if since != self._tally.since:
            self._tally = Tally(self._store, _LAUNCHER, since)
        found = self._tally.read()
        return CoreHours(found.hours, values.get("limit"), since, found.running, found.waiting)

    def _read(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            values = read_object(self._path)
            if {"limit", "since"} <= values.keys():
                return values
        return {}


def core_hours() -> CoreHours:
    """What the jobs in Slurm of all kernels have used. Reads files, so not for event loops."""
    return Budget.current().count()
