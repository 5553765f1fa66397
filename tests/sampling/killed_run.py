"""A run of four walkers; run as a program it is a kernel that kills itself in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import numpy as np
import psutil
from engine_systems import alanine_engine

from asyncmd_jupyter.frames.mdanalysis import open_universe
from asyncmd_jupyter.sampling.run import Run, start_run
from asyncmd_jupyter.sampling.run_record import records_in
from asyncmd_jupyter.sampling.states import Within

LOG = Path("calls.txt")
SEED = 4  # walkers end after 14 (the limit), 11.0, 9.3 and 0.5 ps


def psi(traj):
    """Of what is in __main__ of the kernel that is killed."""
    from MDAnalysis.lib.distances import calc_dihedrals

    with LOG.open("a") as log:
        log.write(f"{traj.paths[0].name}\n")
    with open_universe(traj.structure_path, traj.paths) as universe:
        points = [universe.atoms.positions[[6, 8, 14, 16]] for _ in universe.trajectory]
    return np.rad2deg([calc_dihedrals(*p[:, None])[0] for p in points])


def start(name: str, workdir: Path = Path()) -> Run:
    """The same walkers each time."""
    until = [Within(psi, -100, 0, name="alphaR")]
    engine = alanine_engine(platform="Reference", seed=SEED)
    return start_run(
        engine, None, until=until, name=name, workdir=workdir, n_walkers=4, max_steps=7_000
    )


def is_in_the_middle(run: Run) -> bool:
    """Whether some walkers have ended and others have not."""
    going = [w for w in run.snapshot().walkers if not w.state.is_final and w.n_frames > 3]
    (record,) = records_in() or [None]
    return bool(going) and record is not None and any(w.state.is_final for w in record.walkers)


async def main() -> None:
    run = start("run")
    while not is_in_the_middle(run):
        await asyncio.sleep(0.01)
    for process in psutil.Process().children(recursive=True):
        process.suspend()  # none ends before the next kernel has seen them
    os.kill(os.getpid(), signal.SIGKILL)  # others might come too late


if __name__ == "__main__":
    asyncio.run(main())
