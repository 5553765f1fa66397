"""The folder of one job: what is put in before the start and read back afterwards.

The folder in which a job runs may be that of a project, where others can put another folder in
the place of this one. So each time it is opened it is seen to be this user's, and writable by
nobody else; what is in another one is neither believed nor run.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncmd_jupyter.errors import ForeignFileError, UntrustedFolderError
from asyncmd_jupyter.files.owners import (
    check_ours,
    close_to_others,
    is_of_others,
    make_new,
    make_ours,
    open_ours,
    our_folder,
)
from asyncmd_jupyter.files.reading import open_regular
from asyncmd_jupyter.files.writing import create, name_beside, write_text
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Status
from asyncmd_jupyter.jobs.script import render_script
from asyncmd_jupyter.jobs.template import filled

logger = logging.getLogger(__name__)

JOBS_FOLDER = ".asyncmd_jobs"
_TAIL_BYTES = 65536
_LARGEST_MARKER = 65536


@dataclass(frozen=True)
class Marker:
    """A number that the script left behind, and when."""

    value: int
    time: datetime


def jobs_folder(cwd: Path) -> Path:
    """Where the folders of this user's jobs go that run in a folder, hidden in it.

    Where somebody else has one already, such as in the folder of a project, it has the number of
    the user in its name.
    """
    shared = cwd / JOBS_FOLDER
    return shared.with_name(f"{JOBS_FOLDER}.{os.geteuid()}") if is_of_others(shared) else shared


def make_jobs_folder(folder: Path) -> None:
    """Make the folder that `jobs_folder` gave, or see that it is this user's.

    Raises
    ------
    UntrustedFolderError
        Somebody else's folder or a link is in its place.
    OSError
    """
    make_ours(folder)


def is_jobs_folder(folder: Path) -> bool:
    """Whether a folder is called like those that `jobs_folder` gives."""
    return re.fullmatch(rf"{re.escape(JOBS_FOLDER)}(\.\d+)?", folder.name) is not None


def folder_for(cwd: Path, name: str, job_id: str) -> Path:
    """Where the files of a job go; tells people which job it was."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60].strip("._-") or "job"
    return jobs_folder(cwd) / f"{readable}.{job_id}"


def prepare_folder(job: JobRecord) -> None:
    """Make the folder of a new job and write its script."""
    texts = {job.script: render_script(job)}
    if job.command.template is not None:
        texts[job.user_script] = filled(job.command.template, job.command.argv)
    make_jobs_folder(job.folder.parent)
    make_new(job.folder)
    for path, text in texts.items():
        _write_private(path, text)


def rewrite_script(job: JobRecord) -> None:
    """Write the script of a job anew, of which something was decided only now."""
    check_ours(job.folder)
    hidden = name_beside(job.script)
    _write_private(hidden, render_script(job))
    hidden.replace(job.script)


def _write_private(path: Path, text: str) -> None:
    # Scripts hold the values of environment variables, which may be nobody's business.
    with create(path, 0o700) as file:
        os.fchmod(file.fileno(), 0o700)  # whatever the rights are that it inherits
        file.write(text.encode("utf-8", "surrogateescape"))


@contextmanager
def opened_script(job: JobRecord) -> Iterator[int]:
    """Open the script of a job that is to be run: what is read is what this user wrote.

    Raises
    ------
    UntrustedFolderError
        Somebody else can have written it.
    OSError
    """
    with our_folder(job.folder) as folder:
        descriptor = open_ours(job.script.name, folder=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def remove_folder(job: JobRecord) -> None:
    """Remove the folder of a job, if it is one of this package and this user; else do nothing."""
    folder = job.folder
    if not (is_jobs_folder(folder.parent) and folder.name.endswith(f".{job.id}")):
        logger.warning("%s is not the folder of job %s, and is kept.", folder, job.id)
        return
    with suppress(FileNotFoundError):
        try:
            check_ours(folder)
            with our_folder(folder.parent) as parent:
                shutil.rmtree(folder.name, ignore_errors=True, dir_fd=parent)
        except UntrustedFolderError as error:
            logger.warning("The folder of job %s is kept. %s", job.id, error)


def read_start(job: JobRecord) -> Marker | None:
    """Process id of the script, once it runs."""
    return _read_marker(job, f"started.{job.attempt}")


def read_end(job: JobRecord) -> Status | None:
    """How the command of the job's attempt ended, once the script has written it."""
    end = _read_marker(job, job.exit_file().name)
    if end is None:
        return None
    start = read_start(job)
    return ended_status(
        subprocess_code(end.value), started=start.time if start else None, ended=end.time
    )


def ended_status(
    exit_code: int, *, started: datetime | None = None, ended: datetime | None = None
) -> Status:
    """Status of a job whose command ended with `exit_code` (negative for a signal)."""
    state = JobState.DONE if exit_code == 0 else JobState.FAILED
    reason = exit_reason(exit_code)
    return Status(state, exit_code=exit_code, reason=reason, started=started, ended=ended)


def subprocess_code(shell_code: int) -> int:
    """Turn bash's 128 + n for a signal n into subprocess' -n."""
    number = shell_code - 128
    return -number if number in signal.valid_signals() and number > 0 else shell_code


def shell_code(exit_code: int) -> int:
    """Turn subprocess' -n for a signal n into bash's 128 + n."""
    return exit_code if exit_code >= 0 else 128 - exit_code


def make_output(path: Path) -> None:
    """Make a file in the folder of a job to which its command will add, unless there is one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with our_folder(path.parent) as folder:
        os.close(os.open(path.name, flags, 0o644, dir_fd=folder))


def write_marker(job: JobRecord, kind: str, value: int) -> None:
    """Do what the script does, for launchers that run none."""
    write_text(job.folder / f"{kind}.{job.attempt}", f"{value}\n", mode=0o644, durable=False)


def exit_reason(exit_code: int) -> str:
    """One sentence on why a command ended so; nothing to say about 0."""
    if exit_code == 0:
        return ""
    if exit_code == -signal.SIGKILL:
        return "The command was killed (SIGKILL), by somebody or because memory ran out."
    if exit_code < 0:
        return f"The command was ended by the signal {signal_name(-exit_code)}."
    if exit_code in (126, 127):
        return f"The program can't be started or was not found (exit code {exit_code})."
    return f"The command ended with exit code {exit_code}."


def signal_name(number: int) -> str:
    """The signal's name, such as SIGTERM."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def read_tail(path: Path, n_lines: int) -> str:
    """The last lines of an output file; nothing if there is none."""
    if n_lines < 1:
        raise ValueError(f"n_lines={n_lines} is not a whole number of at least 1.")
    with (
        suppress(OSError, ForeignFileError),
        os.fdopen(open_regular(path, follow=False), "rb") as file,
    ):
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        text = file.read(_TAIL_BYTES).decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-n_lines:])
    return ""


def read_note(job: JobRecord, name: str) -> str | None:
    """What was left in a file of a job's folder; None if nothing was, or not by this user."""
    found = _read_file(job, name)
    return None if found is None else found[0]


def disbelief(job: JobRecord) -> str:
    """Why what is in the folder of a job is not believed; empty if it is, or if it is gone."""
    try:
        check_ours(job.folder)
    except UntrustedFolderError as error:
        return str(error)
    except OSError:
        pass
    return ""


def _read_marker(job: JobRecord, name: str) -> Marker | None:
    found = _read_file(job, name)
    with suppress(ValueError):
        if found is not None:
            return Marker(int(found[0]), found[1])
    return None


def _read_file(job: JobRecord, name: str) -> tuple[str, datetime] | None:
    try:
        return _read_ours(job.folder, name)
    except UntrustedFolderError:
        pass
    except (OSError, ValueError):
        return None
    # Of an earlier version, or on a file system that gives others the right to write.
    with suppress(OSError, ValueError):
        close_to_others(job.folder)
        return _read_ours(job.folder, name)
    return None


def _read_ours(folder: Path, name: str) -> tuple[str, datetime]:
    with our_folder(folder) as opened, os.fdopen(open_ours(name, folder=opened), "rb") as file:
        modified = os.fstat(file.fileno()).st_mtime
        text = file.read(_LARGEST_MARKER).decode("ascii")
        return text, datetime.fromtimestamp(modified, UTC)
