"""Masses and constraints as they stand in a run input (tpr)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.content import Contents
from asyncmd_jupyter.jobs.quick import lines_of

_PROGRAM, _DUMP = "grompp", "dump"
_BLOCK = re.compile(r"\s*moltype\s+= (\d+) ")
_MOLECULES = re.compile(r"\s*#molecules\s+= (\d+)")
_TYPE = re.compile(r"\s*moltype \((\d+)\):")
_ATOMS = re.compile(r"\s*atom \((\d+)\):")
_CONSTRAINT = re.compile(r"\s*\d+ type=\d+ \((?:CONSTR|CONSTRNC)\)\s+(\d+)\s+(\d+)")
_SETTLE = re.compile(r"\s*\d+ type=\d+ \(SETTLE\)\s+(\d+)\s+(\d+)\s+(\d+)")
_HEADING = "Constraint:"  # there is one for each kind of molecule, also without any
_STATE = "box ("  # positions and velocities of all atoms follow


@dataclass(frozen=True, eq=False)
class RunInput:
    """What a run input says of the atoms.

    Attributes
    ----------
    masses : array
        amu, shape (n_atoms,); can't be changed.
    constraints : array of int or None
        Pairs of atoms, shape (n_constraints, 2); None if they could not be read.
    """

    masses: NDArray[np.float64]
    constraints: NDArray[np.int64] | None


class RunInputCache:
    """What was read last, for an engine and its clones, which may ask at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[Any, RunInput] | None = None

    def __reduce__(self) -> tuple[type[RunInputCache], tuple[()]]:
        """Nothing of it is pickled."""
        return RunInputCache, ()

    def get(self, key: Any, read: Callable[[], RunInput]) -> RunInput:
        """What `key` stands for, read where it is not known."""
        with self._lock:
            if self._known is None or self._known[0] != key:
                self._known = key, read()
            return self._known[1]


def read_run_input(tpr: Path, grompp: Sequence[str]) -> RunInput:
    """Read a run input; called in threads.

    Parameters
    ----------
    tpr : Path
    grompp : sequence of str
        The program that made it, beside which there is ``dump``.
    """
    masses = Contents.current().masses(str(tpr))
    return RunInput(masses, _dumped_constraints(tpr, grompp, len(masses)))


def _dumped_constraints(tpr: Path, grompp: Sequence[str], n_atoms: int) -> NDArray[np.int64] | None:
    if not grompp or grompp[-1] != _PROGRAM:
        return None  # a program of the user's, of which nothing else is known
    argv = [*grompp[:-1], "-quiet", _DUMP, "-s", str(tpr.absolute())]
    try:
        with closing(lines_of(argv, tpr.parent)) as lines:
            found, counted = constraints_in(lines)
    except OSError:
        return None
    return found if counted == n_atoms else None


def constraints_in(lines: Iterable[str]) -> tuple[NDArray[np.int64], int]:
    """Find the constraints in the output of ``gmx dump -s``.

    Parameters
    ----------
    lines : iterable of str

    Returns
    -------
    array of int
        Pairs of atoms, shape (n_constraints, 2).
    int
        Number of atoms, by which a format that is not understood is noticed: it is 0 then.
    """
    blocks: list[list[int]] = []  # kind of the molecules, how many
    sizes: dict[int, int] = {}
    pairs: dict[int, list[tuple[int, int]]] = {}
    kind, headings = 0, 0
    for line in lines:
        headings += line.strip() == _HEADING
        if line.startswith(_STATE):
            break
        if found := _BLOCK.match(line):
            blocks.append([int(found[1]), 1])
        elif found := _MOLECULES.match(line):
            blocks[-1][1] = int(found[1])
        elif found := _TYPE.match(line):
            kind = int(found[1])
        elif found := _ATOMS.match(line):
            sizes.setdefault(kind, int(found[1]))
        else:
            pairs.setdefault(kind, []).extend(_pairs(line))
    known = headings == len(sizes)
    return _of_system(blocks, sizes if known else {}, pairs)


def _pairs(line: str) -> list[tuple[int, int]]:
    if found := _CONSTRAINT.match(line):
        return [(int(found[1]), int(found[2]))]
    if found := _SETTLE.match(line):
        a, b, c = (int(found[number]) for number in (1, 2, 3))
        return [(a, b), (a, c), (b, c)]
    return []


def _of_system(
    blocks: list[list[int]], sizes: dict[int, int], pairs: dict[int, list[tuple[int, int]]]
) -> tuple[NDArray[np.int64], int]:
    found, first = [np.zeros((0, 2), np.int64)], 0
    for kind, count in blocks:
        size = sizes.get(kind, 0)
        mine = np.array(pairs.get(kind, []), np.int64).reshape(-1, 2)
        starts = first + size * np.arange(count)
        found.append((starts[:, None, None] + mine).reshape(-1, 2))
        first += size * count
    return np.concatenate(found), first
