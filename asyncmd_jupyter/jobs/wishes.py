"""What others want of the runs of a kernel: files beside the store, one for each wish.

The Jupyter server leaves them, and the kernel that looks after the run takes them. A kernel
hears of them also while a cell is executed, where nothing can be sent to it.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from asyncmd_jupyter.errors import UntrustedFolderError
from asyncmd_jupyter.files.owners import make_ours
from asyncmd_jupyter.files.reading import read_object
from asyncmd_jupyter.files.writing import write_bytes

HOLD, RELEASE = "hold", "release"
VERBS = (HOLD, RELEASE)

_FOLDER = "wishes"
_ENDING = ".json"
_MOST_BYTES = 2**16
_LONGEST_SECONDS = 600.0  # nobody means it any more


@dataclass(frozen=True)
class Wish:
    """What is to be done with a run.

    Attributes
    ----------
    verb : str
        ``hold`` or ``release``.
    folder : str
        Of the run.
    run : str
        Its name.
    """

    verb: str
    folder: str
    run: str


class Wishes:
    """Leaves and takes wishes. It blocks: use threads.

    Parameters
    ----------
    folder : Path
        Of the store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _FOLDER
        self._seen: int | None = None

    def leave(self, owner: str, wish: Wish) -> None:
        """Let a kernel know of a wish.

        Raises
        ------
        OSError, UntrustedFolderError
            It can't be written.
        """
        self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_ours(self._folder, mode=0o700)
        name = f"{quote(owner, safe='')}.{time.time_ns()}-{secrets.token_hex(4)}{_ENDING}"
        write_bytes(self._folder / name, json.dumps(vars(wish)).encode())

    def take(self, owner: str) -> list[Wish]:
        """The wishes that were left for a kernel since it looked last, oldest first."""
        if not self._has_changed():
            return []
        begin = f"{quote(owner, safe='')}."
        names = sorted(name for name in self._names() if name.startswith(begin))
        return [wish for name in names for wish in self._taken(self._folder / name)]

    def _has_changed(self) -> bool:
        """Whether files came since the last look; times of folders are coarse."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            return False
        is_same = changed == self._seen
        self._seen = changed if time.time_ns() - changed > 4e9 else None
        return not is_same

    def _names(self) -> list[str]:
        with suppress(OSError):
            return os.listdir(self._folder)  # noqa: PTH208 - names are all that is needed
        return []

    def _taken(self, path: Path) -> Iterator[Wish]:
        with suppress(OSError, ValueError, UntrustedFolderError):
            is_meant = time.time() - path.lstat().st_mtime < _LONGEST_SECONDS
            found = read_object(path, limit=_MOST_BYTES)
            path.unlink()
            verb, folder, run = (str(found.get(name, "")) for name in ("verb", "folder", "run"))
            if is_meant and verb in VERBS:
                yield Wish(verb, folder, run)
