"""Which frames a run shall begin at: arguments of `start_run`, checked before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncmd_jupyter.counts import frames_told
from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.arguments import as_list
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.start_frame import VELOCITIES, StartFrame


def checked_starts(
    start: StartingConfiguration,
    starts: Sequence[StartingConfiguration] | None,
    frame: int | None,
    velocities: Any,
) -> tuple[StartingConfiguration, ...]:
    """Several starts, one for each walker; empty if there is one for all.

    Raises
    ------
    ValueError, TypeError
        Something else was given that is for one start only.
    """
    if velocities not in (*VELOCITIES, None):
        raise ValueError(f"velocities={velocities!r} has to be one of {', '.join(VELOCITIES)}.")
    if isinstance(start, list | tuple):
        raise TypeError("start is one for all walkers: give several ones as starts=[…].")
    if starts is None:
        return ()
    several = as_list("starts", starts, "starts")
    if not several:
        raise ValueError("starts=[] holds no start: leave it out to begin at the engine's own.")
    if start is not None:
        raise ValueError("Give either start or starts=[…], one for each walker.")
    if frame is not None or velocities == "inverted":
        given = "velocities='inverted'" if frame is None else f"frame={frame!r}"
        raise ValueError(f"{given} is for one start: write the frames first, by a FrameExtractor.")
    return tuple(several)


def start_frame(spec: RunSpec, frame: int | None, *, continuation: bool) -> StartFrame:
    """The frame that is to be written for a run.

    Raises
    ------
    ValueError, IndexError
        There is no such frame, or nothing that a frame can be taken of.
    """
    given = f"velocities={spec.velocities!r}" if frame is None else f"frame={frame!r}"
    if continuation:
        raise ValueError(f"{given} can't be combined with continuation, which starts nowhere anew.")
    start = spec.start
    if start is None:
        raise ValueError(f"{given} needs a start: whose frame is it?")
    made = start if isinstance(start, Trajectory) else spec.engine.start_as_trajectory(start)
    if made is None:
        raise ValueError(
            f"{given} needs a Trajectory to start from, and {start} is a file without names of "
            "atoms: make one with Trajectory(file, structure)."
        )
    number, n_frames = frame or 0, len(made)
    if not -n_frames <= number < n_frames:
        raise IndexError(f"{given} does not exist: the start has {frames_told(n_frames)}.")
    return StartFrame(made, number, spec.velocities)
