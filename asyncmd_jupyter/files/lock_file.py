"""Locks for file systems that have none: a file that only one process can create."""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.files.reading import read_object

# Of a process elsewhere it can't be told whether it has ended; no use takes so long.
_STALE_SECONDS = 1800.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class LockFile:
    """A lock that this process holds; without a path there is nothing to release."""

    path: Path | None

    @classmethod
    def acquired(cls, locked: Path) -> LockFile:
        """Create the lock file of a file.

        Raises
        ------
        BlockingIOError
            There is one of a process that goes on.
        PermissionError, OSError
        """
        path = locked.with_name(f".{locked.name}.lock-file")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        except FileExistsError:
            _remove_if_stale(path)
            raise BlockingIOError(errno.EAGAIN, "locked", str(path)) from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"host": _host(), "pid": os.getpid()}, file)
        return cls(path)

    def release(self) -> None:
        """Remove it."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _host() -> str:
    # With the boot, because after another one numbers of processes begin anew.
    boot = ""
    with suppress(OSError):
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
    return f"{socket.gethostname()} {boot} {_process_namespace()}"


def _process_namespace() -> int:
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _remove_if_stale(path: Path) -> None:
    """Remove a lock file whose process has ended, or that is too old to be in use.

    It is renamed before, so that of several that find it stale only one removes it, and none
    removes the file of the next.
    """
    aside = path.with_name(f".{secrets.token_hex(4)}{path.name}")
    with suppress(OSError, ForeignFileError):
        seen = path.stat()
        if not _is_stale(path, seen):
            return
        path.rename(aside)
        if not os.path.samestat(aside.stat(), seen):  # meanwhile it was another one's
            with suppress(FileExistsError):
                os.link(aside, path)
        aside.unlink()


def _is_stale(path: Path, seen: os.stat_result) -> bool:
    try:
        owner = read_object(path, limit=4096)
        if owner["host"] == _host():
            return not _is_alive(int(owner["pid"]))
    except (ValueError, TypeError, KeyError, OverflowError):
        pass  # empty: its process ended as it made it
    return time.time() - seen.st_mtime > _STALE_SECONDS


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
