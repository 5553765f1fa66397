"""What a walker is to do, and where it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from asyncmd_jupyter.engines.base import StartingConfiguration
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.progress import WalkerSnapshot


@dataclass(frozen=True)
class WalkerPlan:
    """What one walker is to do.

    Attributes
    ----------
    index : int
        Of the walker, from 0.
    start : Trajectory, path or None
    folder : Path
        Of the run.
    deffnm : str
        What the names of its files begin with.
    tags : Mapping
        Of its jobs.
    continuation : bool
        Whether it goes on with what is in the folder.
    velocities : str
        ``keep`` those of the start or draw ``new`` ones.
    is_held : bool
        Whether no part shall begin until it is resumed.
    known : WalkerSnapshot, optional
        What was seen of it before, of which the parts are still to be read again.
    """

    index: int
    start: StartingConfiguration
    folder: Path
    deffnm: str
    tags: Mapping[str, str]
    continuation: bool
    velocities: str = "keep"
    is_held: bool = False
    known: WalkerSnapshot | None = None


@dataclass(frozen=True)
class WalkerEnd:
    """The last frame of a result, remembered: its file may be changed later.

    Its time is that since the start, in ps.

    What was computed behind the deciding frame is no part of it.
    """

    step: int
    time: float
    n_frames: int

    @classmethod
    def of(cls, result: Trajectory, clock: Clock, *, needed_md: bool) -> Self:
        """The end of a result; a start that fulfils the conditions needed no MD."""
        if not needed_md:
            return cls(0, 0.0, len(result))
        step = result.last_step
        return cls(step, clock.time(step, result.last_time), len(result))
