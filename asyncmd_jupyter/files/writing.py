"""Files that exist only when they are complete, also after a crash of the machine.

Everything is written under a random name in the same folder, which must be free and no link
(``O_EXCL | O_NOFOLLOW``), and renamed. With `durable` the content reaches the disk before the
rename, and the rename before the function returns; else a file can be empty or old after a
crash.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from asyncmd_jupyter.errors import ForeignFileError
from asyncmd_jupyter.files.disks import naming

# Some file systems don't open folders, some don't sync them; one may not be readable.
_NO_SYNC_OF_FOLDERS = (
    *(errno.EINVAL, errno.EBADF, errno.EISDIR, errno.EACCES, errno.EPERM),
    *(errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS),
)
_CREATE = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def new_file(
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    mode: int = 0o666,
    durable: bool = False,
) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when the block ends without an error.

    Parameters
    ----------
    path : path
    overwrite : bool
        Whether it may replace another file.
    mode : int
        Permissions, less those of the umask.
    durable : bool
        Whether it has to be on the disk when the block has ended.

    Raises
    ------
    FileExistsError
        If there is one already and `overwrite` is false.
    """
    made = new_path(path, overwrite=overwrite, durable=durable)
    with made as beside, create(beside, mode) as file:
        yield file


@contextmanager
def new_path(
    path: str | os.PathLike[str], *, overwrite: bool = False, durable: bool = False
) -> Iterator[Path]:
    """Give a name beside `path`, with its suffix, to be written and then renamed.

    Whoever writes it has to create it, and not to follow a link: see `create`.

    Raises
    ------
    FileExistsError
        If `path` exists already and `overwrite` is false.
    """
    target = Path(path)
    check_free(target, overwrite=overwrite)
    beside = name_beside(target)
    try:
        with naming(target):
            yield beside
            if durable:
                sync(beside)
            _put_in_place(beside, target, overwrite=overwrite)
            if durable:
                sync_folder(target.parent)
    finally:
        beside.unlink(missing_ok=True)


def create(path: str | os.PathLike[str], mode: int = 0o666) -> BinaryIO:
    """Open a new file for writing.

    Raises
    ------
    FileExistsError
        Something has this name, be it a link to nowhere.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | _CREATE, mode), "wb")


def write_bytes(
    path: str | os.PathLike[str], content: bytes, *, mode: int = 0o666, durable: bool = True
) -> None:
    """Write a file, or replace it as a whole.

    This is for the many small files of this package, so it makes no more calls than needed.

    Raises
    ------
    OSError
        The file that was there is unchanged.
    """
    with naming(path):
        _replace(os.fspath(path), content, mode, durable=durable)


def _replace(target: str, content: bytes, mode: int, *, durable: bool) -> None:
    folder, name = os.path.split(target)
    beside = os.path.join(folder, f".{secrets.token_hex(4)}.{name}")  # noqa: PTH118
    descriptor = os.open(beside, os.O_WRONLY | _CREATE, mode)
    try:
        try:
            _write_all(descriptor, content)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(beside, target)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)  # noqa: PTH108
        raise
    if durable:
        sync_folder(folder or ".")


def write_text(
    path: str | os.PathLike[str], text: str, *, mode: int = 0o666, durable: bool = True
) -> None:
    """Write a UTF-8 file, or replace it as a whole; see `write_bytes`."""
    write_bytes(path, text.encode(errors="surrogateescape"), mode=mode, durable=durable)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        written = os.write(descriptor, view)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view = view[written:]


def cut(path: str | os.PathLike[str], size: int) -> None:
    """Shorten a file that is longer than `size`; it stays untouched otherwise.

    Raises
    ------
    ForeignFileError
        It is a symbolic link, whose target may be anybody's, or not a regular file.
    OSError
    """
    shown = os.fsdecode(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise ForeignFileError(
                f"{shown} is a link or not a regular file, so nothing is cut off: put the file "
                "itself there."
            ) from None
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ForeignFileError(f"{shown} is not a regular file.")
        if found.st_size > size:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync(path: str | os.PathLike[str]) -> None:
    """Wait until the content of a file is on the disk.

    Raises
    ------
    OSError
        It can't be written there; of what was written before, nothing is sure.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Wait until renames in a folder are on the disk, where file systems can tell.

    Raises
    ------
    OSError
        The disk failed.
    """
    try:
        sync(folder)
    except OSError as error:
        if error.errno not in _NO_SYNC_OF_FOLDERS:
            raise


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
