"""What a kernel costs at rest while 2,000 of its jobs wait in Slurm's queue.

Memory over the level after the imports, CPU of this process with and without that of the Slurm
commands it runs, and their number. Goals: 60 MB, 1 % of a core, 12 calls a minute.
"""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path

import psutil
from common import is_quick, report
from slurm_common import HELD, bash, change_slurm, loopback_cluster, manager

from asyncmd_jupyter.jobs.model import Command

GOAL_MB, GOAL_SHARE, GOAL_CALLS = 60, 0.01, 12
SETTLING_SECONDS = 60.0


def memory() -> float:
    """Resident memory in MB."""
    return psutil.Process().memory_info().rss / 1e6


def cpu(who: int) -> float:
    """CPU seconds."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def counting_squeue(folder: Path) -> Path:
    """A squeue that leaves a line for each call."""
    script = folder / "squeue"
    script.write_text(f'#!/bin/sh\necho >>{folder}/calls\nexec squeue "$@"\n')
    script.chmod(0o700)
    (folder / "calls").touch()
    return script


async def measure(folder: Path, n_jobs: int, n_seconds: float, settling: float) -> None:
    """Print the line."""
    manager()
    bare = memory()
    change_slurm(squeue_executable=str(counting_squeue(folder)))
    command = Command(("true",), folder)
    jobs = []
    for first in range(0, n_jobs, 250):
        chunk = range(first, min(n_jobs, first + 250))
        jobs += await asyncio.gather(
            *(
                manager().submit(command, name=f"j{n}", launcher="slurm", resources=HELD)
                for n in chunk
            )
        )
    await asyncio.sleep(settling)
    n_before = len((folder / "calls").read_text())
    begin = (cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN), time.monotonic())
    await asyncio.sleep(n_seconds)
    end = (cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN), time.monotonic())
    own, children, wall = (late - early for early, late in zip(begin, end, strict=True))
    calls = (len((folder / "calls").read_text()) - n_before) / wall * 60
    extra = memory() - bare
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 - bare
    report(
        "slurm_waiting",
        jobs=len(jobs),
        extra_mb=extra,
        peak_extra_mb=peak,
        goal_mb=GOAL_MB,
        cpu_share=own / wall,
        cpu_share_with_commands=(own + children) / wall,
        goal_share=GOAL_SHARE,
        calls_per_minute=calls,
        goal_calls_per_minute=GOAL_CALLS,
        within_goals=peak <= GOAL_MB and own / wall <= GOAL_SHARE and calls <= GOAL_CALLS,
    )
    await manager().cancel([job.record for job in jobs])
    await asyncio.gather(*(job.wait() for job in jobs))
    await asyncio.to_thread(bash, "scancel --user=$(id -u)", folder)


async def main(quick: bool) -> None:
    """Measure once."""
    with loopback_cluster() as folder:
        if quick:
            await measure(folder, 50, 5, 1)
        else:
            await measure(folder, 2000, 120, SETTLING_SECONDS)
        await manager().shutdown()


if __name__ == "__main__":
    asyncio.run(main(is_quick(__doc__)))
