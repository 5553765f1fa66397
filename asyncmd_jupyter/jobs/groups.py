"""Commands that are ended together with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import IO, Any

_SECONDS = 2.0


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process that leads a session of its own, and all that has not left it."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def end_group(process: subprocess.Popen[Any]) -> None:
    """Kill such a process and wait for it, not for those who have left and keep its pipes."""
    kill_group(process)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_SECONDS)
    process.wait()
    pipes: tuple[IO[Any] | None, ...] = (process.stdin, process.stdout, process.stderr)
    for pipe in filter(None, pipes):
        with suppress(OSError):
            pipe.close()
