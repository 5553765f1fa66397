"""A run in Slurm; run as a program it is a kernel that kills itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import numpy as np
from slurm.launcher.launching import quick_settings

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run import Run, start_run
from asyncmd_jupyter.sampling.run_record import records_in
from asyncmd_jupyter.testing import ToyEngine

N_WALKERS = 6


def x_late(traj):
    """Of the particle in nm, 0 in the first frames of all."""
    x = np.array([frame[0, 0] for frame in traj_positions(traj)])
    return np.where(traj.frame_table().steps >= 10_000, x, 0.0)


def traj_positions(traj):
    """All positions in nm."""
    from asyncmd_jupyter.frames.mdanalysis import open_universe

    with open_universe(traj.structure_path, traj.paths) as universe:
        return [universe.atoms.positions / 10 for _ in universe.trajectory]


def far(traj):
    """Whether it is in the right well, far out."""
    return x_late(traj) > 0.3


def never(traj):
    """Nothing is reached."""
    return np.zeros(len(traj), dtype=bool)


def start_endless(workdir: Path) -> Run:
    """Two walkers that somebody has to end."""
    engine = ToyEngine(0.0, seed=4, nstout=100, launcher="slurm")
    return start_run(engine, None, until=[never], name="run", workdir=workdir, n_walkers=2)


def start(workdir: Path, launcher: str = "slurm") -> Run:
    """Walkers of which at most four fit the cluster at once."""
    place = {"launcher": launcher}
    if launcher == "slurm":
        place["sbatch_options"] = {"exclusive": ""}
    engine = ToyEngine(0.0, seed=4, nstout=100, **place)
    return start_run(
        engine,
        None,
        until=[far],
        name="run",
        workdir=workdir,
        n_walkers=N_WALKERS,
        max_steps=60_000,
        campaign="first",
    )


async def main(workdir: Path, is_endless: bool) -> None:
    """End when some walkers run and, unless none ends, some have ended."""
    run = start_endless(workdir) if is_endless else start(workdir)
    while True:
        assert not run.done
        (record,) = records_in(workdir) or [None]
        states = [walker.state for walker in record.walkers] if record else []
        ended = any(state.is_final for state in states)
        if (ended or is_endless) and RunState.RUNNING in states:
            break
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)  # others might come too late


if __name__ == "__main__":
    with runtimes.use(runtimes.Runtime(quick_settings(Path(sys.argv[1])))):
        asyncio.run(main(Path(sys.argv[2]), len(sys.argv) > 3))
