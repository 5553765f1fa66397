"""Exclusive use of a file that others may replace or remove meanwhile."""

from __future__ import annotations

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 0.02


@contextmanager
def locked(path: Path, *, write: bool) -> Iterator[int]:
    """Open a file and lock it against all other processes and threads.

    The file itself carries the lock, so that no lock file stays behind.

    Parameters
    ----------
    path : Path
    write : bool
        Lock it for writing, made if missing; else share it with other readers.

    Yields
    ------
    int
        The file descriptor.

    Raises
    ------
    FileNotFoundError
        When reading a file that does not exist.
    TimeoutError
        If somebody else keeps the lock for a minute, which a stopped process may do.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT if write else os.O_RDONLY, 0o666)
        try:
            _lock(descriptor, path, fcntl.LOCK_EX if write else fcntl.LOCK_SH, deadline)
            if _is_still(descriptor, path):
                yield descriptor
                return
        finally:
            # a process forked meanwhile has the lock too, until it is given back in words
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold a lock file that is there only while somebody holds it; never waits.

    A process that is killed gives it back; its file stays and is used again.

    Parameters
    ----------
    path : Path
        Made if missing, and removed at the end.

    Yields
    ------
    bool
        False if somebody else holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        # Removed by the one before between the opening and the lock: another file would be next.
        if not _is_still(descriptor, path):
            yield False
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, kind: int, deadline: float) -> None:
    pause = 0.0002
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} has been locked by another process for long.") from None
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads the attempts
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), found)
