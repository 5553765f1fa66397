"""No job is left when the event loop ends that has submitted or cancelled it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from job_helpers import PACKAGE
from slurm.cluster.waiting import wait_until
from slurm.launcher.launching import queued

SCRIPT = Path(__file__).with_name("ending_loops.py")


@pytest.mark.parametrize("seconds", [0.05, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["cancelled", "interrupted"])
async def test_no_job_is_left(cluster, tmp_path, kind, seconds):
    before = set(cluster.control.squeue())
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, SCRIPT, kind, "60", str(seconds)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    await asyncio.to_thread(wait_until, lambda: queued(cluster) == {}, "no job is left")
    states = {state for job, state in cluster.control.squeue().items() if job not in before}
    assert states <= {"CANCELLED", "COMPLETING"}
