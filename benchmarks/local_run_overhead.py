"""What the package costs around a short GROMACS run, beside a bare shell loop of mdrun.

Alanine dipeptide in vacuum, 500 steps a part, each going on from the one before. Own CPU
is that of this process, all threads, without its children; what bash adds to mdrun is
told apart. The goal: at most 20 ms of own CPU.
"""

from __future__ import annotations

import asyncio
import resource
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from common import is_quick, private_folder, report

from asyncmd_jupyter.examples import alanine_dipeptide_gromacs
from asyncmd_jupyter.gromacs import MDP, GmxEngine
from asyncmd_jupyter.jobs.manager import JobManager

STEPS = 500
GOAL = 0.02
MDRUN = f"gmx mdrun -s loop.tpr -deffnm loop -cpo loop.cpt -noappend -nt 1 -nsteps {STEPS}"


@dataclass(frozen=True)
class Spent:
    """Seconds a run, on average."""

    own: float
    children: float
    wall: float


def cpu(who: int) -> float:
    """CPU seconds."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


async def spent(runs: Callable[[int], Awaitable[None]], n_runs: int) -> Spent:
    """Measure some runs."""
    begin = (cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN), time.monotonic())
    await runs(n_runs)
    end = (cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN), time.monotonic())
    return Spent(*((late - early) / n_runs for early, late in zip(begin, end, strict=True)))


def make_engine(folder: Path) -> GmxEngine:
    """The engine of a user, on one thread."""
    files = alanine_dipeptide_gromacs(folder)
    return GmxEngine(MDP(files.mdp), files.gro, files.top, mdrun_extra_args="-nt 1")


async def through_engine(engine: GmxEngine, n_runs: int) -> None:
    """Some more parts."""
    for _ in range(n_runs):
        await engine.run_steps(STEPS, steps_per_part=True)


async def through_shell(folder: Path, n_runs: int) -> None:
    """The same by hand."""
    loop = f"{MDRUN}; for i in $(seq 2 {n_runs}); do {MDRUN} -cpi loop.cpt; done"
    options = {"cwd": folder, "check": True, "capture_output": True}
    await asyncio.to_thread(subprocess.run, ["bash", "-c", loop], **options)


async def measure(folder: Path, n_runs: int) -> None:
    """Print the line."""
    engine = make_engine(folder)
    await engine.prepare(None, folder, "part")
    shutil.copy(folder / "part.tpr", folder / "loop.tpr")
    await through_engine(engine, 2)  # imports, the store
    ours = await spent(lambda n: through_engine(engine, n), n_runs)
    bare = await spent(lambda n: through_shell(folder, n), n_runs)
    report(
        "local_run_overhead",
        runs=n_runs,
        steps=STEPS,
        own_cpu_seconds=ours.own,
        goal_cpu_seconds=GOAL,
        within_goal=ours.own <= GOAL,
        cpu_seconds_of_bare_loop=bare.children,
        own_cpu_ratio_to_bare_loop=ours.own / bare.children,
        extra_cpu_seconds_of_children=ours.children - bare.children,
        wall_seconds=ours.wall,
        wall_ratio_to_bare_loop=ours.wall / bare.wall,
    )


async def main(quick: bool) -> None:
    """Measure a chain of runs."""
    with private_folder() as folder:
        await measure(folder, 3 if quick else 40)
        await JobManager.current().shutdown()


if __name__ == "__main__":
    asyncio.run(main(is_quick(__doc__)))
