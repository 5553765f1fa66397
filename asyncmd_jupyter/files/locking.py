"""Exclusive use of files that others may replace or remove meanwhile.

Locks are those of `flock`. On file systems without (Lustre mounted without ``-o flock``, NFS
without its lock service) a lock file is made beside in their place; one whose process has ended,
or that is older than any use takes, is removed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import random
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asyncmd_jupyter.errors import NoFileLocksWarning
from asyncmd_jupyter.files.lock_file import LockFile

_PATIENCE_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 0.02
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


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
        descriptor = _opened(path, write=write)
        lock: LockFile | None = None
        try:
            lock = _lock(descriptor, path, write=write, deadline=deadline)
            if _is_still(descriptor, path):
                yield descriptor
                return
        finally:
            _give_back(descriptor, lock)


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
    lock: LockFile | None = None
    try:
        try:
            lock = _try_lock(descriptor, path, fcntl.LOCK_EX)
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
        _give_back(descriptor, lock)


def _opened(path: Path, *, write: bool) -> int:
    # Without O_NONBLOCK a FIFO in its place would be waited for.
    flags = os.O_NONBLOCK | os.O_CLOEXEC
    # Nor is anything written or made where a link leads.
    writing = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    return os.open(path, flags | (writing if write else os.O_RDONLY), 0o666)


def _give_back(descriptor: int, lock: LockFile | None) -> None:
    if lock is None:
        # A process forked meanwhile has the lock too, until it is given back in words.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
    if lock is not None:
        lock.release()


def _lock(descriptor: int, path: Path, *, write: bool, deadline: float) -> LockFile | None:
    pause = 0.0002
    while True:
        try:
            return _try_lock(descriptor, path, fcntl.LOCK_EX if write else fcntl.LOCK_SH)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} has been locked by another process for long.") from None
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads the attempts
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _try_lock(descriptor: int, path: Path, kind: int) -> LockFile | None:
    """Lock a file; gives what has to be released if that is not the descriptor.

    Raises
    ------
    BlockingIOError
        Somebody else has locked it.
    """
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        return None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    # The same text each time, so that it is shown once.
    warnings.warn(
        f"The file system of {str(path.absolute().parent)!r} has no file locks (flock): lock files "
        "are used in their place. On Lustre the mount option flock provides them.",
        NoFileLocksWarning,
        stacklevel=5,
    )
    try:
        return LockFile.acquired(path)
    except PermissionError:
        if kind == fcntl.LOCK_EX:
            raise
        return LockFile(None)  # it can only be read; whoever writes replaces it as a whole


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), found)
