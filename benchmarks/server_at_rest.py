"""What our extension adds to a Jupyter server at rest with 1,000 jobs in the store.

Two servers run side by side, one without the extension. Printed is what ours has more, in
memory of its own and in processor time, while nobody listens and while one page does; a tenth
of the jobs goes on. The goals: less than 15 MB and less than 1 % of a core.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from common import is_quick, private_folder, report

TESTS = Path(__file__).parents[1] / "tests"
sys.path += [str(TESTS / "server")]

from server_client import PREFIX, Server, running_server  # noqa: E402

from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources  # noqa: E402
from asyncmd_jupyter.jobs.process import Owner  # noqa: E402
from asyncmd_jupyter.jobs.store import JobStore  # noqa: E402

N_JOBS, N_UNFINISHED, N_WALKERS = 1000, 100, 10
SETTLING_SECONDS = 5.0  # a server that answers has not started everything yet
AS_BY_DEFAULT = "--AsyncMDServer.ended_days=7"
MB = 1e6


def fill(server: Server) -> None:
    """Jobs as a campaign leaves them; this process is the kernel of those that go on."""
    store, work = JobStore(server.state), server.root / "campaign"
    for number in range(N_JOBS):
        store.save(job(number, work))
        if number % N_WALKERS == 0:
            write_run(work / f"run{number // N_WALKERS}", goes_on=number < N_UNFINISHED)
    store.close()


def write_run(folder: Path, *, goes_on: bool) -> None:
    """The record of a run as its kernel writes it."""
    folder.mkdir(parents=True)
    state = "running" if goes_on else "reached"
    walker = {"state": state, "reached": [] if goes_on else ["alphaR"], "n_frames": 1234}
    values = {
        **{"version": 1, "name": folder.name, "campaign": "scan", "engine": "OpenMM"},
        **{"launcher": "local", "conditions": ["alphaR", "C7eq"], "state": state},
        **{"owner": str(Owner.this()), "notebook": "", "walkers": [walker] * N_WALKERS},
        **dict.fromkeys(("created", "updated"), datetime.now(UTC).isoformat()),
    }
    (folder / f"{folder.name}.run.json").write_text(json.dumps(values))


def job(number: int, work: Path) -> JobRecord:
    """One job of a run of ten walkers."""
    name = f"run{number // N_WALKERS}"
    begin = datetime.now(UTC) - timedelta(hours=20, seconds=number)
    record = JobRecord(
        id=f"{number:08d}",
        name=f"{name}_{number % N_WALKERS}",
        launcher="local",
        command=Command(
            (sys.executable, "-P", "-m", "asyncmd_jupyter.engines.openmm.worker", "spec.json"),
            work / name,
            {"OMP_NUM_THREADS": "1"},
        ),
        folder=work / name / ".asyncmd_jobs" / f"{name}.{number:08d}",
        resources=Resources(time_limit=timedelta(hours=24), options={}),
        native_id=f"{os.getpid()}:1",
        nodes=(socket.gethostname(),),
        owner=str(Owner.this()),
        submitted=begin,
        started=begin,
        state=JobState.RUNNING,
        tags={
            "run": name,
            "walker": str(number % N_WALKERS),
            "engine": "OpenMMEngine",
            "part": "3",
        },
    )
    if number < N_UNFINISHED:
        return record
    return replace(record, state=JobState.DONE, exit_code=0, ended=datetime.now(UTC))


@contextmanager
def one_page(server: Server) -> Iterator[None]:
    """A page that listens, and has read the first snapshot."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"GET {server.base_url}{PREFIX}/api/events HTTP/1.0\r\nHost: 127.0.0.1\r\n"
            f"Authorization: token {server.token}\r\n\r\n".encode()
        )
        received = b""
        while received.count(b"\n\n") < 1:
            received += connection.recv(2**20)
        if received.count(b'"id"') < N_JOBS:
            raise RuntimeError(received[:1000].decode())
        yield


def cpu_seconds(server: Server) -> float:
    """Of the server and of the commands that it has run."""
    times = psutil.Process(server.pid).cpu_times()
    return float(sum(times[:4]))


def own_mb(server: Server) -> float:
    """Memory that no other process shares."""
    return float(psutil.Process(server.pid).memory_full_info().uss / MB)


def measure(plain: Server, ours: Server, seconds: float) -> dict[str, float]:
    """What ours needs more than the plain one in the same seconds."""
    before = cpu_seconds(ours), cpu_seconds(plain)
    began = time.monotonic()
    time.sleep(seconds)
    wall = time.monotonic() - began
    used = cpu_seconds(ours) - before[0], cpu_seconds(plain) - before[1]
    return {
        "more_mb": own_mb(ours) - own_mb(plain),
        "more_cpu_percent": 100 * (used[0] - used[1]) / wall,
        "plain_mb": own_mb(plain),
        "plain_cpu_percent": 100 * used[1] / wall,
    }


def main() -> None:
    """Measure both."""
    seconds = 4.0 if is_quick(__doc__) else 60.0
    with private_folder() as folder:
        for name in ("plain", "ours"):
            (folder / name).mkdir()
        with (
            running_server(folder / "plain", AS_BY_DEFAULT, is_ours=False) as plain,
            running_server(folder / "ours", AS_BY_DEFAULT) as ours,
        ):
            fill(ours)
            time.sleep(SETTLING_SECONDS)
            goals = {"goal_mb": 15.0, "goal_cpu_percent": 1.0}
            nobody = measure(plain, ours, seconds)
            report("server_at_rest", listeners=0, jobs=N_JOBS, **nobody, **goals)
            with one_page(ours):
                found = measure(plain, ours, seconds)
            report("server_at_rest", listeners=1, jobs=N_JOBS, **found, **goals)
            found = measure(plain, ours, seconds)
            report("server_at_rest", listeners="gone", jobs=N_JOBS, **found, **goals)


if __name__ == "__main__":
    main()
