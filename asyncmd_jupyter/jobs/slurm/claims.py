"""Who runs a job: a file that its script makes before anything else, once for each attempt.

A job may be in the queue more than once, after an unclear reply of sbatch. Only the one that
has made the file goes on; the others end at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from asyncmd_jupyter.jobs.model import JobRecord

_REVOKED = "revoked\n"
_NATIVE_ID = re.compile(r"(\d+(?:_\d+)?)\n")


def read_claimant(job: JobRecord, attempt: int) -> str | None:
    """Slurm's id of what runs an attempt; None as long as nobody does."""
    with suppress(OSError, ValueError):
        if match := _NATIVE_ID.fullmatch(_path(job, attempt).read_text()):
            return match.group(1)
    return None


def revoke(jobs: Iterable[JobRecord]) -> bool:
    """Keep jobs from ever running, in whatever queue they may turn up later.

    Returns
    -------
    bool
        Whether none of them has begun.
    """
    return all([_revoke(job) for job in jobs])


def _revoke(job: JobRecord) -> bool:
    path = _path(job, job.attempt)
    try:
        with path.open("x") as file:
            file.write(_REVOKED)
    except FileExistsError:
        return path.read_text() == _REVOKED
    except OSError:
        pass  # without its folder a job can't run
    return True


def _path(job: JobRecord, attempt: int) -> Path:
    return job.folder / f"claim.{attempt}"
