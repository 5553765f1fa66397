"""How long Tab takes in ``%asyncmd`` lines, with many runs, jobs and names known.

Beside it: what IPython itself takes to complete the name of a variable in the same notebook.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

from common import is_quick, private_folder, report
from IPython.core.completer import CompletionContext, provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState
from asyncmd_jupyter.jupyter.completion import complete_asyncmd
from asyncmd_jupyter.sampling.runs import Runs
from asyncmd_jupyter.testing import ToyEngine

RUNS, JOBS = 1_000, 10_000
LINES = (
    "%asyncmd prop",
    "%asyncmd propagate en",
    "%asyncmd propagate engine --launcher slurm --sbatch part",
    "%asyncmd propagate engine --until con",
    "%asyncmd show run",
    "%asyncmd cancel j",
    "%%asyncmd propagate engine --campaign scan\n--name a --until con",
)


def fill(n_runs: int, n_jobs: int) -> None:
    """Make runs and jobs known that nobody computes."""
    runs: Any = Runs.current()
    for number in range(n_runs):
        spec = SimpleNamespace(campaign=f"campaign{number % 20}")
        runs.add(SimpleNamespace(id=f"run{number}", spec=spec, done=True))
    record = JobRecord("", "name", "local", Command(("true",), Path("/")), Path("/"))
    book = JobManager.current()._book
    for number in range(n_jobs):
        book._keep(replace(record, id=f"j{number:07d}", state=JobState.PENDING))


def milliseconds(call: Callable[[], object], repeats: int) -> list[float]:
    """Wall time of calls, after a first one."""
    call()
    spent = []
    for _ in range(repeats):
        begin = time.perf_counter()
        call()
        spent.append((time.perf_counter() - begin) * 1e3)
    return spent


def context(text: str) -> CompletionContext:
    """A cursor at the end of a cell."""
    rows = text.split("\n")
    return CompletionContext(
        token=rows[-1].split(" ")[-1],
        full_text=text,
        cursor_position=len(rows[-1]),
        cursor_line=len(rows) - 1,
        limit=None,
    )


def main() -> None:
    """Measure each line."""
    repeats = 3 if is_quick(__doc__) else 30
    with private_folder():
        shell = InteractiveShell.instance()
        shell.history_manager.enabled = False
        shell.run_line_magic("load_ext", "asyncmd_jupyter")
        conditions = {f"condition{number}": lambda trajectory: trajectory for number in range(500)}
        shell.push({"engine": ToyEngine(), **conditions})
        fill(RUNS, JOBS)
        shell.Completer.use_jedi = False
        with provisionalcompleter():
            own = milliseconds(lambda: list(shell.Completer.completions("condit", 6)), repeats)
        for line in LINES:
            spent = milliseconds(lambda line=line: complete_asyncmd(context(line)), repeats)
            report(
                "completion",
                line=line,
                milliseconds=median(spent),
                worst_milliseconds=max(spent),
                milliseconds_of_ipython_for_a_name=median(own),
                goal_milliseconds=20,
            )


if __name__ == "__main__":
    main()
