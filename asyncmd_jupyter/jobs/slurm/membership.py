"""Which jobs were handed to Slurm as tasks of an array; a file in the folder of each tells it.

It is written before sbatch is called: whoever takes the jobs over finds the array by the id of
its batch, as a job that was submitted alone is found by its own id. Once the submission is known
to have been heard, the comment in the record tells the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from asyncmd_jupyter.files.owners import check_ours
from asyncmd_jupyter.files.writing import write_text
from asyncmd_jupyter.jobs.folder import read_note
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm.commands import COMMENT_PREFIX
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry, task_name

_FILE = "batch"
_TEXT = re.compile(r"(\w+) (\d+)\n")


class Memberships:
    """Knows them of this kernel's jobs, and reads those of others."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, int]] = {}

    def names(self, job: JobRecord) -> tuple[str, ...]:
        """All names under which the queue may show a job: its id, or batch and number."""
        found = self._of(job)
        return (job.id,) if found is None else (job.id, task_name(*found))

    def submitters(self, job: JobRecord) -> tuple[str, ...]:
        """What processes carry that submit a job."""
        found = self._of(job)
        return (job.id,) if found is None else (job.id, found[0])

    def share_array(self, job: JobRecord, entry: QueueEntry) -> bool:
        """Whether an entry is of the array of a job, or is its rest without numbers."""
        return entry.job_id.partition(".")[0] in self.submitters(job)

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
            if self._of(job) is None and _may_be_task(job) and (found := _read(job)):
                self._known[job.id] = found

    def _of(self, job: JobRecord) -> tuple[str, int] | None:
        return self._known.get(job.id) or _commented(job)


def _may_be_task(job: JobRecord) -> bool:
    return job.native_id is None or "_" in job.native_id


def _commented(job: JobRecord) -> tuple[str, int] | None:
    batch = job.comment.removeprefix(COMMENT_PREFIX)
    _, is_task, number = (job.native_id or "").partition("_")
    if not is_task or batch in ("", job.id):
        return None
    return batch, int(number)


def _read(job: JobRecord) -> tuple[str, int] | None:
    match = _TEXT.fullmatch(read_note(job, _FILE) or "")
    return None if match is None else (match.group(1), int(match.group(2)))
