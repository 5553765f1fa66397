"""Many propagations in Slurm; run as a program it is the kernel that is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from slurm.launcher.launching import quick_settings

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.sampling.propagate import InPartsTrajectoryPropagator
from asyncmd_jupyter.testing import ToyEngine

N_SIMULATIONS = 20
N_STEPS = 40_000


def make(number: int, launcher: str = "slurm") -> InPartsTrajectoryPropagator:
    """One propagation of a campaign; at most four jobs fit the cluster at once."""
    place = {"launcher": launcher}
    if launcher == "slurm":
        place["sbatch_options"] = {"exclusive": ""}
    return InPartsTrajectoryPropagator(
        N_STEPS,
        engine_cls=ToyEngine,
        engine_kwargs={"x": 0.0, "seed": number, "nstout": 200, **place},
        walltime_per_part=1.0,
    )


async def propagate_all(folder: Path, *, continuation: bool = False) -> list[list[object]]:
    """All simulations of the campaign."""
    return await asyncio.gather(
        *(
            make(number).propagate(None, folder, f"sim{number}", continuation=continuation)
            for number in range(N_SIMULATIONS)
        )
    )


if __name__ == "__main__":
    with runtimes.use(runtimes.Runtime(quick_settings(Path(sys.argv[1])))):
        asyncio.run(propagate_all(Path(sys.argv[2])))
