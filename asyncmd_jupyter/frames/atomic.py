"""Files that exist only when they are complete."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def new_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when the block ends without an error.

    Raises
    ------
    FileExistsError
        If there is one already and `overwrite` is false.
    """
    with new_path(path, overwrite=overwrite) as beside, beside.open("xb") as file:
        yield file


@contextmanager
def new_path(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Give a name beside `path`, with its suffix, to be written and then renamed.

    Raises
    ------
    FileExistsError
        If `path` exists already and `overwrite` is false.
    """
    target = Path(path)
    check_free(target, overwrite=overwrite)
    beside = name_beside(target)
    try:
        yield beside
        _put_in_place(beside, target, overwrite=overwrite)
    finally:
        beside.unlink(missing_ok=True)


def name_beside(path: Path) -> Path:
    """Make up the name of a hidden file in the same folder, with the same suffix."""
    return path.with_name(f".{secrets.token_hex(4)}.{path.name}")


def check_free(path: Path, *, overwrite: bool) -> None:
    """See that a file may be written here.

    Raises
    ------
    FileExistsError
    FileNotFoundError
        If its folder is missing.
    """
    if path.is_dir() or (not overwrite and os.path.lexists(path)):
        hint = "" if path.is_dir() else " Choose another name or pass overwrite=True."
        raise FileExistsError(f"{path} exists already.{hint}")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"The folder of {path} does not exist; make it first.")


def _put_in_place(beside: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        beside.replace(target)
        return
    try:
        os.link(beside, target)  # unlike a rename it never replaces a file made meanwhile
    except FileExistsError:
        check_free(target, overwrite=False)
        raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        check_free(target, overwrite=False)
        beside.replace(target)
