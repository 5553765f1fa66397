"""What tests of the launcher on a real cluster have in common."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from job_helpers import program

from asyncmd_jupyter.jobs.model import Resources
from asyncmd_jupyter.settings import Settings, SlurmSettings

# As quick as a cluster on loopback allows.
QUICK = SlurmSettings(min_time_between_calls=0.2)


def quick_settings(state_dir) -> Settings:
    return Settings(state_dir, 4, 1, cancel_grace=timedelta(seconds=1), slurm=QUICK)


async def submit(manager, name, *args, cwd, **options):
    """Run one of job_programs with options of sbatch."""
    wanted = {key.replace("_", "-"): value for key, value in options.items()}
    return await manager.submit(
        program(name, *args, cwd=cwd),
        name=name,
        launcher="slurm",
        resources=Resources(options=wanted),
    )


async def until(condition):
    """Wait for a condition; the time limit of the test is the only one."""
    while not condition():
        await asyncio.sleep(0.005)


def queued(cluster):
    """Slurm's ids of all jobs that have not ended, with their states.

    While a job is COMPLETING nothing of it runs any more, perhaps of an earlier test.
    """
    over = ("COMPLETED", "COMPLETING", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED")
    return {job: state for job, state in cluster.control.squeue().items() if state not in over}


class LongestBlock:
    """The longest time for which the event loop could do nothing else, in seconds.

    Time in which other programs had all cores does not count.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    async def __aenter__(self):
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0.05)
        self.seconds = 0.0
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _watch(self):
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time() - _waited_for_a_core()
            await asyncio.sleep(0.001)
            self.seconds = max(self.seconds, loop.time() - _waited_for_a_core() - before - 0.001)


def _waited_for_a_core() -> float:
    """Seconds that this thread was ready to go on and had no core."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
