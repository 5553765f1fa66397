"""Turn what a user asks for into a record, or say what is wrong with it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from asyncmd_jupyter.jobs.folder import folder_for
from asyncmd_jupyter.jobs.model import Command, JobRecord, Resources
from asyncmd_jupyter.jobs.script import check_arguments

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 8


def new_record(
    command: Command,
    *,
    name: str,
    resources: Resources,
    launcher: str,
    tags: Mapping[str, str],
    owner: str,
) -> JobRecord:
    """Record of a new job that waits.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        The folder in which it should run is none.
    ValueError, TypeError
        The command or the resources can't be meant.
    """
    command = _checked_command(command)
    if resources.cores < 1:
        raise ValueError(f"cores={resources.cores} is not a whole number of at least 1.")
    job_id = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
    return JobRecord(
        id=job_id,
        name=name,
        launcher=launcher,
        command=command,
        folder=folder_for(command.cwd, name, job_id),
        resources=resources,
        owner=owner,
        submitted=datetime.now(UTC),
        tags=dict(tags),
    )


def _checked_command(command: Command) -> Command:
    argv: object = command.argv
    if not isinstance(argv, (tuple, list)) or not all(isinstance(item, str) for item in argv):
        raise TypeError(f"The command {argv!r} is not a tuple of strings.")
    if command.template is None or command.template.placeholder:
        check_arguments(tuple(argv))
    cwd = Path(command.cwd).absolute()
    if not cwd.exists():
        raise FileNotFoundError(f"The folder {str(cwd)!r} in which the job should run is missing.")
    if not cwd.is_dir():
        raise NotADirectoryError(f"{str(cwd)!r}, where the job should run, is not a folder.")
    return replace(command, argv=tuple(argv), cwd=cwd, env=dict(command.env))
