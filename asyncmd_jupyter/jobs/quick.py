"""Short commands that answer a question on this machine: no job, nothing to be remembered."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncmd_jupyter.jobs.groups import end_group, kill_group
from asyncmd_jupyter.jobs.heritage import without_secrets


@dataclass(frozen=True)
class Answer:
    """What a command said.

    Attributes
    ----------
    code : int
        Its exit code.
    output, errors : str
    """

    code: int
    output: str
    errors: str


def run_now(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Answer:
    """Run a command and wait for it; called in threads.

    Parameters
    ----------
    argv : sequence of str
    cwd : Path
    env : Mapping, optional
        Added to the environment.
    """
    process = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env={**without_secrets(os.environ), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, errors = process.communicate()
    except BaseException:
        end_group(process)
        raise
    return Answer(process.returncode, output, errors)


def lines_of(argv: Sequence[str], cwd: Path) -> Generator[str]:
    """Yield what a command prints, and end it when nobody wants more; called in threads."""
    with subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=without_secrets(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            yield from process.stdout or ()
        finally:
            kill_group(process)
