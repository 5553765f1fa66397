"""What is asked of a controller that does not answer."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from asyncmd_jupyter.errors import SlurmError
from asyncmd_jupyter.jobs.model import Command, JobRecord
from asyncmd_jupyter.jobs.slurm.cluster import SlurmCluster
from asyncmd_jupyter.settings import SlurmSettings


@pytest.mark.parametrize("verb", ["signal", "hold", "release"])
async def test_it_is_told_and_not_taken_for_done(tmp_path: Path, verb: str):
    squeue = tmp_path / "squeue"
    squeue.write_text("#!/bin/bash\necho 'slurm_load_jobs error: no controller' >&2; exit 1\n")
    squeue.chmod(0o755)
    cluster = SlurmCluster(lambda: SlurmSettings(squeue_executable=str(squeue)))
    job = JobRecord("a", "n", "slurm", Command(("true",), tmp_path), tmp_path, native_id="7")
    arguments = (signal.SIGUSR2,) if verb == "signal" else ()
    with pytest.raises(SlurmError, match=f"can't {verb} jobs: it does not answer"):
        await getattr(cluster, verb)([job], *arguments)
