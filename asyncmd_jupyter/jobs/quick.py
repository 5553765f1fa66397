"""Short commands that answer a question on this machine: no job, nothing to be remembered."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


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
    done = subprocess.run(
        list(argv),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def lines_of(argv: Sequence[str], cwd: Path) -> Generator[str]:
    """Yield what a command prints, and end it when nobody wants more; called in threads."""
    with subprocess.Popen(
        list(argv),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
    ) as process:
        try:
            yield from process.stdout or ()
        finally:
            process.kill()
