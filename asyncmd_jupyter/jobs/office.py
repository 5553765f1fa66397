"""What kernels do with the jobs of the store, for kernels that may be gone.

The command line and the Jupyter server show and end jobs through it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.local import LocalLauncher, host_of, is_elsewhere
from asyncmd_jupyter.jobs.lookup import pick
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.verdict import Grace
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jobs.survey import look_at, write_down
from asyncmd_jupyter.settings import Settings

_WIDEST = 40
_SECONDS_AFTER_GRACE = 15.0
_LOOK_SECONDS = 0.05
_GUESSED_FROM = 1000  # ids among which a mistyped one is looked for
_GRACE = Grace(unexplained=3.0)  # a person waits, and what is asked for ended long ago


class Office:
    """Looks at stored jobs and ends them. It blocks: call it in a thread.

    Parameters
    ----------
    settings : Settings
    store : JobStore, optional
        The one of the settings' folder otherwise.
    """

    def __init__(self, settings: Settings, store: JobStore | None = None) -> None:
        self._patience = settings.cancel_grace.total_seconds() + _SECONDS_AFTER_GRACE
        self.store = store or JobStore(settings.state_dir)
        self._launchers = Launchers(
            local=LocalLauncher(lambda: settings.cancel_grace),
            slurm=SlurmLauncher(lambda: settings.slurm, waits=True, grace=_GRACE),
        )

    def unfinished(self) -> list[JobRecord]:
        """Jobs that have not ended as far as the store knows."""
        return self.store.find(unfinished=True)

    def pick(self, ids: Iterable[str]) -> list[JobRecord]:
        """The jobs that ids name: ours, their beginnings, or Slurm's.

        Raises
        ------
        JobError
            An id is unknown.
        """
        chosen = [record for each in ids for record in self._pick(each)]
        return list({record.id: record for record in chosen}.values())

    def _pick(self, text: str) -> list[JobRecord]:
        found = self.store.named(text)
        return pick(found, text, known=() if found else self.store.newest_ids(_GUESSED_FROM))

    def look(self, records: Iterable[JobRecord]) -> list[JobRecord]:
        """The true states now; what nobody else would write down is stored."""
        records = list(records)
        seen = asyncio.run(look_at(records, self._launchers, self.store.folder))
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
        started = [job for job in jobs if job.state is not JobState.WAITING and can_end(job)]
        for launcher, group in self._launchers.grouped(started):
            await launcher.cancel(group)

    def _reread(self, jobs: Iterable[JobRecord]) -> list[JobRecord]:
        ids = {job.id for job in jobs}
        return self.look(self.store.find(ids=ids))


def is_here(job: JobRecord) -> bool:
    """Whether a job was started from this machine, so that its processes can be seen."""
    return not is_elsewhere(job)


def can_end(job: JobRecord) -> bool:
    """Whether this machine can reach the processes of a job."""
    return job.launcher != LocalLauncher.name or is_here(job)


def _may_end(job: JobRecord) -> bool:
    return not job.state.is_final and can_end(job)


def ended(job: JobRecord) -> str:
    """Say that a job was ended just now."""
    return f"Ended {title(job)}."


def ended_before(old: JobRecord, new: JobRecord) -> str:
    """Say that there was nothing to end."""
    if new.launcher == SlurmLauncher.name and not old.state.is_final:
        why = f" {new.reason}" if new.reason else ""
        return f"{title(new)} is not in Slurm any more; it had ended ({new.state.value}).{why}"
    return f"{title(new)} had ended before ({new.state.value})."


def why_it_goes_on(job: JobRecord) -> str:
    """Say why a job that was to end has not."""
    host = host_of(job)
    if not can_end(job):
        return f"{title(job)} runs on {host}; use 'asyncmd cancel {job.id}' there."
    if job.state is JobState.WAITING:
        return f"{title(job)} is held back by a busy kernel, which will cancel it."
    if job.launcher != LocalLauncher.name:
        return f"{title(job)} is still being ended; 'asyncmd jobs' shows when it has gone."
    return f"{title(job)} has processes that can't be ended; see 'ps' on {host}."


def title(job: JobRecord) -> str:
    """Name a job in a sentence."""
    return f"{job.id} {printable(job.name)!r}"


def printable(name: str) -> str:
    """A name in one line of bounded length."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
