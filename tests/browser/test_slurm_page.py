"""A campaign in Slurm as a page shows it, whose kernel restarts in the middle."""

import re

import pytest
from server import lab_server
from slurm.cluster.fixtures import cluster, running_cluster  # noqa: F401
from slurm.launcher.launching import queued

SETUP = """
%load_ext asyncmd_jupyter
import numpy as np
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.openmm import SlurmOpenMMEngine

engine = SlurmOpenMMEngine.from_pdb(
    alanine_dipeptide(), "amber99sbildn.xml", "amber99_obc.xml",
    temperature=300, friction=1, nstout=20, seed=4, sbatch_options={"exclusive": ""},
)

def late(traj):
    return traj.frame_table().steps >= 20_000
"""
CAMPAIGN = "%asyncmd propagate engine --until late --name crossing --n 6 --campaign first -o run"
TABLE = "%asyncmd runs"
ATTACH = "%asyncmd attach"


@pytest.fixture
def server(cluster, tmp_path):  # noqa: F811
    """A server of this test's own, whose kernels talk to the cluster."""
    base = tmp_path / "lab"
    base.mkdir()
    with lab_server(base) as running:
        yield running


def states(table):
    return table.locator("[data-sim]").evaluate_all("rows => rows.map(r => r.dataset.state)")


def test_a_campaign_in_slurm_goes_on_through_a_restart(lab, cluster):  # noqa: F811
    earlier = set(cluster.control.squeue())
    lab.open_cells("slurm.ipynb", SETUP, CAMPAIGN, TABLE)
    for index in range(3):
        lab.run_cell(index)
    table = lab.cell(2).locator(".asyncmd-sims")
    lab.wait_until(lambda: states(table).count("running") == 4)
    lab.wait_until(lambda: states(table).count("waiting") == 2)
    table.get_by_text(re.compile("[Ww]aits? for")).first.wait_for()
    lab.screenshot("slurm-table-light")

    lab.restart_kernel()
    lab.page.get_by_text("has lost its kernel").first.wait_for()
    lab.go_dark()
    lab.screenshot("slurm-table-dead-dark")
    lab.go_light()
    lab.run_cell(0)
    lab.run_cell(lab.add_cell(ATTACH))
    table.locator("[data-sim]").first.wait_for()

    # No cell awaits the run: ipykernel 7.4 tells a cell's end in the name of the cell before if a
    # message of the page to the main shell was under way between the two, and the page waits on.
    lab.wait_until(lambda: states(table) == ["reached"] * 6)
    lab.cell(2)
    lab.screenshot("slurm-table-ended")
    lab.wait_until(lambda: queued(cluster) == {})
    assert len(set(cluster.control.squeue()) - earlier) == 6, "none was submitted twice"
    assert lab.errors_about("asyncmd") == []
