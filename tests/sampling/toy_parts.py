"""Parts of simulations: made by hand, or looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from handmade import GRO

from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame

DT = 0.01


def part(
    folder: Path,
    number: int,
    steps: Sequence[int],
    *,
    times: Sequence[float] | None = None,
    mark: float | None = None,
) -> Trajectory:
    """A part with frames at the given steps; x says in which part a frame was computed."""
    structure = folder / "one.gro"
    structure.write_text(GRO)
    path = folder / f"sim.part{number:04d}.trr"
    with path.open("wb") as file:
        for index, step in enumerate(steps):
            time = step * DT if times is None else times[index]
            write_trr_frame(file, _frame(step, time, number if mark is None else mark))
    return Trajectory(path, structure)


def _frame(step: int, time: float, x: float) -> TrrFrame:
    wrapped = (step + 2**31) % 2**32 - 2**31
    place = np.array([[x, 0.0, 0.0]], dtype=np.float32)
    return TrrFrame(
        step=wrapped,
        time=time,
        box=np.eye(3, dtype=np.float32) * 5,
        positions=place,
        velocities=None,
    )


def steps_of(trajectory: Trajectory) -> list[int]:
    """Steps of all frames."""
    return trajectory.frame_table().steps.tolist()


def origins_of(trajectory: Trajectory) -> list[float]:
    """x of all frames: in which part each was computed."""
    frames = (read_frame(trajectory, index) for index in range(len(trajectory)))
    return [round(float(frame.positions[0, 0]), 3) for frame in frames]


def grid(n_steps: int, every: int = 10) -> list[int]:
    """Steps from 0 to `n_steps`."""
    return list(range(0, n_steps + 1, every))
