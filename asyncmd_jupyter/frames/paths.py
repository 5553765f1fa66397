"""Where the files of a trajectory are: checked, made absolute, found again after a move."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from asyncmd_jupyter.frames.content import FileState


class StoredPath(NamedTuple):
    """A path as it is pickled: both ways to find the file, and how to recognise it."""

    absolute: str
    relative: str
    state: FileState | None


def as_path(what: str, path: Any) -> Path:
    """Take what a user gave as a path.

    Raises
    ------
    TypeError
        For anything else.
    ValueError
        For an empty text.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{what} has to be a path, not {path!r}.")
    if not os.fspath(path):
        raise ValueError(f"{what}={path!r} names no file: the path is empty.")
    return Path(path)


def check_files(
    trajectory_files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    structure_file: str | os.PathLike[str],
) -> tuple[tuple[str, ...], str]:
    """Make the paths absolute and see that there are non-empty files."""
    if isinstance(trajectory_files, str | os.PathLike):
        trajectory_files = [trajectory_files]
    if not isinstance(trajectory_files, Iterable):
        raise TypeError(f"trajectory_files={trajectory_files!r} is neither a path nor a list.")
    trajectory_files = list(trajectory_files)
    if not trajectory_files:
        raise ValueError(
            "A Trajectory needs at least one trajectory file: trajectory_files is an empty list."
        )
    files = tuple(existing_file("trajectory_files", path) for path in trajectory_files)
    return files, existing_file("structure_file", structure_file)


def existing_file(argument: str, path: Any) -> str:
    """Make the path of a non-empty file absolute.

    Raises
    ------
    FileNotFoundError
    TypeError, ValueError
        If it is not a path, a folder, or empty.
    """
    as_path(argument, path)
    what = "Trajectory" if argument == "trajectory_files" else "Structure"
    absolute: str = os.path.abspath(os.fspath(path))  # noqa: PTH100 - keeps symbolic links
    try:
        found = os.stat(absolute)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(_missing(what, absolute)) from None
    if stat.S_ISDIR(found.st_mode):
        raise ValueError(
            f"{what} file {absolute} is a folder ({argument}={os.fspath(path)!r}); name the file "
            "in it."
        )
    if found.st_size == 0:
        raise ValueError(
            f"{what} file {absolute} is empty. If a simulation has just begun to write it, wait "
            "for its first frame."
        )
    return absolute


def relative(path: str) -> str:
    """Name a file as seen from the working directory, if there still is one."""
    try:
        return os.path.relpath(path)
    except FileNotFoundError:
        return path


def stored(path: str) -> StoredPath:
    """Prepare a path for pickling."""
    try:
        state = FileState.of(path)
    except OSError:
        state = None
    return StoredPath(path, relative(path), state)


def found_again(path: StoredPath) -> tuple[str, bool]:
    """Find a pickled file, and tell whether size and time say that it is the same.

    The old place is believed when the file there is unchanged; else the files were moved
    or copied together with the working directory.
    """
    candidates = (path.absolute, os.path.abspath(path.relative))  # noqa: PTH100
    for candidate in candidates:
        if path.state and _is_same(candidate, path.state):
            return candidate, True
    for candidate in reversed(candidates):
        if Path(candidate).is_file():
            return candidate, False
    raise FileNotFoundError(
        f"The pickled Trajectory needs {path.relative}, which is neither in the working directory "
        f"({candidates[1]}) nor in its old place ({path.absolute}). Change to the folder to which "
        "the files were moved and load it again."
    )


def _is_same(path: str, state: FileState) -> bool:
    try:
        return FileState.of(path).same_content(state)
    except OSError:
        return False


def _missing(what: str, path: str) -> str:
    folder = Path(path).parent
    if not folder.is_dir():
        return f"{what} file {path} does not exist, and neither does the folder {folder}."
    names = [entry.name for entry in folder.iterdir()]
    near = difflib.get_close_matches(Path(path).name, names, n=3)
    hint = f" In that folder there is {' and '.join(near)}." if near else ""
    return f"{what} file {path} does not exist; check the name and the working directory.{hint}"
