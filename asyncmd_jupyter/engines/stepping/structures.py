"""The structure files beside the trajectories."""

from __future__ import annotations

from pathlib import Path

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.frames.structure import Structure
from asyncmd_jupyter.frames.structure_text import pdb_text, psf_text


def formats_of(structure: Structure) -> list[str]:
    """Endings of the files for it: PDB has positions, PSF what does not fit into PDB."""
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
    for ending, text in _texts(structure, configuration).items():
        write_text(files.path(ending), text)


def complete_structures(structure: Structure, files: EngineFiles) -> None:
    """Write the PSF file that is missing in a folder of an earlier version."""
    path = files.path("psf")
    if "psf" in formats_of(structure) and not path.exists():
        write_text(path, psf_text(structure))


def refuse_other_structures(
    structure: Structure, configuration: Configuration, files: EngineFiles
) -> None:
    """Keep off files that say something else than those that would be written.

    Raises
    ------
    ValueError
        Naming the file and the way out.
    """
    for ending, text in _texts(structure, configuration).items():
        path = files.path(ending)
        if path.exists() and _undated(path.read_text("utf-8", "replace")) != _undated(text):
            raise ValueError(
                f"The structure of {files.deffnm}.trr would be written over {path}: choose another "
                "conf_out_name, or give the engine that file as structure_file."
            )


def write_text(path: Path, text: str) -> None:
    """Write a file that appears by rename."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _texts(structure: Structure, configuration: Configuration) -> dict[str, str]:
    texts = {"pdb": pdb_text(structure, configuration.positions, configuration.box)}
    return texts | ({"psf": psf_text(structure)} if structure.file_format == "psf" else {})


def _undated(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("REMARK")]
