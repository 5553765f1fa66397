"""Folders and files that only this user can have written.

In the folder of a project others may write, too. What is taken for granted or run has to lie in
a folder that belongs to this user and that nobody else can write to, see `check_ours`. That is
checked each time, because whoever can write to the folder above can put another one in its
place.

Some file systems show all files as those of one user (NFS that maps users to "nobody"). There
nobody can be told from anybody else, and what this user makes is what counts as its own.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from asyncmd_jupyter.errors import UntrustedFolderError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_INHERITED_RIGHTS = "system.posix_acl_default"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_ours(folder: Path, *, mode: int = 0o755) -> None:
    """Make a folder that only this user writes to, or see that it is one.

    The folder above has to exist. A folder of this user that others can write to, such as one
    of an earlier version, is closed to them.

    Raises
    ------
    UntrustedFolderError
        It belongs to somebody else, or is a link.
    OSError
    """
    try:
        make_new(folder, mode=mode)
    except FileExistsError:
        with opened_folder(folder) as descriptor:
            _check_owner(folder, descriptor)
            _close_to_others(descriptor)
        check_ours(folder)


def make_new(folder: Path, *, mode: int = 0o755) -> None:
    """Make a folder that only this user writes to, and whose files only this user changes.

    Raises
    ------
    FileExistsError
    OSError
    """
    folder.mkdir(mode=mode)
    with opened_folder(folder) as descriptor:
        # A list of rights of the folder above may give more of them, also to all that will be
        # made in this one, whatever the umask is.
        if hasattr(os, "removexattr"):
            with suppress(OSError):
                os.removexattr(descriptor, _INHERITED_RIGHTS)
        _close_to_others(descriptor)
    check_ours(folder)


def close_to_others(folder: Path) -> None:
    """Let nobody else change a folder of this user any more, nor the files of this user in it.

    Raises
    ------
    UntrustedFolderError
        It belongs to somebody else, or is a link.
    OSError
    """
    make_ours(folder)
    with our_folder(folder) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(found.st_mode) and found.st_mode & _OTHERS_WRITE:
                with suppress(OSError), os.fdopen(_opened(entry.name, descriptor), "rb") as file:
                    _close_to_others(file.fileno())


def is_of_others(folder: Path) -> bool:
    """Whether there is a folder, a file or a link of somebody else."""
    try:
        if folder.lstat().st_uid == os.geteuid():
            return False
        with opened_folder(folder) as descriptor:
            _check_owner(folder, descriptor)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def check_ours(folder: Path) -> None:
    """See that a folder belongs to this user, and that nobody else can write to it.

    Raises
    ------
    UntrustedFolderError
    FileNotFoundError, OSError
    """
    with our_folder(folder):
        pass


@contextmanager
def our_folder(folder: Path, *, close: bool = False) -> Iterator[int]:
    """Open a folder that belongs to this user and that nobody else can write to.

    Parameters
    ----------
    folder : Path
    close : bool
        Whether one of this user to which others can write is closed to them, not refused.

    Yields
    ------
    int
        A file descriptor, for the ``dir_fd`` of other calls: what is opened through it lies in
        this very folder.

    Raises
    ------
    UntrustedFolderError
    FileNotFoundError, OSError
    """
    with opened_folder(folder) as descriptor:
        _check_owner(folder, descriptor)
        if close:
            _close_to_others(descriptor)
        if os.fstat(descriptor).st_mode & _OTHERS_WRITE:
            raise UntrustedFolderError(
                f"Others can write to the folder {str(folder)!r}, so what is in it is not used: "
                f"close it to them (chmod go-w {str(folder)!r}) if nobody did."
            )
        yield descriptor


@contextmanager
def opened_folder(folder: Path) -> Iterator[int]:
    """Open a folder that is no link.

    Raises
    ------
    UntrustedFolderError
        It is a link or a file.
    FileNotFoundError, OSError
    """
    try:
        descriptor = os.open(folder, _FOLDER)
    except NotADirectoryError:
        what = "a link" if folder.is_symlink() else "not a folder"
        raise UntrustedFolderError(
            f"{str(folder)!r} is {what}, and is not used: remove it."
        ) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_ours(name: str, *, folder: int) -> int:
    """Open a regular file of this user for reading.

    Parameters
    ----------
    name : str
        Without a folder.
    folder : int
        Descriptor of its folder, see `our_folder`.

    Raises
    ------
    UntrustedFolderError
        It is somebody else's, others can write to it, or it is not a regular file.
    FileNotFoundError, OSError
    """
    descriptor = _opened(name, folder)
    try:
        _check_file(name, os.fstat(descriptor), folder)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_out_of_reach(folder: Path) -> bool:
    """Whether nobody else but root can put another folder in the place of this one."""
    return all(map(_is_kept, [folder.absolute(), *folder.resolve().parents]))


def _is_kept(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_closed = not found.st_mode & _OTHERS_WRITE or bool(found.st_mode & stat.S_ISVTX)
    return stat.S_ISDIR(found.st_mode) and is_closed and found.st_uid in (0, os.geteuid())


def check_file_of_ours(path: Path) -> None:
    """See that a file is one of this user, in a folder of this user, without opening it.

    The folder may be a link.

    Raises
    ------
    UntrustedFolderError
        It is somebody else's, others can write to it, or it is not a regular file.
    FileNotFoundError, OSError
    """
    with our_folder(path.parent.resolve()) as folder:
        _check_file(path.name, os.stat(path.name, dir_fd=folder, follow_symlinks=False), folder)


def _check_file(name: str, found: os.stat_result, folder: int) -> None:
    is_owners = found.st_uid == os.fstat(folder).st_uid and not found.st_mode & _OTHERS_WRITE
    if not (is_owners and stat.S_ISREG(found.st_mode)):
        raise UntrustedFolderError(f"The file {name!r} is not only this user's, and is not used.")


def _opened(name: str, folder: int) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(name, flags, dir_fd=folder)


def _close_to_others(descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if mode & _OTHERS_WRITE:
        os.fchmod(descriptor, stat.S_IMODE(mode) & ~_OTHERS_WRITE)


def _check_owner(folder: Path, descriptor: int) -> None:
    owner = os.fstat(descriptor).st_uid
    if owner != os.geteuid() and owner != _uid_of_new_files(descriptor):
        raise UntrustedFolderError(
            f"The folder {str(folder)!r} belongs to another user (uid {owner}), so what is in it "
            "is not used: choose another working folder, or have it removed."
        )


def _uid_of_new_files(folder: int) -> int | None:
    """The user that a file of ours belongs to there; None if none can be made."""
    name = f".{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    except OSError:
        return None
    try:
        return os.fstat(descriptor).st_uid
    finally:
        os.close(descriptor)
        os.unlink(name, dir_fd=folder)
