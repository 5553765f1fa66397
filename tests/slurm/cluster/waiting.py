"""Waiting for a condition, with an error that shows why it did not come."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

TIMEOUT_S = 60.0
LINES_SHOWN = 15


class ClusterError(Exception):
    """The cluster does not do what it should."""


def wait_until(
    condition: Callable[[], object],
    what: str,
    log: Path | None = None,
    *,
    goes_on: Callable[[], bool] = lambda: True,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Return when `condition` holds; raise ClusterError with the end of `log` if it never will."""
    end = time.monotonic() + timeout_s
    while not condition():
        if not goes_on():
            raise ClusterError(f"Ended before this came true: {what}.{end_of(log)}")
        if time.monotonic() > end:
            raise ClusterError(f"Not within {timeout_s:g} s: {what}.{end_of(log)}")
        time.sleep(0.02)


def end_of(log: Path | None) -> str:
    """The last lines of a log, introduced by its name."""
    if log is None or not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
    return "\n".join([f" The end of {log}:", *lines])
