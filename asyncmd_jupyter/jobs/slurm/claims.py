"""Who runs a job: a file that its script makes before anything else, once for each attempt.

A job may be in the queue more than once, after an unclear reply of sbatch. Only the one that
has made the file goes on; the others end at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from asyncmd_jupyter.files.owners import check_ours
from asyncmd_jupyter.files.writing import create
from asyncmd_jupyter.jobs.folder import read_note
from asyncmd_jupyter.jobs.model import JobRecord

_REVOKED = "revoked\n"
_NATIVE_ID = re.compile(r"(\d+(?:_\d+)?)\n")


def read_claimant(job: JobRecord, attempt: int) -> str | None:
    """Slurm's id of what runs an attempt; None as long as nobody does."""
    match = _NATIVE_ID.fullmatch(read_note(job, _name(attempt)) or "")
    return None if match is None else match.group(1)


def revoke(jobs: Iterable[JobRecord]) -> bool:
    """Keep jobs from ever running, in whatever queue they may turn up later.

    Returns
    -------
    bool
        Whether none of them has begun.
    """
    return all([_revoke(job) for job in jobs])


def _revoke(job: JobRecord) -> bool:
    name = _name(job.attempt)
    try:
        check_ours(job.folder)
        with create(job.folder / name, 0o644) as file:
            file.write(_REVOKED.encode())
    except FileExistsError:
        return read_note(job, name) == _REVOKED
    except OSError:
        pass  # without its folder a job can't run
    return True


def _name(attempt: int) -> str:
    return f"claim.{attempt}"
