"""The folder of one job: what is put in before the start and read back afterwards."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncmd_jupyter.jobs.model import JobRecord, JobState, Status
from asyncmd_jupyter.jobs.script import render_script
from asyncmd_jupyter.jobs.template import filled

JOBS_FOLDER = ".asyncmd_jobs"
_TAIL_BYTES = 65536


@dataclass(frozen=True)
class Marker:
    """A number that the script left behind, and when."""

    value: int
    time: datetime


def folder_for(cwd: Path, name: str, job_id: str) -> Path:
    """Where the files of a job go; tells people which job it was."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60].strip("._-") or "job"
    return cwd / JOBS_FOLDER / f"{readable}.{job_id}"


def prepare_folder(job: JobRecord) -> None:
    """Make the folder of a new job and write its script."""
    texts = {job.script: render_script(job)}
    if job.command.template is not None:
        texts[job.user_script] = filled(job.command.template, job.command.argv)
    job.folder.mkdir(parents=True)
    for path, text in texts.items():
        _write_private(path, text)


def rewrite_script(job: JobRecord) -> None:
    """Write the script of a job anew, of which something was decided only now."""
    hidden = job.script.with_name(f".{job.script.name}.new")
    hidden.unlink(missing_ok=True)
    _write_private(hidden, render_script(job))
    hidden.replace(job.script)


def _write_private(path: Path, text: str) -> None:
    # Scripts hold the values of environment variables, which may be nobody's business.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def read_start(job: JobRecord) -> Marker | None:
    """Process id of the script, once it runs."""
    return _read_marker(job.folder / f"started.{job.attempt}")


def read_end(job: JobRecord) -> Status | None:
    """How the command of the job's attempt ended, once the script has written it."""
    end = _read_marker(job.exit_file())
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


def write_marker(job: JobRecord, kind: str, value: int) -> None:
    """Do what the script does, for launchers that run none."""
    path = job.folder / f"{kind}.{job.attempt}"
    hidden = path.with_name(f".{path.name}")
    hidden.write_text(f"{value}\n")
    hidden.replace(path)


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
    with suppress(OSError), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        text = file.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-n_lines:])
    return ""


def _read_marker(path: Path) -> Marker | None:
    try:
        with path.open() as file:
            modified = os.fstat(file.fileno()).st_mtime
            return Marker(int(file.read()), datetime.fromtimestamp(modified, UTC))
    except (OSError, ValueError):
        return None
