"""What has to hold whatever happened: every frame is there once, and is the right one.

Rows of energies are there once and right, too; only on a full disk some may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from asyncmd_jupyter.engines.energies.table import EnergyTable
from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.trajectory import Trajectory

from .campaign import NAME, NSTOUT, STEPS

_ENGINES = {"openmm": OpenMMEngine, "gromacs": GmxEngine}


@dataclass(frozen=True)
class Frames:
    """All frames of a walker, as they lie in the files of its parts."""

    steps: np.ndarray
    positions: np.ndarray
    energies: EnergyTable | None = None

    @classmethod
    def read(cls, folder: Path, kind: str, walker: int) -> Frames:
        """Read a walker's parts."""
        energies = _ENGINES[kind].energies_in_folder(folder / NAME, f"{NAME}_{walker}")
        parts = _ENGINES[kind].parts_in_folder(folder / NAME, f"{NAME}_{walker}", "trr")
        frames = [cls(part.frame_table().steps, _positions(part)) for part in parts]
        once = [frames[0], *(later.without_last_of(part) for part, later in pairwise(frames))]
        return cls(
            np.concatenate([part.steps for part in once]),
            np.concatenate([part.positions for part in once]),
            energies,
        )

    def without_last_of(self, before: Frames) -> Frames:
        """What is left without a first frame that is the last one of the part before.

        GROMACS writes a frame again where it was stopped at an output step.
        """
        is_again = (
            len(self.steps) > 0
            and len(before.steps) > 0
            and self.steps[0] == before.steps[-1]
            and np.array_equal(self.positions[0], before.positions[-1])
        )
        first = int(is_again)
        return Frames(self.steps[first:], self.positions[first:])


def _positions(part: Trajectory) -> np.ndarray:
    with open_universe(part.structure_path, part.paths) as universe:
        return np.array([universe.atoms.positions.copy() for _ in universe.trajectory])


def problems(folder: Path, kind: str, expected: Mapping[int, Frames]) -> list[str]:
    """What differs from the same campaign that nothing happened to."""
    return [
        f"walker {walker}: {problem}"
        for walker, right in expected.items()
        for problem in _problems_of(folder, kind, walker, right)
    ]


def _problems_of(folder: Path, kind: str, walker: int, right: Frames) -> list[str]:
    try:
        found = Frames.read(folder, kind, walker)
    except (OSError, ValueError) as error:
        return [f"can't be read ({error})"]
    first = STEPS[kind] // NSTOUT[kind] + 1  # frames up to the one that reaches the state
    wanted = list(range(0, STEPS[kind] + 1, NSTOUT[kind]))
    if found.steps[:first].tolist() != wanted:
        return [f"steps {found.steps.tolist()}"]
    if len(set(found.steps.tolist())) != len(found.steps):
        return [f"frames twice: {found.steps.tolist()}"]
    # Dynamics of GROMACS go on from a checkpoint with other roundings.
    n_same = first if kind == "openmm" else 1
    if not np.array_equal(found.positions[:n_same], right.positions[:n_same]):
        wrong = np.flatnonzero(
            (found.positions != right.positions[: len(found.positions)]).any((1, 2))
        )
        return [f"other positions from frame {wrong[0]} on"]
    return _problems_of_energies(found.energies, right.energies, is_exact=kind == "openmm")


def _problems_of_energies(
    found: EnergyTable | None, right: EnergyTable | None, *, is_exact: bool
) -> list[str]:
    if found is None or right is None:
        return ["no energies"]
    if (np.diff(found.steps) <= 0).any():
        return [f"rows of energies twice: {found.steps.tolist()}"]
    both, mine, others = np.intersect1d(found.steps, right.steps, return_indices=True)
    column = "Potential energy"
    if is_exact and not np.array_equal(found[column][mine], right[column][others]):
        return [f"other energies at some of the steps {both.tolist()}"]
    return []
