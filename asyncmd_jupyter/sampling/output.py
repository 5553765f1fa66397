"""The file that a path goes to, checked before anything is computed for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.files import EngineFiles, checked_path
from asyncmd_jupyter.files.writing import check_free
from asyncmd_jupyter.frames.formats import output_format
from asyncmd_jupyter.frames.inputs import existing_structure, is_same_file, refuse_to_write_over

_CONCATENATE_KWARGS = ("struct_out", "overwrite", "structure_copy")


def check_output(
    tra_out: Any,
    concatenate_kwargs: Mapping[str, Any],
    *,
    several: bool = True,
    inputs: Iterable[Path] = (),
    structure_ending: str | None = None,
) -> None:
    """Refuse what could not be written once all MD is done.

    Parameters
    ----------
    tra_out : path
    concatenate_kwargs : Mapping
        Further arguments of `TrajectoryConcatenator.concatenate`.
    several : bool
        Whether the file has to hold more than one frame.
    inputs : iterable of Path
        Files that must not be written to.
    structure_ending : str, optional
        Of the structure that would be copied, such as ``.tpr``. Where that is not known,
        nothing is said about the format of `structure_copy`.

    Raises
    ------
    TypeError
        For what is not a path, or arguments that `concatenate` does not know.
    FileExistsError, FileNotFoundError, PermissionError
        For files that are in the way, a folder that is missing or can't be written to, or a
        `struct_out` that does not exist.
    ValueError
        For an ending that is no format, or none that can hold the path, and for an output
        that is an input.
    """
    if unknown := concatenate_kwargs.keys() - set(_CONCATENATE_KWARGS):
        raise TypeError(
            f"{', '.join(sorted(unknown))}: concatenate takes only "
            f"{', '.join(_CONCATENATE_KWARGS)} in addition."
        )
    overwrite = bool(concatenate_kwargs.get("overwrite"))
    written = {"tra_out": checked_path("tra_out", tra_out)}
    if (copy := concatenate_kwargs.get("structure_copy")) is not None:
        written["structure_copy"] = checked_path("structure_copy", copy)
    for path in written.values():
        check_free(path, overwrite=overwrite)
    output_format(written["tra_out"], n_frames=2 if several else 1)
    structure = _structure_of(concatenate_kwargs)
    _refuse_to_write_over([*inputs, *([structure] if structure else [])], written)
    ending = structure.suffix.lower() if structure else structure_ending
    if copy is not None:
        _check_copy(written["structure_copy"], written["tra_out"], ending)


def _structure_of(concatenate_kwargs: Mapping[str, Any]) -> Path | None:
    struct_out = concatenate_kwargs.get("struct_out")
    return None if struct_out is None else existing_structure(struct_out)


def _refuse_to_write_over(inputs: Iterable[Path], written: Mapping[str, Path]) -> None:
    for read in inputs:
        for argument, path in written.items():
            refuse_to_write_over(argument, path, read)


def _check_copy(copy: Path, tra_out: Path, ending: str | None) -> None:
    if ending is not None and copy.suffix.lower() != ending:
        output_format(copy)
    if is_same_file(copy, tra_out):
        raise ValueError(f"tra_out and structure_copy are the same file: {tra_out}.")


def check_is_no_part(files: EngineFiles, tra_out: Any, structure_copy: Any) -> None:
    """Refuse an output in the place of one of the parts that it is to be made of.

    Raises
    ------
    ValueError
    """
    part = re.compile(rf"{re.escape(files.deffnm)}\.part\d{{4,}}[._].*")
    for name, value in (("tra_out", tra_out), ("structure_copy", structure_copy)):
        path = None if value is None else Path(value).absolute()
        if path and part.fullmatch(path.name) and path.parent.resolve() == files.workdir.resolve():
            raise ValueError(
                f"{name}={str(value)!r} is the name of a part of {files.deffnm!r}: choose another."
            )
