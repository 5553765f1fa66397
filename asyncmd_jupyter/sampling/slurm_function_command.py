"""What the program of a function is called with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from asyncmd_jupyter.frames.trajectory import Trajectory

_NODES_ONLY = (
    "A program that only the nodes have can be called by a small script on a folder that both "
    "share; give the path of that script."
)


def found_executable(executable: str | PathLike[str]) -> Path:
    """Absolute path of a program: the file of that name, or else the one on PATH.

    Raises
    ------
    TypeError, ValueError
        The name is none.
    FileNotFoundError, PermissionError
        There is no such program on this machine, or it can't be run.
    """
    if not isinstance(executable, str | PathLike):
        raise TypeError(f"executable={executable!r} has to be a path, or a name on PATH.")
    text = os.fspath(executable)
    if not text or "\0" in text:
        raise ValueError(f"executable={text!r} is no path.")
    path = Path(text) if Path(text).is_file() else _on_path(text)
    if not os.access(path, os.X_OK):
        raise PermissionError(f"executable={text!r} can't be run; 'chmod +x' allows that.")
    return path.absolute()


def _on_path(text: str) -> Path:
    if Path(text).is_dir():
        raise ValueError(f"executable={text!r} is a folder; give the program itself.")
    found = None if os.sep in text else shutil.which(text)
    if found is None:
        where = "" if os.sep in text else ", and no program on PATH is called so"
        raise FileNotFoundError(f"executable={text!r} does not exist{where}. {_NODES_ONLY}")
    return Path(found)


def command_line(
    executable: Path, traj: Trajectory, result: Path, words: Sequence[str]
) -> tuple[str, ...]:
    """Program, structure, trajectory files, where the values go, and the words of the user."""
    files = (traj.structure_path, *traj.paths, result)
    return (str(executable), *map(str, files), *words)


def words_of(call_kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Each name followed by its value; lists are unpacked, floats keep every bit.

    Raises
    ------
    TypeError, ValueError
        A value is nothing that has one meaning on a command line.
    """
    return tuple(word for name, value in call_kwargs.items() for word in _pair(name, value))


def _pair(name: str, value: Any) -> Iterator[str]:
    yield _word(name, name)
    if isinstance(value, np.ndarray):
        value = _items(name, value)
    if not isinstance(value, list | tuple):
        yield _word(name, value)
        return
    for item in value:
        yield _word(name, item)


def _items(name: str, values: np.ndarray[Any, Any]) -> list[Any]:
    if values.ndim > 1:
        raise TypeError(f"call_kwargs[{name!r}] has {values.ndim} dimensions; give a flat list.")
    return list(values.reshape(-1))


def _word(name: str, value: Any) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float | complex):
        return repr(plain)
    if plain is not None and not isinstance(plain, bool | int | str):
        raise TypeError(
            f"call_kwargs[{name!r}] holds {value!r} of type {type(value).__name__}; the program "
            "can be given None, bools, numbers, text and flat lists of these."
        )
    text = str(plain)
    if "\0" in text:
        raise ValueError(f"call_kwargs[{name!r}] holds a NUL character, which no program takes.")
    return text
