"""Texts that a program would read as something else, refused before it does.

GROMACS knows no byte order mark: ``#define FLEXIBLE`` behind one is ignored without a word.
"""

from __future__ import annotations

import re
from pathlib import Path

from asyncmd_jupyter.texts import check_encoding, check_first_bytes, is_compressed

_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*include[ \t]+[\"<]([^\">\n]+)[\">]", re.MULTILINE)
_BINARY = ".tpr"


def check_text(path: Path, reader: str = "GROMACS") -> Path:
    """Refuse what is compressed, or begins with a byte order mark; gives the path.

    Raises
    ------
    ValueError
        Naming file and way out.
    """
    _check_plain(path, reader)
    check_first_bytes(path, reader)
    return path


def _check_plain(path: Path, reader: str) -> None:
    if is_compressed(path):
        raise ValueError(
            f"{path} is compressed, {reader} can't read it: gunzip (or bunzip2, unxz) it first."
        )


def check_structure(path: Path) -> Path:
    """The same for a structure, which MDAnalysis has to read, too."""
    if path.suffix != _BINARY:
        _check_plain(path, "GROMACS")
        check_encoding(path, "MDAnalysis")
    return path


def check_topology(path: Path, reader: str = "GROMACS") -> Path:
    """The same for a topology and the files beside it that it includes."""
    waiting, seen = [path], set[Path]()
    while waiting:
        file = waiting.pop()
        if file not in seen and file.is_file():
            seen.add(file)
            check_text(file, reader)
            names = _INCLUDE.findall(file.read_bytes())
            waiting += [file.parent / name.decode("utf-8", "surrogateescape") for name in names]
    return path
