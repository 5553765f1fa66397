"""What the README shows of Slurm does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_readme import check, scripts, with_engine


@pytest.mark.gromacs
def test_the_script_runs_in_slurm(cluster, tmp_path: Path):
    script, gromacs, slurm = scripts()
    here = re.sub(r"sbatch_options={.*}", 'sbatch_options={"time": "00:10:00"}', slurm)
    assert here != slurm, "the loopback cluster has no GPU"
    imports = gromacs.partition("\nengine = ")[0]
    before = set(cluster.control.squeue())
    check(with_engine(script, f"{imports}\n{here}"), tmp_path)
    assert set(cluster.control.squeue()) - before
