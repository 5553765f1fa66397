"""``python -m tests.slurm`` as a developer or teacher uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from slurm.cluster import wait_until

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slurm


def bash(script, **env):
    """Run a script as a user types it: ``slurm`` is the command."""
    return subprocess.run(
        ["bash", "-euc", f'slurm() {{ "{sys.executable}" -m tests.slurm "$@"; }}\n{script}'],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **env},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_up_and_down(tmp_path_factory):
    folder = Path(f"/tmp/{tmp_path_factory.getbasetemp().name} up")
    out = bash(
        """
        eval "$(slurm up --no-accounting --nodes 2 "$FOLDER")"
        sinfo --noheader --Node --partition=main --format=%N
        slurm down
        """,
        FOLDER=str(folder),
    )
    assert out == f"n1\nn2\nThe cluster in {folder} is down.\n"
    assert not folder.exists()


def test_an_end_by_itself(tmp_path):
    out = bash("slurm up --no-accounting --nodes 1 --hours 0")
    folder = Path(out.partition("export SLURM_CONF=")[2].split()[0]).parent
    assert folder.name.startswith("asyncmd-slurm-")
    wait_until(lambda: not folder.exists(), "the cluster ends")


def test_nothing_to_end(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as failed:
        bash("slurm down", TMPDIR=str(tmp_path))
    assert failed.value.stderr.startswith("python -m tests.slurm: Say which cluster.")
