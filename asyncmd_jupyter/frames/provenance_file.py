"""Records beside trajectory files: their names, and how they are written, read and matched."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENDING = ".provenance.json"
SCHEMA = 1

_WHOLE_BYTES = 2**15  # a file of at most so much is hashed as a whole
_BLOCK_BYTES = 2**12
_BLOCKS = 4
_LARGEST_RECORD = 2**24


@dataclass(frozen=True)
class Mark:
    """By which the content of a file is recognised wherever it lies.

    Attributes
    ----------
    size : int
        Bytes.
    digest : str
        Of all bytes of a small file, of some blocks from the first to the last of a large one.
    """

    size: int
    digest: str

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Mark:
        """Look at a file."""
        handle = os.open(path, os.O_RDONLY)
        try:
            size = os.fstat(handle).st_size
            digest = hashlib.blake2b(digest_size=16)
            for offset, length in _blocks(size):
                digest.update(os.pread(handle, length, offset))
        finally:
            os.close(handle)
        return cls(size, digest.hexdigest())

    @classmethod
    def from_json(cls, content: Any) -> Mark | None:
        """Take what `to_json` gave; None for anything else."""
        if not isinstance(content, Mapping):
            return None
        size, digest = content.get("size"), content.get("digest")
        return cls(size, digest) if isinstance(size, int) and isinstance(digest, str) else None

    def to_json(self) -> dict[str, Any]:
        """Give what a record holds."""
        return {"size": self.size, "digest": self.digest}


def record_path(file: str | os.PathLike[str]) -> Path:
    """The record of a file."""
    return Path(os.fspath(file) + ENDING)


def write_record(file: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write the record of a file; it appears by rename.

    Raises
    ------
    OSError
    """
    path = os.fspath(file) + ENDING
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{secrets.token_hex(4)}.{name}")  # noqa: PTH118
    whole = {"schema": SCHEMA, **content}
    # A line for each section reads well, and takes a tenth of the time of indenting all.
    lines = (f'"{name}": {json.dumps(value, default=str)}' for name, value in whole.items())
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            data = text.encode()
            if os.write(handle, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        finally:
            os.close(handle)
        os.replace(beside, path)  # noqa: PTH105
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


def read_record(file: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What the record of a file holds; None if there is none.

    Raises
    ------
    OSError
    ValueError
        It is no record, or one of a later version.
    """
    try:
        with open(os.fspath(file) + ENDING, "rb", buffering=0) as handle:  # noqa: PTH123
            content = json.loads(handle.read(_LARGEST_RECORD))
    except FileNotFoundError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("schema"), int):
        raise ValueError("it holds something else")
    if content["schema"] > SCHEMA:
        raise ValueError(f"it was written by a later version (schema {content['schema']})")
    if not _is_sound(content):
        raise ValueError("it is damaged")
    return content


def matches(content: Mapping[str, Any], file: str | os.PathLike[str]) -> bool:
    """Whether a file is the one that its record was written for.

    Also that of a part which is being computed: it has no mark yet.
    """
    mark = Mark.from_json(content.get("content"))
    return mark is None or (_size(file) == mark.size and Mark.of(file) == mark)


def _size(file: str | os.PathLike[str]) -> int:
    return os.stat(file).st_size  # noqa: PTH116


def _blocks(size: int) -> list[tuple[int, int]]:
    if size <= _WHOLE_BYTES:
        return [(0, _WHOLE_BYTES)]
    last = size - _BLOCK_BYTES
    return [(last * number // (_BLOCKS - 1), _BLOCK_BYTES) for number in range(_BLOCKS)]


_SECTIONS: dict[str, type] = {
    "made": dict,
    "engine": dict,
    "parameters": dict,
    "seeds": dict,
    "job": dict,
    "tags": dict,
    "frames": dict,
    "software": dict,
    "inputs": dict,
    "parents": list,
    "changes": list,
}


def _is_sound(content: Mapping[str, Any]) -> bool:
    wrong = [
        name for name, kind in _SECTIONS.items() if not isinstance(content.get(name, kind()), kind)
    ]
    parents = content.get("parents", [])
    return not wrong and all(isinstance(one, dict) and "file" in one for one in parents)
