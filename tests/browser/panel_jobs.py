"""Jobs and runs for the side panel, as kernels that are gone have left them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncmd_jupyter.files.writing import write_bytes
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources


def ended_job(number: int, n_jobs: int, folder: Path) -> JobRecord:
    """One of many parts of a run that is called as its folder; one in ten has failed."""
    run = folder.name
    moment = datetime.now(UTC) - timedelta(minutes=n_jobs - number)
    is_bad = number % 10 == 3
    return JobRecord(
        id=f"j{number:05}",
        name=f"{run}.part{number:05}",
        launcher="local",
        command=Command(("true",), folder),
        folder=folder.parent / "none" / str(number),
        resources=Resources(cores=1 + number % 4),
        state=JobState.FAILED if is_bad else JobState.DONE,
        exit_code=int(is_bad),
        reason="Particles left the box." if is_bad else "",
        submitted=moment,
        started=moment,
        ended=moment + timedelta(seconds=number % 500),
        tags={"run": run, "walker": "0", "part": str(number)},
    )


def record_run(folder: Path, number: int, state: str) -> None:
    """As the kernel of a run writes it."""
    name = f"run{number:02}"
    values = {
        **{"name": name, "campaign": "", "state": state, "engine": "OpenMM", "launcher": "local"},
        **{"conditions": ["far"], "walkers": [], "owner": "", "notebook": ""},
        **{each: datetime.now(UTC).isoformat() for each in ("created", "updated")},
    }
    (folder / name).mkdir(exist_ok=True)
    write_bytes(folder / name / f"{name}.run.json", json.dumps(values).encode())
