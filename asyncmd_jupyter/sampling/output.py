"""The file that a path goes to, checked before anything is computed for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.files import EngineFiles, checked_path
from asyncmd_jupyter.frames.atomic import check_free
from asyncmd_jupyter.frames.formats import output_format

_CONCATENATE_KWARGS = ("struct_out", "overwrite")


def check_output(
    tra_out: Any,
    concatenate_kwargs: Mapping[str, Any],
    *,
    several: bool = True,
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
    structure_ending : str, optional
        Of the structure that would be copied, such as ``.tpr``. Where that is not known,
        nothing is said about `struct_out`.

    Raises
    ------
    TypeError
        For what is no path, or arguments that `concatenate` does not know.
    FileExistsError, FileNotFoundError, PermissionError
        For files that are in the way, or a folder that is missing or can't be written to.
    ValueError
        For an ending that is no format, or none that can hold the path.
    """
    if unknown := concatenate_kwargs.keys() - set(_CONCATENATE_KWARGS):
        raise TypeError(
            f"{', '.join(sorted(unknown))}: concatenate takes only "
            f"{' and '.join(_CONCATENATE_KWARGS)} in addition."
        )
    overwrite = bool(concatenate_kwargs.get("overwrite"))
    path = checked_path("tra_out", tra_out)
    check_free(path, overwrite=overwrite)
    output_format(path, n_frames=2 if several else 1)
    if (structure_out := concatenate_kwargs.get("struct_out")) is not None:
        structure = checked_path("struct_out", structure_out)
        check_free(structure, overwrite=overwrite)
        if structure_ending is not None and structure.suffix.lower() != structure_ending:
            output_format(structure)
        if structure.absolute() == path.absolute():
            raise ValueError(f"tra_out and struct_out are the same file: {path}.")


def check_is_no_part(files: EngineFiles, tra_out: Any, struct_out: Any) -> None:
    """Refuse an output in the place of one of the parts that it is to be made of.

    Raises
    ------
    ValueError
    """
    part = re.compile(rf"{re.escape(files.deffnm)}\.part\d{{4,}}[._].*")
    for name, value in (("tra_out", tra_out), ("struct_out", struct_out)):
        path = None if value is None else Path(value).absolute()
        if path and part.fullmatch(path.name) and path.parent.resolve() == files.workdir.resolve():
            raise ValueError(
                f"{name}={str(value)!r} is the name of a part of {files.deffnm!r}: choose another."
            )
