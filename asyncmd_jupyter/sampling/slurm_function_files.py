"""What jobs of functions have on disk, and by what they are found."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from asyncmd_jupyter.files.owners import our_folder
from asyncmd_jupyter.jobs.folder import is_jobs_folder, jobs_folder, remove_folder
from asyncmd_jupyter.jobs.model import JobRecord

FUNCTION_TAG = "function"
TRAJECTORY_TAG = "trajectory"
RESULT_TAG = "result"

_RESULT = re.compile(r"values\.[0-9a-f]{16}")


def new_result(folder: Path) -> Path:
    """A path for what a program writes that no other job has.

    The folder of all jobs is hidden, and there before any of them runs.
    """
    return jobs_folder(folder) / f"values.{secrets.token_hex(8)}"


def remove_result(record: JobRecord) -> None:
    """Remove what the program wrote: the ending is its choice.

    Nothing is removed from a folder that is not one of this user's jobs.
    """
    result = Path(record.tags[RESULT_TAG])
    if not (is_jobs_folder(result.parent) and _RESULT.fullmatch(result.name)):
        return
    with suppress(OSError), our_folder(result.parent) as folder:
        for name in os.listdir(folder):  # noqa: PTH208 - a descriptor
            if name.startswith(result.name):
                _remove(name, folder)


def _remove(name: str, folder: int) -> None:
    if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        shutil.rmtree(name, ignore_errors=True, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)


def remove_folders(records: Iterable[JobRecord]) -> None:
    """Remove all that jobs wrote about themselves, if they have ended."""
    for record in records:
        if record.state.is_final:
            remove_folder(record)
