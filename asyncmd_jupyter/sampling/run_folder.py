"""The folder of a run: whether it can be used, and how it is made ready."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import warnings
from pathlib import Path

from asyncmd_jupyter.errors import EngineError, OpenFolderWarning, UntrustedFolderError
from asyncmd_jupyter.files.owners import is_of_others, make_ours
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobRecord

# Of live looks, of functions that need earlier frames, and of configurations that are made.
_SCRATCH = re.compile(r"\..+\.(part\d{4,}\.(live|joined-\w+)|[a-z0-9_]{8})")


def check_folder(folder: Path, *, overwrite: bool, continuation: bool) -> None:
    """Refuse a folder that can't be used, before anything is written.

    Raises
    ------
    ValueError
        The name is in use.
    NotADirectoryError, FileNotFoundError, PermissionError
        It can't be made or written to, or belongs to somebody else (`UntrustedFolderError`).
    """
    if overwrite and continuation:
        raise ValueError("Give either overwrite or continuation: they exclude each other.")
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"The work folder {str(folder)!r} is a file: choose another name.")
    parent = folder if folder.exists() else folder.parent
    if not parent.is_dir():
        raise FileNotFoundError(f"The work folder {str(parent)!r} does not exist: create it first.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(f"The work folder {str(parent)!r} can't be written to.")
    if is_of_others(folder):
        raise UntrustedFolderError(
            f"The work folder {str(folder)!r} belongs to another user, whose run it is: start "
            "one of your own from its frames, under another name or in another folder."
        )
    if not (overwrite or continuation) and (found := run_files(folder)):
        raise ValueError(
            f"The name {folder.name!r} is in use: {str(folder)!r} holds files of an earlier run, "
            f"such as {found[0].name}. Choose another name, or ask to overwrite or to continue it."
        )


def run_files(folder: Path) -> list[Path]:
    """All files in a folder that belong to the run it is named after."""
    name = re.escape(folder.name)
    beside = r"_mdout\.mdp|_prev\.cpt|_rotref\.\d+\.trr"  # of GROMACS
    pattern = re.compile(rf"\.?{name}(_\d+)?({beside}|\..*)?")
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))


async def make_ready(folder: Path, *, overwrite: bool) -> None:
    """Create the folder, and remove the earlier run's files where that was asked for.

    Raises
    ------
    EngineError
        If a job still writes there.
    """
    await asyncio.to_thread(_make_own, folder)
    if not overwrite:
        return
    await _refuse_if_busy(folder)
    await asyncio.to_thread(_remove_files, folder)


def _make_own(folder: Path) -> None:
    """Make the folder, or close it to others: jobs run in it, and kernels act on its records."""
    is_open = folder.is_dir() and bool(folder.stat().st_mode & 0o022)
    make_ours(folder.resolve())
    if is_open:
        warnings.warn(
            f"Others could write to the folder {str(folder)!r}. That of a run is its user's: it is "
            "closed to them now (chmod go-w), and can still be read.",
            OpenFolderWarning,
            stacklevel=2,
        )


def _remove_files(folder: Path) -> None:
    for path in run_files(folder):
        remove_file_or_scratch(path)


def remove_file_or_scratch(path: Path) -> None:
    """Remove a file, a link, or a folder for what is only needed while something is computed.

    Other folders, and those of other users, are not ours to remove and stay.
    """
    if not stat.S_ISDIR(path.lstat().st_mode):
        path.unlink(missing_ok=True)
    elif _SCRATCH.fullmatch(path.name) and not is_of_others(path):
        shutil.rmtree(path, ignore_errors=True)


async def _refuse_if_busy(folder: Path) -> None:
    manager = JobManager.current()
    here = [job for job in await manager.history(unfinished=True) if _is_in(folder, job)]
    for record in here:
        for job in await manager.unfinished(record.tags):
            raise EngineError(
                f"Job {job.id} ({record.name}) of an earlier run still writes to "
                f"{str(folder)!r}: cancel it first, or continue that run."
            )


def _is_in(folder: Path, record: JobRecord) -> bool:
    return record.command.cwd.resolve() == folder.resolve()
