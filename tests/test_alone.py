"""Tests reach no Slurm but their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from alone import environment_alone

_OTHERS = '#!/bin/sh\necho "1|RUNNING|0|0|n1|None|asyncmd:foreign|"\n'


@pytest.fixture
def commands_of_others(tmp_path: Path) -> Path:
    """Slurm's commands of another cluster, which need no variables to find it."""
    folder = tmp_path / "others"
    folder.mkdir()
    for name in ("sbatch", "squeue", "sacct"):
        (folder / name).write_text(_OTHERS)
        (folder / name).chmod(0o700)
    return folder


def new(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("has_daemons", [True, False])
def test_commands_on_the_path_are_not_reached(tmp_path, commands_of_others, has_daemons):
    path = f"{commands_of_others}:/usr/bin:/bin"
    sbin = new(tmp_path / "sbin")
    if has_daemons:
        daemon = sbin / "slurmctld"
        client = new(tmp_path / "bin") / "squeue"
        for program in (daemon, client):
            program.write_text('#!/bin/sh\nhead -n 1 "$SLURM_CONF"\n')
            program.chmod(0o700)
    env = environment_alone({"PATH": path}, new(tmp_path / "alone"), daemons=str(sbin))
    done = subprocess.run(["squeue"], env=env, capture_output=True, text=True, check=False)
    assert "foreign" not in done.stdout
    assert ("have a cluster of their own" in done.stdout) == has_daemons


def test_variables_of_a_job_or_a_person(tmp_path):
    foreign = {
        *("SLURM_CONF", "SLURM_JOB_ID", "SLURMD_NODENAME", "SBATCH_EXPORT", "SQUEUE_FORMAT"),
        *("SRUN_CPUS_PER_TASK", "SACCT_FORMAT", "SINFO_SORT", "SCANCEL_CTLD"),
    }
    inherited = dict.fromkeys(foreign, "theirs") | {"HOME": "/home/me", "SLURMY": "mine"}
    env = environment_alone(inherited, tmp_path)
    assert env["SLURM_CONF"] == str(tmp_path / "slurm.conf")
    assert env.keys() - {"PATH", "SLURM_CONF"} == {"HOME", "SLURMY"}


def test_this_session_is_alone():
    names = {name for name in os.environ if name.startswith(("SLURM_", "SBATCH_", "SQUEUE_"))}
    assert names == {"SLURM_CONF"}
    if shutil.which("squeue"):
        done = subprocess.run(["squeue"], capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert done.stdout == ""
