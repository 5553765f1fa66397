"""GROMACS' commands as lists of arguments: pure functions of what shall be done."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from asyncmd_jupyter.engines.plan import PartPlan

# Neither backups of files that are written anew (#name.1#) nor pictures of a system that blows
# up (step1b.pdb and so on, without deffnm) shall pile up in a folder that engines may share.
NO_LITTER = {"GMX_MAXBACKUP": "-1", "GMX_SUPPRESS_DUMP": "1"}

GROMPP_OWN = ("-f", "-c", "-p", "-n", "-t", "-time", "-o", "-po")
MDRUN_OWN = (
    *("-s", "-deffnm", "-o", "-x", "-e", "-g", "-c", "-cpi", "-cpo", "-append", "-noappend"),
    *("-nsteps", "-maxh", "-cpnum", "-rerun", "-multidir"),
)
# Their files are called after the simulation, or those in the same folder would get mixed up.
MDRUN_OUTPUTS = (
    *("-dhdl", "-field", "-tpi", "-tpid", "-eo", "-px", "-pf", "-ro", "-ra", "-rs", "-rt"),
    *("-mtx", "-if", "-swap"),
)
_ROTATION = {
    "-ro": "rotation.xvg",
    "-ra": "rotangles.log",
    "-rs": "rotslabs.log",
    "-rt": "rottorque.log",
}
_COMMAND = re.compile("grompp|mdrun")
_MINUTES_BETWEEN_CHECKPOINTS = ("-cpt", "1")


def words_of(name: str, value: str | Sequence[str]) -> tuple[str, ...]:
    """Split a command line as a shell does; a sequence of arguments is taken as it is.

    Raises
    ------
    TypeError, ValueError
        It is neither, or a quotation mark is missing.
    """
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise ValueError(f"{name}={value!r} can't be split into arguments: {error}.") from error
    if isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise TypeError(f"{name}={value!r} has to be a text or a list of texts.")


def executable_of(
    name: str, value: str | Sequence[str], reserved: Sequence[str] = ()
) -> tuple[str, ...]:
    """Split a program and its first arguments, such as ``gmx mdrun``."""
    words = words_of(name, value)
    if not words or not words[0]:
        raise ValueError(f"{name}={value!r} names no program, such as 'gmx mdrun'.")
    _refuse_reserved(name, value, _own_arguments(words), reserved)
    return tuple(_from_here(word) for word in words)


def kept_executable(
    name: str, value: str | Sequence[str], reserved: Sequence[str]
) -> str | list[str]:
    """Check it as `executable_of` does; gives it as it was, with the whole path of a program."""
    words = executable_of(name, value, reserved)
    if isinstance(value, str):
        return value if words == words_of(name, value) else shlex.join(words)
    return list(words)


def kept_args(name: str, value: str | Sequence[str], reserved: Sequence[str]) -> str | list[str]:
    """Check arguments as `extra_args_of` does; gives them as they were."""
    words = extra_args_of(name, value, reserved)
    return value if isinstance(value, str) else list(words)


def _own_arguments(words: Sequence[str]) -> Sequence[str]:
    """What follows the GROMACS command, be there the options of ``mpirun`` before it."""
    named = [place for place, word in enumerate(words) if _COMMAND.search(Path(word).name)]
    return words[named[-1] + 1 :] if named else ()


def _from_here(word: str) -> str:
    """Make the path of a program absolute: it will be started from the work folder."""
    path = Path(word).expanduser()
    return str(path.absolute()) if "/" in word and path.is_file() else word


def extra_args_of(
    name: str, value: str | Sequence[str], reserved: Sequence[str]
) -> tuple[str, ...]:
    """Split arguments of the user and refuse those that the engine sets itself."""
    words = words_of(name, value)
    _refuse_reserved(name, value, words, reserved)
    return words


def _refuse_reserved(
    name: str, value: str | Sequence[str], words: Sequence[str], reserved: Sequence[str]
) -> None:
    if taken := [word for word in words if word.partition("=")[0] in reserved]:
        raise ValueError(
            f"{name}={value!r} holds {', '.join(taken)}, which the engine sets itself: leave "
            "it out."
        )
    if named := [word for word in words if word in MDRUN_OUTPUTS]:
        raise ValueError(
            f"{name}={value!r} names the files of {', '.join(named)}, and simulations in one "
            "folder would write over each other's: leave it out, they are called after the "
            "simulation."
        )


def file_argument(name: str) -> str:
    """The name of a file in the work folder as an argument that can't be taken for an option."""
    return f"./{name}" if name.startswith("-") else name


def grompp_argv(
    executable: Sequence[str],
    extra_args: Sequence[str],
    *,
    name: str,
    structure: Path,
    topology: Path,
    index: Path | None,
    start: str | None,
) -> tuple[str, ...]:
    """The command that makes ``name.tpr`` out of ``name.mdp``, in their folder."""
    own = file_argument(name)
    argv = [*executable, "-f", f"{own}.mdp", "-c", str(structure), "-p", str(topology)]
    if index is not None:
        argv += ["-n", str(index)]
    if start is not None:
        argv += ["-t", file_argument(start)]
    return (*argv, "-o", f"{own}.tpr", "-po", f"{own}_mdout.mdp", *extra_args)


def mdrun_argv(
    executable: Sequence[str],
    extra_args: Sequence[str],
    *,
    name: str,
    plan: PartPlan,
    hours_factor: float,
) -> tuple[str, ...]:
    """The command that computes a part, in the folder of ``name.tpr``."""
    argv = [*executable, *mdrun_files(name), "-noappend"]
    if plan.number > 1:
        argv += ["-cpi", f"{file_argument(name)}.cpt"]
    n_steps = -1 if plan.last_step is None else plan.last_step - plan.first_step
    argv += ["-nsteps", str(n_steps)]
    if plan.hours is not None:
        argv += ["-maxh", f"{plan.hours * hours_factor:.9g}"]
    if "-cpt" not in extra_args:
        argv += _MINUTES_BETWEEN_CHECKPOINTS
    return (*argv, *extra_args)


def rotation_outputs(name: str) -> tuple[str, ...]:
    """Names for what enforced rotation writes: ``-deffnm`` gives some the name of the log."""
    own = file_argument(name)
    names = {option: f"{own}_{kind}" for option, kind in _ROTATION.items()}
    return tuple(word for pair in names.items() for word in pair)


def mdrun_files(name: str) -> list[str]:
    """Options for the names of all files; those of add-ons begin with `name`, too."""
    own = file_argument(name)
    return [
        *("-s", f"{own}.tpr", "-deffnm", own, "-cpo", f"{own}.cpt"),
        *("-c", f"{own}.confout.gro"),
    ]
