"""What the side panel does with jobs in a real queue."""

import pytest
from campaign_panel import CampaignPanel
from server import lab_server
from slurm.cluster.fixtures import cluster, running_cluster  # noqa: F401

pytestmark = pytest.mark.slurm

OURS = """
import sys
from pathlib import Path
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command

talk = "import time; print('hello', flush=True); time.sleep(600)"
job = await JobManager.current().submit(
    Command((sys.executable, "-c", talk), Path.cwd()),
    name="ours", launcher="slurm", tags={"run": "slow"})
"""


@pytest.fixture(scope="module")
def server(running_cluster, tmp_path_factory):  # noqa: F811
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in running_cluster.environment.items():
            patch.setenv(variable, value)
        with lab_server(tmp_path_factory.mktemp("lab")) as running:
            yield running


def confirmed(panel, key):
    """Press a key, and agree in the dialog."""
    panel.press(key)
    panel.dialog.wait_for()
    panel.press("Tab", "Enter")
    panel.dialog.wait_for(state="detached")


def test_jobs_are_held_released_put_back_and_cancelled(lab, cluster):  # noqa: F811
    panel = CampaignPanel(lab)
    control = cluster.control
    runs = control.submit("sleep 600", "--job-name=runs", "--requeue")
    array = control.submit("sleep 600", "--job-name=waits", "--array=3-4", "--begin=now+1hour")
    panel.open()
    panel.area.get_by_text("No runs yet").wait_for()
    lab.open_cells("ours.ipynb", OURS)
    lab.run_cell(0)
    lab.wait_until(lambda: panel.row("slow").count() == 1 and panel.state("slow") == "running")
    assert panel.names() == ["No campaign", "slow"]

    others = panel.area.get_by_role("button", name="Other jobs")
    others.click()
    assert others.get_attribute("aria-pressed") == "true"
    panel.row(f"{runs} runs").wait_for()
    lab.wait_until(lambda: panel.state(f"{runs} runs") == "running")
    waits = panel.row(f"{array}_3 waits")
    waits.click()
    assert panel.fact("Id") == f"{array}_3"
    confirmed(panel, "h")
    lab.wait_until(lambda: waits.get_attribute("data-state") == "held")
    assert panel.violations() == []
    panel.picture("slurm")
    panel.press("Shift+h")
    lab.wait_until(lambda: waits.get_attribute("data-state") == "pending")

    panel.row(f"{runs} runs").click()
    confirmed(panel, "r")
    lab.wait_until(lambda: "Restarts=1 " in control.run("scontrol", "show", "job", runs))

    panel.press("Control+a")
    confirmed(panel, "Delete")
    lab.wait_until(lambda: set(control.squeue().values()) == {"CANCELLED"})
    lab.wait_until(lambda: panel.state("slow") == "cancelled")
    lab.execute("asyncmd:toggle-other-jobs")
    lab.wait_until(lambda: panel.row(f"{runs} runs").count() == 0)

    panel.row("slow").click()
    panel.press("ArrowRight", "ArrowDown", "Enter", "l")
    panel.details.get_by_role("tabpanel").get_by_text("hello").wait_for()
    assert lab.errors == []
