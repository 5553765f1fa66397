"""What it costs to submit many short jobs and to wait for all of them.

Singly: without arrays, beside `xargs -P8 sbatch` and a loop that waits for the ends. Batched:
jobs that are alike and arrive together, beside one plain job array and that loop. Both submit
the same scripts as we do, which leave their exit codes in files, because all nodes are this
machine here; what a script that only says `true` takes is told, too, and submitit where it is
installed. Goals: 1.1 and 1.2 times the wall time.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from common import is_quick, report
from slurm_common import bash, change_slurm, loopback_cluster, manager

from asyncmd_jupyter.jobs.model import Command, JobRecord
from asyncmd_jupyter.jobs.script import render_script

Way = Callable[[Path, str, int], Awaitable[float]]

GOALS = {"singly": 1.1, "batched": 1.2}
UNTIL_EMPTY = 'while [ -n "$(squeue --noheader --format=%i | head -1)" ]; do sleep 0.2; done'
SINGLY = "ls -d {scripts} | xargs -P8 -n1 sbatch --parsable --output=/dev/null; "
BATCHED = "sbatch --parsable --output=/dev/null --array=0-{last} {script}; "
SUBMITIT = """
import sys, submitit, time
executor = submitit.SlurmExecutor(folder="submitit", python={python!r})
executor.update_parameters(time=5, **{{"array_parallelism": {n}}})
if {batched}:
    jobs = executor.map_array(abs, range({n}))
else:
    jobs = [executor.submit(abs, number) for number in range({n})]
while not all(job.done() for job in jobs): time.sleep(0.2)
"""


async def ours(folder: Path, kind: str, n_jobs: int) -> float:
    """Submit and await."""
    change_slurm(job_arrays=kind == "batched")
    command = Command(("true",), folder)
    begin = time.monotonic()
    jobs = await asyncio.gather(
        *(manager().submit(command, name="true", launcher="slurm") for _ in range(n_jobs))
    )
    records = await asyncio.gather(*(job.wait() for job in jobs))
    took = time.monotonic() - begin
    if {record.exit_code for record in records} != {0}:
        raise RuntimeError("Some jobs failed.")
    await asyncio.to_thread(bash, UNTIL_EMPTY, folder)
    return took


def write_scripts(folder: Path, n_jobs: int) -> None:
    """The scripts that the launcher would run, and one that does nothing."""
    folder.mkdir()
    for name in ("same", "bare"):
        for number in range(n_jobs):
            own = folder / name / str(number)
            own.mkdir(parents=True)
            job = JobRecord(str(number), "true", "slurm", Command(("true",), own), own)
            text = render_script(job) if name == "same" else "#!/bin/bash\ntrue\n"
            job.script.write_text(text)
        task = f"#!/bin/bash\nexec bash {folder}/{name}/$SLURM_ARRAY_TASK_ID/script.sh\n"
        (folder / f"{name}.sh").write_text(task)


def by_hand(name: str) -> Way:
    """Submit scripts by plain commands."""

    async def plain(folder: Path, kind: str, n_jobs: int) -> float:
        here = folder / secrets.token_hex(4)
        await asyncio.to_thread(write_scripts, here, n_jobs)
        line = SINGLY.format(scripts=f"{here}/{name}/*/script.sh")
        if kind == "batched":
            line = BATCHED.format(last=n_jobs - 1, script=here / f"{name}.sh")
        begin = time.monotonic()
        await asyncio.to_thread(bash, line + UNTIL_EMPTY, folder)
        return time.monotonic() - begin

    return plain


async def submitit(folder: Path, kind: str, n_jobs: int) -> float:
    """Do the same with submitit: a Python function for each job, so there is more to do."""
    script = SUBMITIT.format(n=n_jobs, batched=kind == "batched", python=submitit_python())
    argv = [submitit_python(), "-c", script]
    begin = time.monotonic()
    await asyncio.to_thread(subprocess.run, argv, cwd=folder, check=True, capture_output=True)
    took = time.monotonic() - begin
    await asyncio.to_thread(bash, UNTIL_EMPTY, folder)
    return took


def submitit_python() -> str:
    """The interpreter that has submitit; `SUBMITIT_PYTHON` names another than this one."""
    chosen = os.environ.get("SUBMITIT_PYTHON", "")
    return chosen or (sys.executable if importlib.util.find_spec("submitit") else "")


async def measure(folder: Path, kind: str, n_jobs: int, n_rounds: int) -> None:
    """Print the line of one kind; the best of some rounds, taken in turn."""
    ways = {"ours": ours, "plain": by_hand("same"), "bare": by_hand("bare")}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(n_rounds):
        for name, way in ways.items():
            times[name].append(await way(folder, kind, n_jobs))
    best = {name: min(found) for name, found in times.items()}
    has_submitit = bool(submitit_python())
    report(
        "slurm_submission",
        kind=kind,
        jobs=n_jobs,
        seconds=best["ours"],
        seconds_of_plain_commands=best["plain"],
        ratio=best["ours"] / best["plain"],
        goal_ratio=GOALS[kind],
        within_goal=best["ours"] <= GOALS[kind] * best["plain"],
        seconds_of_scripts_that_do_nothing=best["bare"],
        seconds_of_submitit=await submitit(folder, kind, n_jobs)
        if has_submitit
        else "submitit is not installed; SUBMITIT_PYTHON may name an interpreter that has it",
    )


async def main(quick: bool) -> None:
    """Measure both kinds."""
    with loopback_cluster() as folder:
        await ours(folder, "singly", 1)  # imports, the store
        for kind in GOALS:
            await measure(folder, kind, 8 if quick else 200, 1 if quick else 3)
        await manager().shutdown()


if __name__ == "__main__":
    asyncio.run(main(is_quick(__doc__)))
