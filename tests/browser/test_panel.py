"""The side panel with campaigns in JupyterLab, with real jobs of this machine."""

import re

import pytest
from campaign_panel import CampaignPanel
from server import lab_server
from toys import BROKEN, LEFT_AND_RIGHT, TOYS

CRASH = """
from pathlib import Path
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import Command

crash = await JobManager.current().submit(
    Command(("sh", "-c", "echo 'No space left on device' >&2; exit 3"), Path("broken").resolve()),
    name="crash", tags={"run": "broken"})
await crash.wait()
"""
KILL_KERNEL = """() => {
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    kernel.requestExecute({ code: 'import os; os.kill(os.getpid(), 9)' }).done.catch(() => {});
}"""
LOAD = "%load_ext asyncmd_jupyter"
CLIPBOARD = "() => navigator.clipboard.readText()"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One that knows no job yet."""
    with lab_server(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def panel(lab):
    return CampaignPanel(lab)


def test_says_what_to_do_where_there_is_nothing(panel):
    lab, page = panel.lab, panel.page
    panel.status.click()
    panel.area.get_by_text("No runs yet").wait_for()
    assert panel.status.get_attribute("title") == (
        "MD simulations: 0 running, 0 waiting, 0 failed in the last day"
    )
    assert panel.violations() == []
    panel.picture("empty")
    lab.execute("application:toggle-left-area")
    panel.area.wait_for(state="hidden")

    page.keyboard.press("Alt+Shift+M")
    panel.area.wait_for()
    lab.execute("application:toggle-left-area")
    page.locator(".jp-LauncherCard").filter(has_text="MD campaigns").click()
    panel.area.wait_for()
    lab.execute("application:toggle-left-area")
    lab.choose_in_palette("asyncmd: Show MD campaigns")
    panel.area.wait_for()
    assert lab.errors == []


def test_runs_with_and_without_their_kernel(panel):
    lab, page = panel.lab, panel.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.open_cells("toys.ipynb", TOYS + BROKEN + CRASH, LEFT_AND_RIGHT)
    panel.open()
    panel.set_width(300)
    notified(panel)
    lab.run_cell(1)
    lab.wait_until(lambda: panel.row("left").count() == 1 and panel.state("left") == "running")
    lab.wait_until(lambda: sorted(panel.names()[1:3]) == ["left", "right"])  # what runs, first
    assert panel.names()[0] == "toys"
    assert panel.names()[3:] == ["others", "broken"]
    lab.wait_until(lambda: re.match("[1-4] running", panel.chips()[0]) is not None)

    keys(panel)
    places(panel)
    cancelling(panel)
    reloading(panel)
    assert lab.errors_about("asyncmd") == []  # JupyterLab itself tells of the killed kernel


def notified(panel):
    panel.lab.run_cell(0)
    toast = panel.page.locator(".Toastify__toast").filter(has_text="Run “broken” has failed.")
    toast.get_by_role("button", name="Show").click()
    panel.lab.wait_until(
        lambda: (
            panel.row("broken").get_attribute("aria-selected") == "true"
            and panel.row("broken").evaluate("row => row === document.activeElement")
        )
    )
    panel.press("Enter")
    panel.details.get_by_text("RuntimeError: no such atom").wait_for()
    why = panel.details.get_by_role("region", name="Why it failed")
    why.locator("pre").get_by_text("No space left on device").wait_for()
    assert why.get_by_role("listitem").count() > 0
    panel.picture("why")
    assert panel.violations() == []
    assert "1 failed" in panel.status.get_attribute("title")
    panel.press("Escape")


def keys(panel):
    """Everything can be reached without a mouse."""
    lab = panel.lab
    panel.open()
    panel.press("Home", *["ArrowDown"] * panel.names().index("left"))
    lab.wait_until(lambda: panel.row("left").get_attribute("aria-selected") == "true")
    panel.press("ArrowRight", "ArrowDown")
    lab.wait_until(lambda: panel.row("left_0.part0001").count() == 1)
    name = panel.row("left_0.part0001").get_by_role("rowheader")
    assert name.locator(".asyncmd-short").inner_text() == "w0 p1"
    assert 'rowheader "walker 0, part 1"' in name.aria_snapshot()
    active = panel.area.locator("[role=row][tabindex='0']")
    assert active.get_attribute("aria-level") == "3"
    assert panel.area.locator("[role=row][tabindex='0']").count() == 1
    panel.press("Enter")
    panel.details.wait_for()
    assert panel.fact("Campaign") == "toys"
    assert panel.fact("Run") == "left"
    assert panel.fact("Simulation") in ("walker 0, part 1", "walker 1, part 1")
    assert panel.cut_without_title() == []
    assert panel.violations() == []
    panel.picture("light")
    lab.go_dark()
    assert panel.violations() == []
    panel.picture("dark")
    lab.go_light()

    panel.press("l")
    lab.wait_until(
        lambda: (
            panel.details.get_by_role("tabpanel").count() == 0
            or panel.details.get_by_role("tabpanel").evaluate("e => e === document.activeElement")
        )
    )
    panel.details.get_by_role("button", name="Close the details").click()
    panel.details.wait_for(state="hidden")
    panel.press("ArrowLeft", "ArrowLeft")
    lab.wait_until(lambda: panel.row("left_0.part0001").count() == 0)


def places(panel):
    lab, page = panel.lab, panel.page
    name = lab.folder.name
    panel.row("left").click()
    panel.details.get_by_role("button", name="Copy path").click()
    lab.wait_until(lambda: page.evaluate(CLIPBOARD) == str(lab.folder / "left"))
    panel.details.get_by_role("button", name="Folder", exact=True).click()
    page.locator(".jp-BreadCrumbs").filter(has_text="left").wait_for()

    panel.open()
    lab.execute("launcher:create")
    panel.details.get_by_role("button", name="Notebook", exact=True).click()
    lab.wait_for_notebook(f"{name}/toys.ipynb")
    panel.details.get_by_role("button", name="New notebook").click()
    lab.wait_for_notebook(f"{name}/attached-left.ipynb")
    assert sources(lab) == ["# left", LOAD, "%asyncmd attach --only left"]
    panel.row("toys").click()
    panel.details.get_by_role("button", name="Copy path").click()
    lab.wait_until(lambda: page.evaluate(CLIPBOARD) == str(lab.folder))
    for ending in (".ipynb", "-1.ipynb"):
        panel.details.get_by_role("button", name="New notebook").click()
        lab.wait_for_notebook(f"{name}/attached-toys{ending}")
    assert sources(lab) == ["# toys", LOAD, "%asyncmd attach --only left right"]


def sources(lab):
    return [cell["source"] for cell in lab.cells()]


def cancelling(panel):
    lab = panel.lab
    panel.row("left").click()
    panel.press("Delete")
    panel.dialog.wait_for()
    assert re.search(r"Cancel \d jobs?\?", panel.dialog.inner_text())
    panel.picture("question")
    panel.press("Escape")
    panel.dialog.wait_for(state="detached")
    assert panel.state("left") == "running"

    # Without a kernel nobody but the server can end them.
    lab.execute("docmanager:open", path=f"{lab.folder.name}/toys.ipynb")
    lab.wait_for_notebook(f"{lab.folder.name}/toys.ipynb")
    panel.page.evaluate(KILL_KERNEL)
    panel.dialog.wait_for()
    panel.press("Enter")
    panel.dialog.wait_for(state="detached")
    panel.row("toys").click()
    assert panel.details.get_by_role("button", name="Cancel").is_enabled()
    panel.press("Delete", "Tab", "Enter")
    panel.dialog.wait_for(state="detached")
    panel.row("toys").click()
    lab.wait_until(lambda: panel.details.get_by_role("button", name="Cancel").count() == 0)


def reloading(panel):
    """What was chosen before is so again."""
    lab = panel.lab
    panel.row("toys").locator(".asyncmd-grid-caret").click()
    lab.wait_until(lambda: panel.row("left").count() == 0)
    lab.execute("asyncmd:toggle-other-jobs")
    panel.area.get_by_role("button", name="State").click()
    panel.area.locator("[aria-sort=ascending]").wait_for()
    lab.page.wait_for_timeout(1500)
    lab.reload()
    panel.area.wait_for()
    lab.wait_until(lambda: panel.row("toys").count() == 1)
    assert panel.row("left").count() == 0
    assert panel.area.locator("[aria-sort=ascending]").inner_text() == "State"
