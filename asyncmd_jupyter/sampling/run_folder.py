"""The folder of a run: whether it can be used, and how it is made ready."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobRecord


def check_folder(folder: Path, *, overwrite: bool, continuation: bool) -> None:
    """Refuse a folder that can't be used, before anything is written.

    Raises
    ------
    ValueError
        The name is in use.
    NotADirectoryError, FileNotFoundError, PermissionError
        It can't be made or written to.
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
    folder.mkdir(exist_ok=True)
    if not overwrite:
        return
    await _refuse_if_busy(folder)
    for path in run_files(folder):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


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
