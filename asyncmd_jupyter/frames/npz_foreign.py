"""Cache files that another program keeps under the name of ours: left exactly as they are."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import BinaryIO

from asyncmd_jupyter.frames.npz_format import (
    TAIL_BYTES,
    ends_as_ours,
    is_member_name,
    parse_record,
)

_SIGNATURE = b"PK\x03\x04"
_NAME_LENGTH = slice(26, 28)
_NAME_START = 30
_HEAD_BYTES = 2**17
_ENDING = "_asyncmd_cv_cache.npz"
_OUR_ENDING = "_asyncmd_jupyter_cv_cache.npz"


class ForeignFileError(OSError):
    """A file is the cache of another program, so it must not be written to."""


def beside_foreign(path: Path) -> Path:
    """Where our values are kept when another program's file has the name of ours."""
    name = path.name
    if name.endswith(_ENDING):
        return path.with_name(name.removesuffix(_ENDING) + _OUR_ENDING)
    return path.with_name(f"{path.stem}_asyncmd_jupyter{path.suffix}")


def is_foreign(file: int) -> bool:
    """Whether a file is the archive of another program.

    One of ours that was damaged is none, and nor is one without any member.
    """
    head = os.pread(file, _HEAD_BYTES, 0)
    if not head.startswith(_SIGNATURE) or _begins_as_ours(head) or ends_as_ours(_end(file)):
        return False
    if _first_name(head).endswith(b".npy"):
        return True  # also while it is still being written, when its directory is missing
    with os.fdopen(os.dup(file), "rb") as opened:
        return _has_members(opened)


def _begins_as_ours(head: bytes) -> bool:
    return parse_record(head) is not None or is_member_name(_first_name(head))


def _first_name(head: bytes) -> bytes:
    length = int.from_bytes(head[_NAME_LENGTH], "little")
    name = head[_NAME_START : _NAME_START + length]
    return name if len(name) == length else b""


def _end(file: int) -> bytes:
    return os.pread(file, TAIL_BYTES, max(0, os.fstat(file).st_size - TAIL_BYTES))


def _has_members(opened: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(opened) as archive:
            return any(not is_member_name(name.encode()) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
