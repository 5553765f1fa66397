"""A kernel with one run; a later one goes on with what it left.

``python -m tests.faults.campaign ENGINE N_WALKERS LAUNCHER [--first]`` in a folder. Without
``--first`` what has failed is continued once, as a user would. The errors are printed as a line
of JSON.
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
# A part in Slurm waits some seconds for its start.
SECONDS_PER_PART = {"local": 0.4, "slurm": 1.5}
STEPS = {"openmm": 6_000, "gromacs": 40_000}
NSTOUT = {"openmm": 50, "gromacs": 500}


def engine_of(kind: str, launcher: str) -> MDEngine:
    """Alanine dipeptide, with the same random numbers each time."""
    options = {"seed": 4, "nstout": NSTOUT[kind], "launcher": launcher}
    if kind == "openmm":
        return alanine_engine(platform="Reference", **options)
    return gromacs_engine(**options)


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


def started(kind: str, n_walkers: int, launcher: str) -> Run:
    """The run, from where its files are."""
    return start_run(
        engine_of(kind, launcher),
        None,
        until=[("end", AtTheEnd(STEPS[kind]))],
        name=NAME,
        n_walkers=n_walkers,
        walltime_per_part=SECONDS_PER_PART[launcher] / 3600,
        continuation=Path(NAME).exists(),
        velocities="new",
    )


async def main() -> None:
    kind, n_walkers, launcher = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    run, errors = await attached(), []
    for again in (False, True):
        if again or run is None:
            run = started(kind, n_walkers, launcher)
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
