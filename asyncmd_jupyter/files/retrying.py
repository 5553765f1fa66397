"""Wait for file systems that are away for a moment: a server that restarts, a stale handle.

Nothing is concluded from such an error but that the same has to be tried again later.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

from asyncmd_jupyter.errors import FileSystemError
from asyncmd_jupyter.files.disks import disk_of

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

GIVE_UP_SECONDS = 4 * 3600.0
PAUSES = (0.05, 60.0)
# Libraries that tell no number may mean a file that is damaged.
_FEW_TRIES = 5
_SQLITE_IOERR = 10  # sqlite3.SQLITE_IOERR
_NAMES = (
    *("ESTALE", "EIO", "EINTR", "EAGAIN", "ETIMEDOUT", "ENODEV", "ENXIO", "EREMOTEIO", "ENOLINK"),
    *("ECOMM", "EPROTO", "ECONNRESET", "ECONNABORTED", "ECONNREFUSED", "EHOSTDOWN"),
    *("EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "ENETRESET", "ENOTCONN", "ESHUTDOWN", "ENOLCK"),
)
_TRANSIENT = frozenset(getattr(errno, name) for name in _NAMES if hasattr(errno, name))


def is_transient(error: BaseException) -> bool:
    """Whether an error, or what has led to it, is one of a file system that may come back."""
    return any(_comes_from_file_system(one) for one in _chain(error))


def _comes_from_file_system(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _TRANSIENT or _is_nameless(error)
    # The last byte is the kind; without importing sqlite3, which workers do without.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == _SQLITE_IOERR


async def retried(call: Callable[[], Awaitable[_T]], path: str | os.PathLike[str]) -> _T:
    """Await a call, again and again with growing pauses as long as its errors are transient.

    Parameters
    ----------
    call : callable
        Gives a new awaitable each time; what it does can be done twice.
    path : path
        What it is about, for messages.

    Raises
    ------
    FileSystemError
        It did not work for hours.
    Exception
        Any other that `call` raises.
    """
    import asyncio  # workers do without, and start sooner

    patience = _Patience(path)
    while True:
        try:
            done = await call()
        except Exception as error:
            pause = patience.pause_after(error)
        else:
            patience.is_over()
            return done
        await asyncio.sleep(pause)


async def in_thread(path: str | os.PathLike[str], call: Callable[..., _T], *args: object) -> _T:
    """Do as `asyncio.to_thread`, again as long as errors are transient; see `retried`."""
    import asyncio

    return await retried(lambda: asyncio.to_thread(call, *args), path)


def retried_here(call: Callable[..., _T], *args: object, path: Path, seconds: float) -> _T:
    """Do as `in_thread` in this thread, which is blocked, for so many seconds.

    Not for `fsync`: once it has failed it succeeds, and what was written is lost.
    """
    patience = _Patience(path, seconds)
    while True:
        try:
            done = call(*args)
        except Exception as error:
            pause = patience.pause_after(error)
        else:
            patience.is_over()
            return done
        time.sleep(pause)


class _Patience:
    """How long to wait, and when no more."""

    def __init__(self, path: str | os.PathLike[str], seconds: float | None = None) -> None:
        self._path = path
        self._limit = GIVE_UP_SECONDS if seconds is None else seconds
        self._tries = 0
        self._begin = 0.0

    def pause_after(self, error: Exception) -> float:
        """Seconds until the next try; raises the error, or another one, if there is none."""
        if not is_transient(error):
            raise error
        self._tries += 1
        if self._tries == 1:
            self._begin = time.monotonic()
            self._say(error)
        if self._tries >= _FEW_TRIES and all(map(_is_nameless, _os_errors(error))):
            raise error
        if time.monotonic() - self._begin >= self._limit:
            raise FileSystemError(
                f"{os.fspath(self._path)} could not be used for {self._limit / 3600:.2g} hours "
                f"({error}): {disk_of(self._path)} does not answer as it should. What is on disk "
                "is as it was; go on when it works again."
            ) from error
        first, longest = PAUSES
        return float(min(first * 2 ** min(self._tries - 1, 30), longest))

    def _say(self, error: Exception) -> None:
        logger.warning(
            "%s can't be used at the moment (%s: %s): tried again for up to %.2g hours.",
            *(os.fspath(self._path), type(error).__name__, error, self._limit / 3600),
        )

    def is_over(self) -> None:
        """Say that it works again."""
        if self._tries:
            seconds = time.monotonic() - self._begin
            logger.info("%s can be used again after %.3g s.", os.fspath(self._path), seconds)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and those that led to it; none once it was waited for in vain."""
    found: BaseException | None = error
    for _ in range(20):
        if found is None or isinstance(found, FileSystemError):
            return
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _os_errors(error: BaseException) -> list[OSError]:
    return [one for one in _chain(error) if isinstance(one, OSError)]


def _is_nameless(error: BaseException) -> bool:
    """Whether it is a plain OSError without a number, as readers of XTC raise it."""
    return type(error) is OSError and error.errno is None
