"""What the folder of a job tells when nobody has looked after it: when it ran, at most."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncmd_jupyter.files.owners import our_folder

_MARKER = re.compile(r"(started|exit_code)\.(\d+)")
_SEEN = "seen_running"


@dataclass(frozen=True)
class Remains:
    """Times of the files in a folder.

    Attributes
    ----------
    begin, end : datetime or None
        Of the newest attempt that has left something.
    last_sign : datetime or None
        When any file was written, so until when it is known to have run.
    """

    begin: datetime | None = None
    end: datetime | None = None
    last_sign: datetime | None = None

    @classmethod
    def of(cls, folder: Path) -> Remains:
        """Look into the folder of a job; nothing is known if there is none."""
        times = times_in(folder)
        if not times:
            return cls()
        markers = {
            (kind, int(number)): time
            for name, time in times.items()
            if (match := _MARKER.fullmatch(name))
            for kind, number in [match.groups()]
        }
        newest = max((number for _, number in markers), default=0)
        begin, end = markers.get(("started", newest)), markers.get(("exit_code", newest))
        return cls(begin, end, max(times.values()))

    @property
    def until(self) -> datetime | None:
        """When it ended, or else when it surely still ran."""
        return self.end or self.last_sign


def note_that_it_runs(folder: Path) -> None:
    """Leave a sign of life for a job that was seen to run, as nobody else will."""
    with suppress(OSError), our_folder(folder) as opened:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.open(_SEEN, flags, 0o644, dir_fd=opened)
        os.utime(file)
        os.close(file)


def times_in(folder: Path) -> dict[str, datetime]:
    """The files in the folder of a job and when they were written; none if others can write there.

    Those of other users are left out.
    """
    with suppress(OSError), our_folder(folder, close=True) as opened, os.scandir(opened) as entries:
        owner = os.fstat(opened).st_uid
        found = ((entry.name, entry.stat(follow_symlinks=False)) for entry in entries)
        return {
            name: datetime.fromtimestamp(each.st_mtime, UTC)
            for name, each in found
            if each.st_uid == owner
        }
    return {}
