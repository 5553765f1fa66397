"""Files that decide what a worker runs: only as the engine wrote them, whoever can write there.

A worker starts long after its job was made, in a folder that others may write to. Its command
comes in a script that nobody else can change, and has the digest of its specification, which has
those of files with code in them. So nothing depends on owners and rights, which not all file
systems tell.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from asyncmd_jupyter.errors import ChangedFileError
from asyncmd_jupyter.files.reading import read_bytes

_LARGEST = 2**34


def content_digest(content: bytes) -> str:
    """A digest that nobody can find another content for."""
    return hashlib.sha256(content).hexdigest()


def read_unchanged(path: Path, digest: str) -> bytes:
    """Read a file that has a known content.

    Parameters
    ----------
    path : Path
    digest : str
        Of its content; empty where that is not known.

    Raises
    ------
    ChangedFileError
    OSError
    """
    content = read_bytes(path, limit=_LARGEST)
    if digest and content_digest(content) != digest:
        raise ChangedFileError(
            f"{str(path)!r} was changed since the engine wrote it, by somebody or something else, "
            "so it is not used: continue the simulation, which writes it once more, after you have "
            "seen who can write to its folder."
        )
    return content


def is_unchanged(path: Path, digest: str) -> bool:
    """Whether a file is there with a known content."""
    try:
        read_unchanged(path, digest)
    except (OSError, ValueError, ChangedFileError):
        return False
    return True
