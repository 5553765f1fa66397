"""The end of what a job has written: of its own files only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.files.reading import open_regular
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jupyter.server.validation import RefusedError

_MOST_BYTES = 256 * 1024


def read_log(record: JobRecord, stream: str, n_lines: int, limit: int) -> dict[str, Any]:
    """The last lines of a job's output.

    Parameters
    ----------
    record : JobRecord
    stream : str
        ``stdout`` or ``stderr``.
    n_lines : int
    limit : int
        Most bytes.

    Raises
    ------
    RefusedError
        There is no such file, or it is not the job's own.
    """
    path = record.stdout if stream == "stdout" else record.stderr
    most = min(limit, _MOST_BYTES)
    with _opened(_own_file(record.folder, path)) as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - most))
        content = file.read(most)
    text, is_cut = _tail(content, n_lines, most)
    is_whole = len(content) >= size and not is_cut
    return {"file": path.name, "text": text, "size": size, "truncated": not is_whole}


def _own_file(folder: Path, path: Path) -> Path:
    """The file behind all links, if that is in the folder and the folder is no link itself."""
    try:
        real_folder = folder.parent.resolve(strict=True) / folder.name
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise RefusedError(404, f"The job has not written {path.name}.") from None
    if not real.is_relative_to(real_folder):
        raise _not_its_own(path)
    return real


def _opened(path: Path) -> BinaryIO:
    try:
        return os.fdopen(open_regular(path, follow=False), "rb")
    except ForeignFileError:
        raise _not_its_own(path) from None
    except OSError:
        raise RefusedError(404, f"{path.name} of the job can't be read.") from None


def _not_its_own(path: Path) -> RefusedError:
    return RefusedError(403, f"{path.name} is no file of the job's own.")


def _tail(content: bytes, n_lines: int, most: int) -> tuple[str, bool]:
    """The last lines as text of bounded size, and whether something was left out."""
    lines = content.decode("utf-8", errors="replace").split("\n")
    is_ended = lines[-1] == ""
    n_wanted = n_lines + is_ended
    text = "\n".join(lines[-n_wanted:])
    is_cut = len(lines) > n_wanted
    # What was no text has become longer.
    encoded = text.encode("utf-8")
    if len(encoded) > most:
        return encoded[-most:].decode("utf-8", errors="ignore"), True
    return text, is_cut
