"""Signs of life of kernels: who looks after a job may be on a machine that can't be seen from here.

A kernel that has jobs touches a file beside the store each minute, in a thread, because its event
loop may be busy with a cell. Times are those of the file system, so clocks that differ between
machines say nothing; nobody counts as gone before ten minutes of silence.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import threading
import time
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from asyncmd_jupyter.errors import UntrustedFolderError
from asyncmd_jupyter.files.owners import make_ours
from asyncmd_jupyter.files.writing import create
from asyncmd_jupyter.jobs.process import Owner, boot_id, hostname

logger = logging.getLogger(__name__)

_FOLDER = "kernels"
_INTERVAL_SECONDS = 60.0
_SILENCE_SECONDS = 600.0
# Of a kernel before a restart of this machine; another machine of its name would have been heard.
_SILENCE_BEFORE_BOOT_SECONDS = 180.0
_CLOCK_SECONDS = 300.0


class Heartbeat:
    """Says that this process lives, from its first job on.

    Parameters
    ----------
    folder : Path
        Of the store.
    owner : str
        This process.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def ensure(self) -> None:
        """Give the first sign, and then one each minute. It may block for a moment."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                _beat(self._folder, self._owner)
                arguments = (weakref.ref(self), self._ended, self._folder, self._owner)
                self._thread = threading.Thread(
                    target=_go_on, args=arguments, name="asyncmd-heartbeat", daemon=True
                )
                self._thread.start()

    def stop(self) -> None:
        """Say that this process looks after nothing any more."""
        self._ended.set()
        with suppress(OSError):
            os.utime(_file(self._folder, self._owner), (0, 0), follow_symlinks=False)


def _go_on(
    heartbeat: weakref.ref[Heartbeat], ended: threading.Event, folder: Path, owner: str
) -> None:
    while not ended.wait(_INTERVAL_SECONDS) and heartbeat() is not None:
        _beat(folder, owner)


def _beat(folder: Path, owner: str) -> None:
    path = _file(folder, owner)
    try:
        if not path.exists():
            path.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_ours(path.parent, mode=0o700)
            with suppress(FileExistsError):
                create(path, 0o600).close()
        os.utime(path, follow_symlinks=False)
    except (OSError, UntrustedFolderError) as error:
        logger.info("This kernel can't give a sign of life in %s: %s", path.parent, error)


def living(folder: Path, owners: Iterable[str]) -> set[str]:
    """Those of the owners of jobs that may live.

    Parameters
    ----------
    folder : Path
        Of the store.
    owners : iterable of str
    """
    return {text for text in set(owners) if _text_may_live(text, folder)}


def forget_kernels(folder: Path, before: float) -> None:
    """Remove the signs of kernels that were heard last before a moment, in seconds since 1970."""
    for path in (folder / _FOLDER).iterdir():
        found = path.lstat()  # the time of one that ended well is 0, but not that of its change
        if max(found.st_mtime, found.st_ctime) < before:
            path.unlink(missing_ok=True)


def _text_may_live(text: str, folder: Path) -> bool:
    try:
        return may_live(Owner.parse(text), folder)
    except ValueError:  # nobody looks after it, and nobody may take it over
        return True


def may_live(owner: Owner, folder: Path) -> bool:
    """Whether a kernel lives, or may do so where this can't be seen.

    Of an earlier version elsewhere, which gives no signs, nobody can say that it has ended.
    """
    seen = owner.seen
    if seen is not None:
        return seen
    silence = _silence(folder, str(owner))
    is_from_before = owner.host == hostname() and owner.boot not in ("", boot_id())
    if silence is None:
        return not is_from_before
    return silence < (_SILENCE_BEFORE_BOOT_SECONDS if is_from_before else _SILENCE_SECONDS)


def _silence(folder: Path, owner: str) -> float | None:
    """Seconds since the last sign of life; None if there never was one."""
    try:
        last = _file(folder, owner).lstat().st_mtime
    except OSError:
        return None
    now = time.time()
    return now + _ahead(folder, int(now // _CLOCK_SECONDS)) - last


@functools.lru_cache(maxsize=4)
def _ahead(folder: Path, _period: int) -> float:
    """How far the clock of the file system is ahead of this machine's."""
    path = folder / _FOLDER / f".{secrets.token_hex(4)}.clock"
    try:
        before = time.time()
        create(path, 0o600).close()
        try:
            return path.stat().st_mtime - before
        finally:
            path.unlink()
    except OSError:
        return 0.0


def _file(folder: Path, owner: str) -> Path:
    return folder / _FOLDER / quote(owner, safe="")
