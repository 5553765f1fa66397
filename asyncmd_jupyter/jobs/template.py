"""Scripts of users that run a command: read, checked and filled, never run through a shell here.

Braces, dollars and percents mean a lot in shells, so only the one placeholder is replaced.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path, PurePath

from asyncmd_jupyter.jobs.model import ScriptTemplate
from asyncmd_jupyter.texts import without_mark

_MARK = "\ufeff"  # by which editors on Windows tell UTF-8, and which is no part of a script
_SHELLS = ("bash", "sh", "dash", "ksh", "zsh")

# Without a handler the signal would end the shell and leave the command alone; with one the
# shell waits for the command, which gets the signal, too, as handlers are not inherited.
_OUTLIVE_SIGNALS = "trap : TERM INT  # the command below gets them and decides\n"


def read_template(name: str, script: str | PathLike[str], placeholder: str) -> ScriptTemplate:
    """Take a script, or the path of one.

    Parameters
    ----------
    name : str
        What the argument is called where it was given.
    script : str or path
        Text that begins with ``#!``, or a file.
    placeholder : str
        Has to be in it; may be empty.

    Raises
    ------
    TypeError, FileNotFoundError
        It is neither.
    ValueError
        It can't be run, or there is no place for the command in it.
    """
    if not isinstance(script, str | PathLike):
        raise TypeError(f"{name}={script!r} has to be the text of a script or the path of one.")
    if not fspath(script).strip():
        raise ValueError(f"{name}={script!r} is empty: give a script or its path.")
    if isinstance(script, str) and script.removeprefix(_MARK).startswith("#!"):
        text, shown = script.removeprefix(_MARK), f"The script given as {name}"
    else:
        text, shown = _read(name, script), f"{name}={fspath(script)!r}"
    _check(shown, text, placeholder)
    return ScriptTemplate(text, placeholder)


def count_of_placeholders(template: ScriptTemplate) -> int:
    """How often the command is in the script, comments aside."""
    lines = template.text.split("\n")
    return sum(line.count(template.placeholder) for line in lines if line.lstrip()[:1] != "#")


def interpreter(template: ScriptTemplate) -> tuple[str, ...]:
    """The program of the first line with at most one argument, as the system reads it."""
    first = template.text.partition("\n")[0].removeprefix("#!").strip()
    return tuple(first.split(maxsplit=1))


def directives(template: ScriptTemplate) -> list[str]:
    """The lines for Slurm; what follows the first command is none any more."""
    return [line for line in _head(template.text) if line.startswith("#SBATCH")]


def filled(template: ScriptTemplate, argv: Sequence[str]) -> str:
    """The script with the command in its place."""
    text = template.text
    head = "".join(f"{line}\n" for line in _head(text))
    if template.placeholder and _is_shell(template) and len(head) < len(text):
        text = head + _OUTLIVE_SIGNALS + text[len(head) :]
    return text.replace(template.placeholder, shlex.join(argv)) if template.placeholder else text


def _head(text: str) -> list[str]:
    """The lines before the first command."""
    lines = text.split("\n")
    is_head = [not line.strip() or line.startswith("#") for line in lines]
    return lines[: is_head.index(False)] if False in is_head else lines


def _is_shell(template: ScriptTemplate) -> bool:
    words = " ".join(interpreter(template)).split()
    names = [PurePath(word).name for word in words if word not in ("-S", "--split-string")]
    program = names[1] if names[0] == "env" and len(names) > 1 else names[0]
    return program in _SHELLS


def _read(name: str, path: str | PathLike[str]) -> str:
    try:
        content = Path(path).read_bytes()
        return without_mark(content).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise FileNotFoundError(
            f"{name}={fspath(path)!r} can't be read ({error.strerror}). Give the path of a script,"
            " or its text, which begins with '#!'."
        ) from error


def _check(shown: str, text: str, placeholder: str) -> None:
    if not text.startswith("#!") or not text.partition("\n")[0][2:].strip():
        raise ValueError(f"{shown} has no first line such as '#!/bin/bash', so nothing can run it.")
    if "\r\n" in text or "\r" in text.partition("\n")[0]:
        raise ValueError(f"{shown} has the line ends of Windows; 'dos2unix' turns them into ours.")
    if placeholder not in text:
        raise ValueError(
            f"{shown} does not contain {placeholder}, which stands for the command to run."
        )
