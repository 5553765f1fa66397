"""Tells pickles that this user has written from those that came with a folder.

Loading a pickle runs the code of whoever wrote it, and a folder that was unpacked, cloned or
copied belongs to the user as any other does. So a pickle begins with a digest that can be made
only with a key in the user's state folder. It covers the content, and where it was written.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from asyncmd_jupyter.errors import UntrustedFolderError
from asyncmd_jupyter.files.owners import make_ours, open_ours, our_folder
from asyncmd_jupyter.files.reading import parse_object
from asyncmd_jupyter.files.writing import new_file

KEY_NAME = "run_key"
_KEY_BYTES = 32
_BEGIN = b"asyncmd-jupyter run\n"
_PRIVATE, _PRIVATE_FOLDER = 0o600, 0o700
_OTHERS = 0o077


def sealed(content: bytes, path: Path, state_dir: Path) -> bytes:
    """A pickle with the digest that says who wrote it.

    Parameters
    ----------
    content : bytes
    path : Path
        Where it is going to be.
    state_dir : Path
        Holds the key, which is made if there is none.

    Raises
    ------
    OSError
        There is no key that only this user knows.
    """
    real = _real(path)
    seal = {"path": real, "digest": _digest(_own_key(state_dir), real, content)}
    return _BEGIN + json.dumps(seal).encode() + b"\n" + content


def unsealed(data: bytes, path: Path, state_dir: Path) -> tuple[bytes, str]:
    """A pickle without its digest, and why it is not this user's own; empty if it is.

    Raises
    ------
    OSError
        The key can't be read, or others know it.
    """
    if not data.startswith(_BEGIN):
        return data, "it has no digest that says that you wrote it, as those of earlier versions"
    text, _, content = data.removeprefix(_BEGIN).partition(b"\n")
    seal = _seal(text)
    key = _key(state_dir)
    if key is None or seal is None:
        return content, "it is not known that you wrote it"
    written, digest = seal
    if not hmac.compare_digest(_digest(key, written, content), digest):
        return content, "you did not write it, or with another state folder, or it was changed"
    if written != _real(path) and os.path.lexists(written):
        return content, f"it is a copy of {written!r}"
    return content, ""


def _seal(text: bytes) -> tuple[str, str] | None:
    """Where a pickle says that it was written, and its digest."""
    with suppress(ValueError):
        seal = parse_object(text)
        path, digest = (seal.get(name) for name in ("path", "digest"))
        if isinstance(path, str) and isinstance(digest, str) and digest.isascii():
            return (path, digest) if "\0" not in path else None
    return None


def _digest(key: bytes, path: str, content: bytes) -> str:
    made = hmac.new(key, os.fsencode(path) + b"\0", hashlib.sha256)
    made.update(content)
    return made.hexdigest()


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _own_key(state_dir: Path) -> bytes:
    """The key of this user; several kernels may make it at once, and one is quicker."""
    if (known := _key(state_dir)) is not None:
        return known
    with (
        suppress(FileExistsError),
        new_file(state_dir / KEY_NAME, mode=_PRIVATE, durable=True) as file,
    ):
        file.write(secrets.token_bytes(_KEY_BYTES))
    if (made := _key(state_dir)) is None:
        raise FileNotFoundError(f"{str(state_dir / KEY_NAME)!r} could not be made.")
    return made


def _key(state_dir: Path) -> bytes | None:
    """The key; None if there is none yet."""
    real = Path(os.path.realpath(state_dir))  # people put it elsewhere by a link
    real.parent.mkdir(parents=True, exist_ok=True)
    make_ours(real, mode=_PRIVATE_FOLDER)
    try:
        with our_folder(real) as folder:
            descriptor = open_ours(KEY_NAME, folder=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        is_private = not os.fstat(descriptor).st_mode & _OTHERS
        key = file.read(_KEY_BYTES + 1)
    if len(key) != _KEY_BYTES or not is_private:
        raise UntrustedFolderError(
            f"The key {str(state_dir / KEY_NAME)!r} is damaged, or others can read it: remove it. "
            "Runs that were started before will ask once more whether you trust their folder."
        )
    return key
