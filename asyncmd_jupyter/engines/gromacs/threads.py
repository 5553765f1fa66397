"""How many cores an ``mdrun`` command keeps busy, by its own options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

OMP = "OMP_NUM_THREADS"

_STARTERS = ("mpirun", "mpiexec", "mpiexec.hydra", "orterun", "srun", "aprun", "jsrun")
_RANK_OPTIONS = ("-np", "-n", "--n", "--np", "-c", "--ntasks")


@dataclass(frozen=True)
class Threads:
    """What a command takes, and what has to be added so that it takes no more.

    Attributes
    ----------
    cores : int or None
        None: a fair share, told through ``OMP_NUM_THREADS``.
    options : tuple of str
        To be added to the command.
    env : Mapping
        To be added to its environment.
    """

    cores: int | None
    options: tuple[str, ...]
    env: Mapping[str, str]


def threads_in_queue(executable: Sequence[str], extra_args: Sequence[str]) -> Threads:
    """Do as `threads_of`, where a queue gives cores to ranks.

    What the options leave open is then as many threads as the job has cores for each rank.
    """
    asked = threads_of(executable, extra_args)
    if _number(extra_args, "-nt") or _number(extra_args, "-ntomp"):
        return asked
    if _ranks(executable) and PurePath(executable[0]).name != "srun":
        return asked
    if (_number(extra_args, "-ntmpi") or 1) > 1:
        return asked
    return Threads(None, asked.options, {})


def threads_of(executable: Sequence[str], extra_args: Sequence[str]) -> Threads:
    """Read the options ``-nt``, ``-ntmpi``, ``-ntomp`` and the ranks given to ``mpirun``.

    Where ``mdrun`` would otherwise take all cores of the machine, options are added.
    """
    total = _number(extra_args, "-nt")
    if total:
        return Threads(total, (), {})
    per_rank = _number(extra_args, "-ntomp")
    if not uses_thread_mpi(executable):
        return _of_ranks(_ranks(executable), per_rank, ())
    ranks = _number(extra_args, "-ntmpi")
    return _of_ranks(ranks, per_rank, () if ranks else ("-ntmpi", "1"))


def uses_thread_mpi(executable: Sequence[str]) -> bool:
    """Whether the program makes its ranks itself, which only builds without MPI do."""
    names = [PurePath(word).name for word in executable]
    return not any(name in _STARTERS or "mpi" in name for name in names)


def _of_ranks(ranks: int | None, per_rank: int | None, options: tuple[str, ...]) -> Threads:
    if per_rank:
        # GROMACS refuses an option that contradicts the variable of the environment.
        return Threads((ranks or 1) * per_rank, options, {OMP: str(per_rank)})
    if ranks:
        return Threads(ranks, options, {OMP: "1"})
    return Threads(None, options, {})


def _ranks(executable: Sequence[str]) -> int | None:
    if PurePath(executable[0]).name not in _STARTERS:
        return None
    found = (_number(executable, option) for option in _RANK_OPTIONS)
    return next((number for number in found if number), None)


def _number(words: Sequence[str], option: str) -> int | None:
    """The value of an option; None if it is absent or leaves the choice to the program."""
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, equals, value = word.partition("=")
        text = value if equals and name == option else following if word == option else ""
        if text.isdecimal():
            return int(text) or None
    return None
