"""Propagators that are killed; run as a program it is the kernel that is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from asyncmd_jupyter.sampling.propagate import (
    ConditionalTrajectoryPropagator,
    InPartsTrajectoryPropagator,
)
from asyncmd_jupyter.testing import ToyEngine

N_STEPS = 6000


def at_the_end(traj):
    return traj.frame_table().steps == 6000


def make(kind: str, *, hours: float = 1.0, launcher: str = "local"):
    """A propagator that comes to `N_STEPS`."""
    engine = {
        "engine_cls": ToyEngine,
        "engine_kwargs": {"x": 0.0, "seed": 5, "launcher": launcher},
        "walltime_per_part": hours,
    }
    if kind == "in parts":
        return InPartsTrajectoryPropagator(N_STEPS, **engine)
    return ConditionalTrajectoryPropagator([at_the_end], **engine)


async def join(propagator, folder: Path, name: str, **kwargs):
    """The joined trajectory of either kind of propagator."""
    out = folder / f"{name}.joined.trr"
    joined = await propagator.propagate_and_concatenate(None, folder, name, tra_out=out, **kwargs)
    return joined[0] if isinstance(joined, tuple) else joined


if __name__ == "__main__":
    propagator = make(sys.argv[1], hours=float(sys.argv[2]))
    going_on = "continue" in sys.argv
    asyncio.run(propagator.propagate(None, ".", "sim", continuation=going_on))
