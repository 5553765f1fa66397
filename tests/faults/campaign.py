"""A kernel with one run; a later one goes on with what it left.

``python -m tests.faults.campaign ENGINE N_WALKERS [--first]`` in a folder. Without ``--first``
what has failed is continued once, as a user would. The errors are printed as a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
from engine_systems import alanine_engine
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.engines.base import MDEngine
from asyncmd_jupyter.sampling.run import Run, start_run
from asyncmd_jupyter.sampling.run_memory import attach_runs
from asyncmd_jupyter.trajectory import Trajectory

NAME = "run"
SECONDS_PER_PART = 0.4
STEPS = {"openmm": 6_000, "gromacs": 40_000}
NSTOUT = {"openmm": 50, "gromacs": 500}


def engine_of(kind: str) -> MDEngine:
    """Alanine dipeptide, with the same random numbers each time."""
    if kind == "openmm":
        return alanine_engine(platform="Reference", seed=4, nstout=NSTOUT[kind])
    return gromacs_engine(seed=4, nstout=NSTOUT[kind])


class AtTheEnd:
    """Whether the last step is reached."""

    def __init__(self, n_steps: int) -> None:
        self.n_steps = n_steps

    def __call__(self, traj: Trajectory) -> np.ndarray:
        return traj.frame_table().steps >= self.n_steps


async def attached() -> Run | None:
    """What an earlier kernel has left."""
    found = await attach_runs()
    for problem in found.problems:
        print(f"attach: {problem}", file=sys.stderr)
    return found.runs[0] if found.runs else None


def started(kind: str, n_walkers: int) -> Run:
    """The run, from where its files are."""
    return start_run(
        engine_of(kind),
        None,
        until=[("end", AtTheEnd(STEPS[kind]))],
        name=NAME,
        n_walkers=n_walkers,
        walltime_per_part=SECONDS_PER_PART / 3600,
        continuation=Path(NAME).exists(),
        velocities="new",
    )


async def main() -> None:
    kind, n_walkers = sys.argv[1], int(sys.argv[2])
    run, errors = await attached(), []
    for again in (False, True):
        if again or run is None:
            run = started(kind, n_walkers)
        try:
            await run
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
        else:
            errors = []
        if not errors or "--first" in sys.argv:
            break
    print(json.dumps({"error": " / ".join(errors)}))


if __name__ == "__main__":
    asyncio.run(main())
