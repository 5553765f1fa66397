"""The structure files beside the trajectories: PDB, and another where that is not enough."""

from __future__ import annotations

import warnings
from pathlib import Path

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.files.writing import write_bytes
from asyncmd_jupyter.frames.structure import Structure
from asyncmd_jupyter.frames.structure_check import contradictions
from asyncmd_jupyter.frames.structure_content import structure_content
from asyncmd_jupyter.frames.structure_text import pdb_text


def warn_of_contradictions(own: Path, structure: Structure) -> None:
    """Say where a structure file of the user's differs from the system; it is used as it is.

    Raises
    ------
    ValueError
        If it has another number of atoms.
    """
    if found := contradictions(own, structure):
        warnings.warn(
            f"In structure_file={str(own)!r} {'; '.join(found)}. Conditions see what is in the "
            "file; without structure_file one is written that says what the system has.",
            stacklevel=2,
        )


def formats_of(structure: Structure) -> list[str]:
    """Endings of the files for it: PDB has positions, PSF or DMS what does not fit there."""
    return ["pdb"] if structure.file_format == "pdb" else ["pdb", structure.file_format]


def write_structures(
    structure: Structure, configuration: Configuration, files: EngineFiles
) -> None:
    """Write the structure files of a simulation.

    Raises
    ------
    ValueError
        For positions that can't be written.
    """
    for ending, content in _contents(structure, configuration).items():
        _write(files.path(ending), content)


def complete_structures(structure: Structure, files: EngineFiles) -> None:
    """Write the file beside the PDB file that is missing in a folder of an earlier version."""
    path = files.path(structure.file_format)
    if structure.file_format != "pdb" and not path.exists():
        _write(path, structure_content(structure))


def refuse_other_structures(
    structure: Structure, configuration: Configuration, files: EngineFiles
) -> None:
    """Keep off files that say something else than those that would be written.

    Raises
    ------
    ValueError
        Naming the file and the way out.
    """
    for ending, content in _contents(structure, configuration).items():
        path = files.path(ending)
        if path.exists() and _undated(path.read_bytes()) != _undated(content):
            raise ValueError(
                f"The structure of {files.deffnm}.trr would be written over {path}: choose another "
                "conf_out_name, or give the engine that file as structure_file."
            )


def write_text(path: Path, text: str) -> None:
    """Write a file that appears by rename."""
    _write(path, text.encode())


def _write(path: Path, content: bytes) -> None:
    write_bytes(path, content, durable=False)  # the worker brings inputs to the disk


def _contents(structure: Structure, configuration: Configuration) -> dict[str, bytes]:
    pdb = pdb_text(structure, configuration.positions, configuration.box).encode()
    kind = structure.file_format
    return {"pdb": pdb} if kind == "pdb" else {"pdb": pdb, kind: structure_content(structure)}


def _undated(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if not line.startswith(b"REMARK")]
