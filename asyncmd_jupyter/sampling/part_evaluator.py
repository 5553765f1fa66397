"""What conditions say of the parts of one simulation, each part asked about once."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.files.retrying import retried
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.sampling.conditions import Condition
from asyncmd_jupyter.sampling.evaluation import Evaluation, Joined
from asyncmd_jupyter.sampling.function_values import Values
from asyncmd_jupyter.sampling.simulation import FinishedPart
from asyncmd_jupyter.sampling.states import Examination, evaluation, examinations

_RTOL, _ATOL = 1e-4, 1e-6  # frames hold single precision, and sums may be taken in other orders


@dataclass(frozen=True)
class _Answer:
    """What was found of a part, and the frames before it that it depends on."""

    earlier: tuple[object, ...]
    examinations: list[Examination]
    values: dict[str, Values]  # of functions that are given earlier frames


class PartEvaluator:
    """Evaluates conditions part by part.

    Most functions see one part at a time. Those that need earlier frames get all that count
    in one file, so that it does not matter how the simulation was cut into parts.

    Parameters
    ----------
    conditions : sequence of (name, condition)
    """

    def __init__(self, conditions: Sequence[tuple[str, Condition]]) -> None:
        self._conditions = conditions
        self._known: dict[FinishedPart, _Answer] = {}
        self._looks_back = any(one.needs_earlier_frames for _, one in conditions)

    async def examine(
        self, parts: Sequence[FinishedPart], counts: Sequence[int]
    ) -> list[Examination]:
        """Tell what the conditions say of all frames of the last of some parts.

        Parameters
        ----------
        parts : sequence of FinishedPart
            From the first one on; those before the last one have been asked about.
        counts : sequence of int
            How many frames count of each part before the last one.

        Raises
        ------
        ValueError
            If a condition gives anything but one bool for each frame, or if a function says
            other things of frames now that later ones are there.
        """
        part = parts[-1]
        taken = [pair for pair in zip(parts[:-1], counts, strict=True) if pair[1]]
        earlier = tuple(taken) if self._looks_back else ()
        known = self._known.get(part)
        if known is None or known.earlier != earlier:
            # An error of the file system is no verdict; those of conditions are.
            known = self._known[part] = await retried(
                lambda: self._answer(part, taken, earlier), part.trajectory.paths[-1]
            )
        return known.examinations

    async def _answer(
        self, part: FinishedPart, taken: list[tuple[FinishedPart, int]], key: tuple[object, ...]
    ) -> _Answer:
        if not key:
            values_of = await evaluation(self._conditions, part.trajectory)
        else:
            async with _joined([*taken, (part, len(part.table.steps))]) as joined:
                values_of = await evaluation(self._conditions, part.trajectory, joined=joined)
            self._refuse_looking_ahead(values_of, taken)
        return _Answer(key, examinations(self._conditions, values_of), self._kept(values_of))

    def _kept(self, values_of: Evaluation) -> dict[str, Values]:
        functions = (f for _, condition in self._conditions for f in condition.functions())
        ids = {values_of.ids[id(f)] for f in functions if f.needs_earlier_frames}
        return {key: values_of.values[key] for key in ids}

    def _refuse_looking_ahead(
        self, values_of: Evaluation, taken: list[tuple[FinishedPart, int]]
    ) -> None:
        for key, now in values_of.earlier.items():
            then = [self._known[part].values[key][:count] for part, count in taken]
            changed = ~_rows_alike(np.concatenate(then), now)
            if changed.any():
                raise ValueError(self._told_of_looking_ahead(values_of, key, int(changed.argmax())))

    def _told_of_looking_ahead(self, values_of: Evaluation, key: str, frame: int) -> str:
        name = next(
            function.name
            for _, condition in self._conditions
            for function in condition.functions()
            if values_of.ids[id(function)] == key
        )
        return (
            f"{name} says something else of frame {frame} now that there are later frames, so that "
            "the end would depend on how the simulation is cut into parts. Let it judge each frame "
            "by this and earlier ones only."
        )


@asynccontextmanager
async def _joined(taken: Sequence[tuple[FinishedPart, int]]) -> AsyncIterator[Joined]:
    """Write the frames that count to one file, for as long as it is needed."""
    last = taken[-1][0].trajectory.paths[-1]
    folder = await asyncio.to_thread(_scratch_beside, last)
    try:
        trajectory = await _Scratch(remove_double_frames=False).concatenate_async(
            [part.trajectory for part, _ in taken],
            [(None, count, 1) for _, count in taken],
            Path(folder.name) / f"joined{last.suffix}",
        )
        yield Joined(trajectory, sum(count for _, count in taken[:-1]))
    finally:
        await asyncio.to_thread(folder.cleanup)


class _Scratch(TrajectoryConcatenator):
    _is_recorded = False


def _scratch_beside(path: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder that jobs on other machines see, if one can be made there."""
    is_writable = os.access(path.parent, os.W_OK)
    return tempfile.TemporaryDirectory(
        prefix=f".{path.stem}.joined-", dir=path.parent if is_writable else None
    )


def _rows_alike(then: Values, now: Values) -> NDArray[np.bool_]:
    if then.shape != now.shape:
        return np.zeros(len(now), dtype=bool)
    is_float = then.dtype.kind in "fc"
    alike = np.isclose(then, now, _RTOL, _ATOL, equal_nan=True) if is_float else then == now
    return np.asarray(alike.reshape(len(now), -1).all(axis=1))
