"""Keep off files in the place of those that a simulation will write."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from asyncmd_jupyter.engines.files import EngineFiles

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
    if found := [*(path for path in named if path.exists()), *_of_parts(files)]:
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


def _refuse_shared(files: EngineFiles, other: str, added: str, marks: Iterable[str]) -> None:
    if other and any((files.workdir / f"{other}{mark}").exists() for mark in marks):
        longer = max(other, files.deffnm, key=len)
        raise ValueError(
            f"deffnm={files.deffnm!r} and the simulation {other!r} in {str(files.workdir)!r} would "
            f"write over each other: GROMACS adds {added!r} to a name, so both have files "
            f"{longer}.… Choose another deffnm or folder."
        )


def _of_parts(files: EngineFiles) -> list[Path]:
    own, part = re.escape(files.deffnm), r"\.part\d{4,}"
    # "sim.confout.part0001.gro" is a part's last frame, of "sim" and not of "sim.confout".
    pattern = re.compile(
        rf"{own}{part}[._](?!gro$).*(?<!\.provenance\.json)|{own}\.confout{part}\.gro"
    )
    return sorted(path for path in files.workdir.iterdir() if pattern.fullmatch(path.name))
