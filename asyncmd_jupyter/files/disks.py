"""Which file system a file lies on, in words for errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_ROOM_BYTES = 64 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


def disk_of(path: str | os.PathLike[str]) -> str:
    """Name the file system of a file, which need not exist, and its free space.

    Returns
    -------
    str
        Such as ``the file system '/scratch' (1.2 GB free)``.
    """
    place = _existing(Path(path).absolute())
    while place != place.parent and place.stat().st_dev == place.parent.stat().st_dev:
        place = place.parent
    try:
        free = f" ({_size(os.statvfs(place).f_bavail * os.statvfs(place).f_frsize)} free)"
    except OSError:
        free = ""
    return f"the file system {str(place)!r}{free}"


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or the share of this user, is full."""
    return isinstance(error, OSError) and error.errno in _FULL


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Give the system's errors the name of a file, and of its disk where that is full.

    Calls on open files do not know what these are called.
    """
    try:
        yield
    except OSError as error:
        if is_full(error) and error.strerror == os.strerror(error.errno or 0):
            words = f"There is no room on {disk_of(path)}: make some, and continue"
            raise OSError(error.errno, words, os.fspath(path)) from error
        if error.filename is None and error.errno is not None:
            error.filename = os.fspath(path)
        raise


def has_no_room(folder: Path) -> bool:
    """Whether next to nothing can be written to a folder, or no more files."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    has_files_left = disk.f_favail > 0 or not disk.f_files  # some don't count them
    return disk.f_bavail * disk.f_frsize < _NO_ROOM_BYTES or not has_files_left


def _existing(path: Path) -> Path:
    while path != path.parent and not os.path.lexists(path):
        path = path.parent
    return path if path.is_dir() else path.parent


def _size(n_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} TB"
