"""What an engine has to bring to be put through the conformance tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from asyncmd_jupyter.engines.command import CommandEngine
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory


@dataclass(frozen=True)
class Harness:
    """One way of making engines.

    Attributes
    ----------
    make : Callable
        ``make(**changes)`` gives an engine that starts without a configuration.
    make_unstable : Callable
        Gives one whose simulation blows up.
    forever : int
        Steps that take minutes: for parts that are stopped.
    exact : bool
        Whether a part that goes on repeats what an uninterrupted one does, bit by bit.
    start_error : float
        By how much the first frame may differ from the start, in nm: where constraints are
        fulfilled anew or the format rounds.
    has_processes : bool
        Whether there is a process to be killed.
    """

    make: Callable[..., CommandEngine]
    make_unstable: Callable[[], CommandEngine]
    forever: int
    exact: bool = True
    start_error: float = 0.0
    has_processes: bool = True


def all_frames(trajectories: list[Trajectory]) -> tuple[list[int], np.ndarray]:
    """Steps and positions of all frames; a part may repeat the last frame before it."""
    frames = [read_frame(t, i) for t in trajectories for i in range(len(t))]
    for before, after in pairwise(list(frames)):
        if before.step == after.step:
            assert np.array_equal(before.positions, after.positions)
            frames.remove(after)
    return [frame.step for frame in frames], np.array([frame.positions for frame in frames])


async def parts_of(engine: Any, workdir: Path, deffnm: str) -> list[Trajectory]:
    """What another kernel would find."""
    other = engine.clone()
    await other.prepare_from_files(workdir, deffnm)
    return await other.trajectory_parts()
