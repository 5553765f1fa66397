"""Records beside trajectory files: their names, and how they are written, read and matched."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.files.reading import open_regular, parse_json, read_bytes
from asyncmd_jupyter.files.writing import write_text

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
        handle = open_regular(path)
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

    It is not forced to the disk: there is one for each part and each frame that is cut out, and
    results can be read without it.

    Raises
    ------
    OSError
    """
    whole = {"schema": SCHEMA, **content}
    # A line for each section reads well, and takes a tenth of the time of indenting all.
    lines = (f'"{name}": {json.dumps(value, default=str)}' for name, value in whole.items())
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    write_text(os.fspath(file) + ENDING, text, durable=False)


def read_record(file: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What the record of a file holds, which anybody may have written; None if there is none.

    Raises
    ------
    OSError
    ValueError
        It is not a record, or one of a later version.
    """
    try:
        content = read_bytes(os.fspath(file) + ENDING, limit=_LARGEST_RECORD)
    except FileNotFoundError:
        return None
    if not content:
        raise ValueError("it is empty")
    found = parse_json(content)
    if not isinstance(found, dict) or not isinstance(found.get("schema"), int):
        raise ValueError("it holds something else")
    if found["schema"] > SCHEMA:
        raise ValueError(f"it was written by a later version (schema {found['schema']})")
    if not _is_sound(found):
        raise ValueError("it is damaged")
    return found


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


_SECTIONS: Mapping[str, type] = {
    "id": str,
    "made": dict,
    "engine": dict,
    "parameters": dict,
    "seeds": dict,
    "job": dict,
    "tags": dict,
    "frames": dict,
    "software": dict,
    "inputs": dict,
    "velocities": dict,
    "parents": list,
    "changes": list,
}
_PARAMETERS: Mapping[str, type] = {"program": str, "digest": str, "set": dict, "unset": list}


def _is_sound(content: Mapping[str, Any]) -> bool:
    """Whether everything has the shape that is taken for granted where it is shown."""
    if not _has_kinds(content, _SECTIONS):
        return False
    parameters, parents = content.get("parameters", {}), content.get("parents", [])
    return (
        _has_kinds(parameters, _PARAMETERS)
        and all(isinstance(name, str) for name in parameters.get("unset", []))
        and _has_kinds(content.get("job", {}), {"nodes": list})
        and all(isinstance(one, dict) for one in content.get("changes", []))
        and all(isinstance(one, dict) and isinstance(one.get("file"), str) for one in parents)
    )


def _has_kinds(content: Mapping[str, Any], kinds: Mapping[str, type]) -> bool:
    return all(isinstance(content[name], kinds[name]) for name in kinds.keys() & content.keys())
