"""What a part has to do, and what the files say was done."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncmd_jupyter.counts import as_count
from asyncmd_jupyter.jobs.slurm.options import MOST_HOURS

_MOST_STEPS = 2**62


@dataclass(frozen=True)
class PartPlan:
    """What the next part has to do.

    Attributes
    ----------
    number : int
        Of the part, from 1.
    first_step : int
        Steps done before.
    last_step : int or None
        Steps done after it, where that is limited.
    hours : float or None
        Wall time after which it ends.
    """

    number: int
    first_step: int
    last_step: int | None
    hours: float | None


@dataclass(frozen=True)
class OnDisk:
    """What the files of a simulation say.

    Attributes
    ----------
    steps : int
        MD steps from which it would go on.
    next_part : int
        Number of the next part.
    frames : int
        In all parts, up to `steps`.
    last_trajectory : Path or None
        Of the last part with frames.
    platform : str
        What has computed it, where the checkpoint tells.
    time : float or None
        Simulated time in ps after `steps`, where the checkpoint tells.
    """

    steps: int = 0
    next_part: int = 1
    frames: int = 0
    last_trajectory: Path | None = None
    platform: str = ""
    time: float | None = None


def plan_from_tags(tags: Mapping[str, str]) -> PartPlan:
    """What the tags of a part's job say that it does."""
    last = tags["last_step"]
    return PartPlan(int(tags["part"]), int(tags["first_step"]), int(last) if last else None, None)


def check_walltime(hours: Any) -> None:
    """Refuse a wall time that is no positive, finite number of hours."""
    if hours is None:
        return
    if isinstance(hours, bool) or not isinstance(hours, int | float):
        raise TypeError(f"walltime={hours!r} has to be a number of hours.")
    if not (math.isfinite(hours) and hours > 0):
        raise ValueError(f"walltime={hours!r} has to be a positive number of hours.")
    if hours > MOST_HOURS:
        raise ValueError(f"walltime={hours!r} is more than {MOST_HOURS} hours, which is ten years.")


def checked_nsteps(given: Any, nstout: int) -> int | None:
    """A number of steps on which a frame will lie.

    Raises
    ------
    TypeError, ValueError
    """
    if given is None:
        return None
    nsteps = as_count(given)
    if nsteps is None:
        raise TypeError(f"nsteps={given!r} has to be a whole number of steps.")
    if nsteps > _MOST_STEPS:
        raise ValueError(f"nsteps={nsteps} is more than programs can count ({_MOST_STEPS}).")
    if nsteps < 0:
        raise ValueError(f"nsteps={nsteps} is negative: MD can't run backwards.")
    if nsteps % nstout:
        near = max(1, round(nsteps / nstout)) * nstout
        raise ValueError(
            f"nsteps={nsteps} is no multiple of nstout={nstout}, so the last steps would leave no "
            f"frame. Take {near}, for example."
        )
    return nsteps
