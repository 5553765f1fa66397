"""Keep off files in the place of those that a simulation will write."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.errors import EngineError

# What GROMACS adds to the name of a simulation, with the ending that another one gives to a file
# of its own: "prod_prev.cpt" is the checkpoint of "prod_prev" and the earlier one of "prod".
_ADDED_BY_GROMACS = ("_prev", "_mdout", "_rotation", "_rotangles", "_rotslabs", "_rottorque")
# By these a prepared simulation is known: of GROMACS, and of an engine with a worker of ours.
GROMACS_MARK = ".tpr"
WORKER_MARK = ".engine.json"


def refuse_existing(files: EngineFiles, endings: Iterable[str]) -> None:
    """Refuse to write over files that nobody of us has written.

    Parameters
    ----------
    files : EngineFiles
    endings : iterable of str
        What follows the name in those that will be written, such as ``.tpr``. Files of parts
        are refused whatever their endings are.

    Raises
    ------
    ValueError
        Naming one of them.
    """
    named = [files.workdir / f"{files.deffnm}{ending}" for ending in endings]
    if found := [
        *(path for path in named if path.exists()),
        *(path for _, path in files.named_by_parts()),
    ]:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise ValueError(
            f"{found[0]}{more} was not made by an engine, and deffnm={files.deffnm!r} would write "
            "over it: choose another deffnm or folder."
        )


def refuse_mark(files: EngineFiles, mark: str, program: str) -> None:
    """Refuse the name of a simulation that an engine of another kind has prepared.

    Raises
    ------
    ValueError
    """
    if (path := files.workdir / f"{files.deffnm}{mark}").exists():
        raise ValueError(
            f"{path} shows that {program} has a simulation of this name there, whose files would "
            f"be mixed up with those of deffnm={files.deffnm!r}: choose another deffnm or folder."
        )


def refuse_neighbours(files: EngineFiles, *, is_gromacs: bool) -> None:
    """Refuse a name when files of another simulation in the folder would be called the same.

    Raises
    ------
    ValueError
        Naming the other simulation and what they would share.
    """
    for added in _ADDED_BY_GROMACS:
        if files.deffnm.endswith(added):
            _refuse_shared(files, files.deffnm.removesuffix(added), added, (GROMACS_MARK,))
        if is_gromacs:
            _refuse_shared(files, f"{files.deffnm}{added}", added, (GROMACS_MARK, WORKER_MARK))


def refuse_planted(files: EngineFiles, number: int) -> None:
    """Refuse to let a program write where a link would lead it elsewhere, or a FIFO stop it.

    Parameters
    ----------
    files : EngineFiles
    number : int
        Of the next part.

    Raises
    ------
    EngineError
        Naming what is there.
    """
    own = re.escape(files.deffnm)
    # mdrun writes each checkpoint under the name of its step before it renames it.
    pattern = re.compile(rf"{own}(?:_rot\w*|\.confout)?\.part(\d{{4,}})[._].*|{own}_step\d+\.cpt")
    for found in filter(None, map(pattern.fullmatch, os.listdir(files.workdir))):  # noqa: PTH208
        if found[1] is None or int(found[1]) >= number:
            _refuse_irregular(files.workdir / found[0])


def _refuse_irregular(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        what = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise EngineError(
            f"{path} is {what}, and the next part would be written there: remove it, or choose "
            "another deffnm or folder."
        )


def _refuse_shared(files: EngineFiles, other: str, added: str, marks: Iterable[str]) -> None:
    if other and any((files.workdir / f"{other}{mark}").exists() for mark in marks):
        longer = max(other, files.deffnm, key=len)
        raise ValueError(
            f"deffnm={files.deffnm!r} and the simulation {other!r} in {str(files.workdir)!r} would "
            f"write over each other: GROMACS adds {added!r} to a name, so both have files "
            f"{longer}.… Choose another deffnm or folder."
        )
