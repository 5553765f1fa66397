"""Conditions that are asked of frames in memory, in the process that computes them."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.methods.cv import CV
from asyncmd_jupyter.sampling import carried_code
from asyncmd_jupyter.sampling.conditions import Condition, as_condition


class FrameConditions:
    """Tells which of several conditions holds; the first one of them, if several do.

    Parameters
    ----------
    conditions : sequence
        Made of functions of coordinates (`CV`).

    Raises
    ------
    TypeError
        If one is made of a function of trajectories, which would need files.
    """

    def __init__(self, conditions: Sequence[Any]) -> None:
        self.conditions = [as_condition(each) for each in conditions]
        for condition in self.conditions:
            for function in condition.functions():
                if not isinstance(function, CV):
                    raise TypeError(
                        f"The condition {condition.name} uses {function.name}, a function of "
                        "trajectory files. Within a segment frames are in memory: make it a "
                        "function of positions, CV(f) with f(positions) for an array of the "
                        "shape (n_frames, n_atoms, 3) in nm."
                    )

    @property
    def names(self) -> list[str]:
        """What a person calls the conditions."""
        return [condition.name for condition in self.conditions]

    def __call__(self, positions: NDArray[Any], box: NDArray[Any] | None) -> int | None:
        """Number of the condition that holds for one frame, None if none does."""
        values_of = _Values(positions, box)
        for number, condition in enumerate(self.conditions):
            if _holds(condition, values_of):
                return number
        return None


def pickled_conditions(conditions: FrameConditions) -> bytes:
    """Pickle conditions for another process, with what it needs to find their modules."""
    ids = [condition.id for condition in conditions.conditions]
    return pickle.dumps((sys.path, str(Path.cwd()), ids, carried_code.dumps(conditions)))


def unpickled_conditions(content: bytes) -> FrameConditions:
    """Load what `pickled_conditions` gave.

    Raises
    ------
    RuntimeError
        A module of the user is another one here.
    """
    paths, folder, ids, pickled = pickle.loads(content)  # noqa: S301 - known by its digest
    os.chdir(folder)
    sys.path[:] = paths
    conditions: FrameConditions = carried_code.loads(pickled)
    for condition, known in zip(conditions.conditions, ids, strict=True):
        if condition.id != known:
            raise RuntimeError(
                f"The condition {condition.name} is not the same in another process. If a module "
                "of yours was changed after it was imported, reload it or restart the kernel."
            )
    return conditions


class _Values:
    """Values of functions for one frame, each computed once."""

    def __init__(self, positions: NDArray[Any], box: NDArray[Any] | None) -> None:
        self._frame = positions, box
        self._known: dict[int, NDArray[Any]] = {}

    def __call__(self, function: Any) -> NDArray[Any]:
        if (known := self._known.get(id(function))) is None:
            known = self._known[id(function)] = function.of_positions(*self._frame)
        return known


def _holds(condition: Condition, values_of: Any) -> bool:
    return bool(np.asarray(condition.judge(values_of))[0])
