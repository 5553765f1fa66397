"""What jobs of functions have on disk, and by what they are found."""

from __future__ import annotations

import glob
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from asyncmd_jupyter.jobs.folder import JOBS_FOLDER
from asyncmd_jupyter.jobs.model import JobRecord

FUNCTION_TAG = "function"
TRAJECTORY_TAG = "trajectory"
RESULT_TAG = "result"


def new_result(folder: Path) -> Path:
    """A path for what a program writes that no other job has.

    The folder of all jobs is hidden, and there before any of them runs.
    """
    return folder / JOBS_FOLDER / f"values.{secrets.token_hex(8)}"


def remove_result(record: JobRecord) -> None:
    """Remove what the program wrote: the ending is its choice."""
    result = Path(record.tags[RESULT_TAG])
    for path in result.parent.glob(f"{glob.escape(result.name)}*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def remove_folders(records: Iterable[JobRecord]) -> None:
    """Remove all that jobs wrote about themselves, if they have ended."""
    for record in records:
        if record.state.is_final:
            shutil.rmtree(record.folder, ignore_errors=True)
