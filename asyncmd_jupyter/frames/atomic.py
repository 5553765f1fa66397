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
    FileNotFoundError, NotADirectoryError, PermissionError
        If its folder is missing, is none, or can't be written to.
    """
    check_folder(path)
    if path.is_dir() or (not overwrite and os.path.lexists(path)):
        hint = "" if path.is_dir() else " Choose another name or pass overwrite=True."
        raise FileExistsError(f"{path} exists already.{hint}")


def check_folder(path: Path) -> None:
    """See that files can be made and renamed where this one lies.

    Raises
    ------
    FileNotFoundError, NotADirectoryError, PermissionError
    """
    folder = path.absolute().parent
    if folder.is_dir():
        if not _has_access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"The folder of {path} can't be written to; choose another one.")
    elif folder.exists():
        raise NotADirectoryError(f"The folder of {path} is a file; choose another name.")
    else:
        raise FileNotFoundError(f"The folder of {path} does not exist; make it first.")


def check_writable(path: Path) -> None:
    """See that a file can be changed, or replaced by another one.

    Raises
    ------
    PermissionError
    """
    if not _has_access(path, os.W_OK):
        raise PermissionError(f"{path} can't be written to; work with a copy of it.")
    check_folder(path)


def _has_access(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


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
