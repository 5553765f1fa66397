"""What it costs to find one job among 30,000 that have ended, as ``asyncmd why ID`` does.

Beside it, in the same process: the same in a store with 300 jobs, and reading the whole store.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from common import is_quick, private_folder, report

from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources
from asyncmd_jupyter.jobs.office import Office
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.settings import Settings

N_FEW, N_MANY, N_QUICK = 300, 30_000, 3_000


def fill(folder: Path, number: int) -> Office:
    """A store of jobs as campaigns leave them."""
    store = JobStore(folder)
    for each in range(number):
        store.save(job(each, folder))
    store.flush()
    return Office(Settings(folder, 1, 1), store)


def job(number: int, folder: Path) -> JobRecord:
    """One part of a simulation that has ended."""
    ended = datetime.now(UTC) - timedelta(minutes=number)
    return JobRecord(
        id=f"{number:08d}",
        name=f"run{number // 10}_{number % 10}",
        launcher="slurm",
        command=Command(("gmx", "mdrun", "-deffnm", "x"), folder, {"OMP_NUM_THREADS": "1"}),
        folder=folder / f"{number:08d}",
        resources=Resources(options={"partition": "main"}),
        state=JobState.DONE,
        native_id=f"{number // 10}_{number % 10}",
        exit_code=0,
        owner="host:1:2",
        submitted=ended - timedelta(hours=1),
        started=ended - timedelta(hours=1),
        ended=ended,
        tags={"run": f"run{number // 10}", "walker": str(number % 10)},
    )


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    """CPU of this process for one call, the median of all."""
    spent = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        spent.append((time.process_time() - begin) * 1e3)
    return statistics.median(spent)


def megabytes(call: Callable[[], object]) -> float:
    """Memory that a call takes at its peak."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main() -> None:
    quick = is_quick(__doc__)
    many, repeats = (N_QUICK, 3) if quick else (N_MANY, 25)
    with private_folder() as folder:
        few, office = fill(folder / "few", N_FEW), fill(folder / "many", many)
        with closing(sqlite3.connect(office.store.path)) as db:
            db.execute("PRAGMA optimize")
        by_id = milliseconds(lambda: office.pick(["00000123"]), repeats)
        report(
            "job_lookup",
            jobs=many,
            by_id_ms=by_id,
            by_number_in_slurm_ms=milliseconds(lambda: office.pick(["12_3"]), repeats),
            times_a_small_store=by_id / milliseconds(lambda: few.pick(["00000123"]), repeats),
            of_reading_all=by_id / milliseconds(office.store.find, min(3, repeats)),
            by_id_mb=megabytes(lambda: office.pick(["00000123"])),
        )
        for each in (few, office):
            each.store.close()


if __name__ == "__main__":
    main()
