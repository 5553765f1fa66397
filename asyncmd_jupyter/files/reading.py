"""Read files that somebody else may have written, or put there to be read."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

from asyncmd_jupyter.errors import ForeignFileError

# Records of runs with a thousand walkers have some megabytes.
LARGEST_RECORD = 64 * 2**20
_MAX_DIGITS = 40
_HALF = "\\ud"  # how JSON writes half of a character
_LEAST_PIECE = 2**16


def open_regular(path: str | os.PathLike[str], *, follow: bool = True) -> int:
    """Open a regular file for reading; never waits, as opening a FIFO would.

    Parameters
    ----------
    path : path
    follow : bool
        Whether `path` itself may be a symbolic link.

    Returns
    -------
    int
        A file descriptor, to be closed by the caller.

    Raises
    ------
    FileNotFoundError, PermissionError, OSError
    ForeignFileError
        It is a folder, FIFO, socket or device, or a link where none may be.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise ForeignFileError(f"{_shown(path)} is not a regular file.") from None
        if error.errno == errno.ELOOP:
            raise ForeignFileError(f"{_shown(path)} is a symbolic link.") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ForeignFileError(f"{_shown(path)} is not a regular file.")
    return descriptor


def read_bytes(
    path: str | os.PathLike[str], *, limit: int = LARGEST_RECORD, follow: bool = True
) -> bytes:
    """Read a whole regular file.

    Parameters
    ----------
    path : path
    limit : int
        Bytes that it may have.
    follow : bool
        Whether `path` itself may be a symbolic link.

    Raises
    ------
    OSError
    ForeignFileError
        It is not a regular file, or larger.
    """
    with os.fdopen(open_regular(path, follow=follow), "rb", buffering=0) as file:
        # Not by its size alone: the file may grow, and those of /proc have none.
        piece = max(os.fstat(file.fileno()).st_size + 1, _LEAST_PIECE)
        chunks, left = [], limit + 1
        while left and (chunk := file.read(min(left, piece))):
            chunks.append(chunk)
            left -= len(chunk)
    if not left:
        raise ForeignFileError(f"{_shown(path)} has more than {limit} bytes.")
    return b"".join(chunks)


def read_text(
    path: str | os.PathLike[str], *, limit: int = LARGEST_RECORD, follow: bool = True
) -> str:
    """Read a whole regular file as UTF-8.

    Raises
    ------
    OSError
    ForeignFileError
        It is not a regular file, larger than `limit` bytes, or other than UTF-8.
    """
    try:
        return read_bytes(path, limit=limit, follow=follow).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ForeignFileError(f"{_shown(path)} is not UTF-8 text: {error}.") from None


def read_object(path: str | os.PathLike[str], *, limit: int = LARGEST_RECORD) -> dict[str, Any]:
    """Read the JSON object in a regular file.

    Raises
    ------
    OSError
    ForeignFileError
        It is not a regular file, too large, or other than a JSON object.
    """
    found = read_json(path, limit=limit)
    if not isinstance(found, dict):
        raise ForeignFileError(f"{_shown(path)} is not a JSON object.")
    return found


def read_json(
    path: str | os.PathLike[str], *, limit: int = LARGEST_RECORD, follow: bool = True
) -> Any:
    """Read the JSON in a regular file.

    Raises
    ------
    OSError
    ForeignFileError
        It is not a regular file, too large, or other than JSON.
    """
    try:
        return parse_json(read_bytes(path, limit=limit, follow=follow))
    except ForeignFileError:
        raise
    except ValueError as error:
        raise ForeignFileError(f"{_shown(path)} is not valid JSON: {error}") from None


def parse_json(text: str | bytes) -> Any:
    """Read JSON that somebody else may have written.

    Raises
    ------
    ValueError
        It is not JSON, is nested too deeply, or has numbers or texts that other types of Python
        can't hold.
    """
    whole = text if isinstance(text, str) else text.decode("utf-8")
    try:
        found = json.loads(whole, parse_int=_whole_number)
        if _HALF in whole.lower():
            _check_texts(found)
    except RecursionError:
        raise ValueError("it is nested too deeply.") from None
    return found


def _check_texts(found: Any) -> None:
    """Refuse halves of characters, of which no text for a page or a terminal can be made.

    Those that stand for bytes in names of files are no such halves.
    """
    try:
        json.dumps(found, ensure_ascii=False).encode("utf-8", errors="surrogateescape")
    except UnicodeEncodeError:
        raise ValueError("it holds a text with half of a character.") from None


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Read a JSON object that somebody else may have written.

    Raises
    ------
    ValueError
        It is something else.
    """
    found = parse_json(text)
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object.")
    return found


def _whole_number(digits: str) -> int:
    # Beyond this a conversion to a time or a float fails, or takes long.
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"it holds a number with {len(digits)} digits.")
    return int(digits)


def _shown(path: str | os.PathLike[str]) -> str:
    return str(Path(path))
