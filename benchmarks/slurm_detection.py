"""How long it takes from the real end of a job in Slurm until whoever awaits it goes on.

The command writes the time as the last thing it does; one job at a time, then 20 that run at
once and end one after the other. Beside it, in the same run: a loop that asks squeue. The goal:
a median of at most 0.2 s.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

from common import is_quick, report
from slurm_common import bash, loopback_cluster, manager, shell

from asyncmd_jupyter.jobs.job import Job

GOAL = 0.2
UNTIL_GATE = "until [ -e {gate} ]; do sleep 0.01; done; date +%s.%N >{end}"


async def started(folder: Path, name: str) -> Job:
    """A job that runs until a file is there."""
    command = shell(UNTIL_GATE.format(gate=f"{name}.gate", end=f"{name}.end"), folder)
    job = await manager().submit(command, name=name, launcher="slurm")
    while not (job.record.folder / "started.0").exists():
        await asyncio.sleep(0.01)
    return job


async def delay(folder: Path, job: Job) -> float:
    """Seconds from the end to the awakening."""
    await job.wait()
    return time.time() - float((folder / f"{job.record.name}.end").read_text())


async def measure(folder: Path, label: str, n_jobs: int) -> list[float]:
    """The delays of jobs that end one after the other."""
    jobs = await asyncio.gather(*(started(folder, f"{label}_{n}") for n in range(n_jobs)))
    awaiting = [asyncio.create_task(delay(folder, job)) for job in jobs]
    for job in jobs:
        await asyncio.sleep(0.37)
        (folder / f"{job.record.name}.gate").touch()
    return list(await asyncio.gather(*awaiting))


def by_squeue(folder: Path) -> float:
    """The same by hand: ask twice a second until the job has gone."""
    work = UNTIL_GATE.format(gate="hand.gate", end="hand.end")
    bash(
        f"job=$(sbatch --parsable --output=/dev/null --wrap='{work}'); touch hand.gate;"
        ' while [ -n "$(squeue --noheader --jobs=$job)" ]; do sleep 0.5; done',
        folder,
    )
    took = time.time() - float((folder / "hand.end").read_text())
    for name in ("hand.gate", "hand.end"):
        (folder / name).unlink()
    return took


async def main(quick: bool) -> None:
    """Print one line for one job at a time and one for 20."""
    with loopback_cluster() as folder:
        hand = [await asyncio.to_thread(by_squeue, folder) for _ in range(1 if quick else 8)]
        alone = []
        for number in range(2 if quick else 15):
            alone += await measure(folder, f"alone{number}", 1)
        together = await measure(folder, "together", 3 if quick else 20)
        for jobs, delays in ((1, alone), (len(together), together)):
            median = statistics.median(delays)
            report(
                "slurm_detection",
                jobs=jobs,
                median_seconds=median,
                most_seconds=max(delays),
                goal_seconds=GOAL,
                within_goal=median <= GOAL,
                median_seconds_of_squeue_loop=statistics.median(hand),
            )
        await manager().shutdown()


if __name__ == "__main__":
    asyncio.run(main(is_quick(__doc__)))
