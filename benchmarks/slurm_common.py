"""What the benchmarks on Slurm share: a throw-away cluster, and a job manager with quick looks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from common import private_folder

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command, Resources

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from slurm.cluster import Cluster

HELD = Resources(options={"hold": ""})
ONE_CORE = Resources()


@contextmanager
def loopback_cluster(cpus: int = 16) -> Iterator[Path]:
    """A real Slurm for the block; the folder is for the files of jobs."""
    with private_folder() as folder, Cluster.up(accounting=False, cpus=cpus) as cluster:
        os.environ.update(cluster.environment)
        yield folder


def change_slurm(**changes: object) -> None:
    """Other settings from now on."""
    runtime = runtimes.current()
    runtime.change_settings(slurm=replace(runtime.settings.slurm, **changes))


def bash(script: str, cwd: Path) -> str:
    """Run what a user would type."""
    argv = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout


def shell(script: str, cwd: Path) -> Command:
    """A command that is a line of bash."""
    return Command(("bash", "-c", script), cwd)


def manager() -> JobManager:
    """The job manager of this process."""
    return JobManager.current()
