"""Which jobs were handed to Slurm as tasks of an array; a file in the folder of each tells it.

It is written before sbatch is called: whoever takes the jobs over finds the array by the id of
its batch, as a job that was submitted alone is found by its own id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from asyncmd_jupyter.files.owners import check_ours
from asyncmd_jupyter.files.writing import write_text
from asyncmd_jupyter.jobs.folder import read_note
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm.parsing import task_name

_FILE = "batch"
_TEXT = re.compile(r"(\w+) (\d+)\n")


class Memberships:
    """Knows them of this kernel's jobs, and reads those of others."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def names(self, job: JobRecord) -> tuple[str, ...]:
        """All names under which the queue may show a job: its id, or batch and number."""
        if job.id not in self._known:
            return (job.id,)
        return job.id, task_name(*self._known[job.id])

    def submitters(self, job: JobRecord) -> tuple[str, ...]:
        """What processes carry that submit a job."""
        return (job.id, self._known[job.id][0]) if job.id in self._known else (job.id,)

    def enrol(self, batch: str, jobs: Sequence[JobRecord]) -> None:
        """Write down that jobs belong together, in their order."""
        for number, job in enumerate(jobs):
            check_ours(job.folder)
            write_text(job.folder / _FILE, f"{batch} {number}\n", mode=0o644, durable=False)
            self._known[job.id] = batch, number

    def dismiss(self, jobs: Iterable[JobRecord]) -> None:
        """Forget it: there is no such array."""
        for job in jobs:
            self._known.pop(job.id, None)
            with suppress(OSError):
                (job.folder / _FILE).unlink(missing_ok=True)

    def read(self, jobs: Iterable[JobRecord]) -> None:
        """Look into the folders of jobs that an earlier kernel may have submitted."""
        for job in jobs:
            if job.id not in self._known and (found := _read(job)):
                self._known[job.id] = found


def _read(job: JobRecord) -> tuple[str, int] | None:
    match = _TEXT.fullmatch(read_note(job, _FILE) or "")
    return None if match is None else (match.group(1), int(match.group(2)))
