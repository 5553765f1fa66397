"""What an opened row of the table of simulations shows. Everything here reads files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.files.reading import open_regular
from asyncmd_jupyter.jobs.model import JobRecord

LONGEST_TAIL = 16_384
MOST_LINES = 200
MOST_FILES = 200


@dataclass(frozen=True)
class Subject:
    """The simulation of which something is to be read.

    Attributes
    ----------
    folder : Path
        Of its run.
    deffnm : str
        What the names of its files begin with.
    record : JobRecord or None
        Its newest job.
    error : BaseException or None
        What ended it.
    said : str
        What is known of that in words.
    """

    folder: Path
    deffnm: str
    record: JobRecord | None
    error: BaseException | None = None
    said: str = ""

    def logs(self) -> list[Path]:
        """Files that a person may want to follow, the most telling one first."""
        found = sorted(self._own("log"), key=_modified, reverse=True)[:3]
        if self.record is not None:
            found += [self.record.stderr, self.record.stdout]
        return sorted((path for path in found if path.is_file()), key=_is_empty)

    def script(self) -> str:
        """What was handed to the launcher, cut if it is very long."""
        if self.record is None:
            return ""
        for path in (self.record.user_script, self.record.script):
            with suppress(OSError, ForeignFileError), _opened(path) as file:
                return str(file.read(4 * LONGEST_TAIL).decode("utf-8", errors="replace"))
        return ""

    def files(self) -> list[tuple[str, int | None]]:
        """All its files with their sizes in bytes, in the run's folder if nothing else is said."""
        paths = sorted(self._own("*"))
        if self.record is not None and self.record.folder.is_dir():
            paths += sorted(self.record.folder.iterdir())
        sizes = list(_with_sizes(paths[:MOST_FILES]))
        return [(str(self.folder), None), *((self._short(path), size) for path, size in sizes)]

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.folder) if path.is_relative_to(self.folder) else path)

    def triage(self) -> str:
        """Say what went wrong and what can be done, as far as that can be known."""
        from asyncmd_jupyter.triage import diagnose, diagnose_error

        if self.error is not None:
            return diagnose_error(self.error, self.record).text()
        found = None if self.record is None else diagnose(self.record)
        return self.said if found is None else found.text()

    def _own(self, ending: str) -> list[Path]:
        name = glob.escape(self.deffnm)
        return [path for path in self.folder.glob(f"{name}.*") if path.match(f"*.{ending}")]


@dataclass
class Tail:
    """Reads the end of a growing file, later only what was added.

    Attributes
    ----------
    path : Path
    """

    path: Path
    _read_to: int | None = field(default=None, init=False)

    def more(self) -> tuple[bool, str] | None:
        """Read on; call it in a thread.

        Returns
        -------
        (bool, str) or None
            Whether the text replaces what was read before, and the text; None if there is
            nothing new.
        """
        try:
            with _opened(self.path) as file:
                return self._more(file, file.seek(0, 2))
        except (OSError, ForeignFileError):
            return self._nothing_yet()

    def _nothing_yet(self) -> tuple[bool, str] | None:
        is_first, self._read_to = self._read_to is None, self._read_to or 0
        return (True, "") if is_first else None

    def _more(self, file: Any, size: int) -> tuple[bool, str] | None:
        if size == self._read_to:
            return None
        done = self._read_to
        is_new = done is None or size < done or size - done > LONGEST_TAIL
        begin = max(0, size - LONGEST_TAIL) if done is None or is_new else done
        file.seek(begin)
        text = file.read(size - begin).decode("utf-8", errors="replace")
        self._read_to = size
        if is_new:
            text = "".join(text.splitlines(keepends=True)[-MOST_LINES:])
        return is_new, text.replace("\r\n", "\n")


def _opened(path: Path) -> BinaryIO:
    """A file that others may have put there; nobody waits for a pipe."""
    return os.fdopen(open_regular(path), "rb")


def _with_sizes(paths: list[Path]) -> Iterator[tuple[Path, int]]:
    for path in paths:
        with suppress(OSError):
            if path.is_file():
                yield path, path.stat().st_size


def _modified(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _is_empty(path: Path) -> bool:
    with suppress(OSError):
        return path.stat().st_size == 0
    return True
