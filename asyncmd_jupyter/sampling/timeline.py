"""Which frames of the parts of a simulation count, by their own steps and times.

Parts may repeat the frame at their boundary, and what an interrupted part wrote behind its
last checkpoint is computed again by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from asyncmd_jupyter.frames.content import FrameTable

Steps = NDArray[np.int64]

_PERIOD = 2**32  # files hold only so much of a step number


def line_up(tables: Sequence[FrameTable], dt: Callable[[], float]) -> tuple[list[Steps], list[int]]:
    """Step numbers of all frames, and how many frames of each part count.

    Parameters
    ----------
    tables : sequence of FrameTable
        Of the parts of one simulation, in order.
    dt : callable
        Gives the MD time step in ps, asked for only if the steps are counted anew in each
        part; then the times decide.
    """
    steps = steps_of_parts(tables)
    counts = frames_that_count(tables, steps)
    if not are_in_order(steps, counts):
        steps = _steps_by_times(tables, dt())
        counts = frames_that_count(tables, steps)
    return steps, counts


def steps_of_parts(tables: Sequence[FrameTable]) -> list[Steps]:
    """Step numbers of all frames, counted on where those in the files have wrapped."""
    counted: list[Steps] = []
    for table in tables:
        ahead = int(counted[-1][-1] - table.steps[0]) if counted else 0
        counted.append(table.steps + whole_wraps(ahead))
    return counted


def whole_wraps(ahead: int) -> int:
    """How many steps a number in a file is to be counted on by, as near to `ahead` as can be."""
    return _PERIOD * round(ahead / _PERIOD)


def frames_that_count(tables: Sequence[FrameTable], steps: Sequence[Steps]) -> list[int]:
    """How many frames at the beginning of each part are not given anew by the next one.

    Of a doubled frame the second one counts: the simulation went on from there.
    """
    counts = [len(own) for own in steps]
    for number, (before, after) in enumerate(pairwise(zip(tables, steps, strict=True))):
        if _is_given_anew(*before, *after):
            counts[number] = first_at_or_after(before[1], int(after[1][0]))
    return counts


def are_in_order(steps: Sequence[Steps], counts: Sequence[int]) -> bool:
    """Whether the frames that count follow each other by their steps."""
    kept = [own[:count] for own, count in zip(steps, counts, strict=True)]
    return not kept or bool(np.all(np.diff(np.concatenate(kept)) > 0))


def first_at_or_after(steps: Steps, step: int) -> int:
    """Index of the first frame at a step or later; the number of frames if there is none."""
    late = steps >= step
    return int(late.argmax()) if late.any() else len(steps)


def missing_frames(steps: Sequence[Steps], nstout: int) -> str:
    """Say in words where frames are missing at the beginning or between parts, or ``""``.

    Parameters
    ----------
    steps : sequence of arrays
    nstout : int
        Steps between frames, as far as known; more if frames of a part are further apart.
    """
    kept = [own for own in steps if len(own)]
    widest = max((int(np.diff(own).max()) for own in kept if len(own) > 1), default=0)
    apart, reached = max(nstout, widest), 0
    for own in kept:
        if apart and own[0] > reached + apart:
            return (
                f"Frames between the steps {reached} and {own[0]} are missing: the files of some "
                "parts are gone."
            )
        reached = int(own[-1])
    return ""


def _is_given_anew(table: FrameTable, steps: Steps, after: FrameTable, later: Steps) -> bool:
    begin, resolution = later[0], float(np.spacing(np.float32(abs(table.times[-1]))))
    if after.times[0] > table.times[-1] + resolution:
        return False  # steps that are counted anew in each part
    return bool(steps[0] < begin <= steps[-1] or (len(steps) == 1 and steps[0] == begin))


def _steps_by_times(tables: Sequence[FrameTable], dt: float) -> list[Steps]:
    return [np.rint(table.times / dt).astype(np.int64) for table in tables]
