"""Files that are read, which nothing may write over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asyncmd_jupyter.frames.mdanalysis import count_atoms
from asyncmd_jupyter.frames.paths import existing_file


def existing_structure(struct_out: Any) -> Path:
    """The structure file to which a new trajectory shall belong.

    Raises
    ------
    FileNotFoundError
        If it does not exist: it is named to be read, and `structure_copy` writes one.
    TypeError, ValueError
        If it is not a path, a folder, or empty.
    """
    try:
        return Path(existing_file("struct_out", struct_out))
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{error} struct_out names a structure file that exists; to write one, give "
            "structure_copy=…."
        ) from None


def check_atoms_of_structure(structure: Path, n_atoms: int, file: object) -> None:
    """See that a structure has as many atoms as a trajectory.

    Raises
    ------
    ValueError
        If it has not, or can't be read.
    """
    try:
        found = count_atoms(structure)
    except Exception as error:  # the readers of MDAnalysis raise what they like
        raise ValueError(f"struct_out={str(structure)!r} can't be read: {error}") from error
    if found != n_atoms:
        raise ValueError(
            f"struct_out={str(structure)!r} has {found} atoms, {file} has {n_atoms}: they belong "
            "to different systems."
        )


def refuse_to_write_over(argument: str, output: Path, read: Path) -> None:
    """Refuse an output that is a file to be read, whatever may be overwritten.

    Raises
    ------
    ValueError
    """
    if is_same_file(output, read):
        raise ValueError(
            f"{argument}={str(output)!r} is one of the files that are read here, and is not "
            "written over: choose another name."
        )


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, which need not exist."""
    if one.absolute() == other.absolute():
        return True
    return one.exists() and other.exists() and one.samefile(other)
