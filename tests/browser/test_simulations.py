"""The table of simulations in JupyterLab: thousands of rows, real runs, keys, axe."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from toys import BROKEN, LEFT_AND_RIGHT, TOYS

PRETEND = Path(__file__).parents[1] / "jupyter"

THOUSANDS = f"""
import asyncio, sys
from dataclasses import replace
sys.path.insert(0, {str(PRETEND)!r})
from pretend import PretendJobs, PretendRun
from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.widgets.simulations import SimulationTable
from asyncmd_jupyter.sampling.progress import RunState

events = runtime.current().events
runs = [PretendRun(events, f"run{{i:03}}", n_walkers=100) for i in range(100)]
for i, run in enumerate(runs):
    run._snapshot = replace(run._snapshot, campaign=f"campaign {{i % 4}}", engine="OpenMM")
    run.change(state=RunState.WAITING, time_limit=1000.0)
    run.grow(i + 1)
    run.change(1, RunState.FAILED, error="Particles left the box.")
table = SimulationTable(lambda: runs, PretendJobs(events))
table.show()
"""
MOVE = """
async def move():
    for n_frames in range(200, 100_000):
        for run in runs:
            run.grow(n_frames)
            await asyncio.sleep(0.002)

moving = asyncio.create_task(move())
"""
TABLE = """
from asyncmd_jupyter.jupyter.showing.simulations import show_simulations
table = show_simulations()
"""
# First what fails, as runs that never end leave it no core.
REAL = TOYS + BROKEN + LEFT_AND_RIGHT + TABLE


class Wire:
    """Counts what the kernel sends to this page."""

    def __init__(self, page):
        self.n_bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self.count))

    def count(self, payload):
        self.n_bytes += len(payload)

    def over(self, page, seconds):
        """Bytes in a second, on the average of some."""
        before = self.n_bytes
        page.wait_for_timeout(seconds * 1000)
        return (self.n_bytes - before) / seconds


class Simulations:
    """The table on a page."""

    def __init__(self, lab, cell_index):
        self.lab, self.page = lab, lab.page
        self.area = lab.cell(cell_index).locator(".asyncmd-sims")
        self.grid = self.area.get_by_role("treegrid")
        self.rows = self.area.locator("[data-sim]")
        self.dialog = self.area.get_by_role("alertdialog")
        self.summary = self.area.locator(".asyncmd-sims-summary")
        self.rows.first.wait_for()

    def names(self):
        """Of the rows that are drawn, from the top."""
        script = """nodes => nodes.toSorted((a, b) => a.ariaRowIndex - b.ariaRowIndex)
            .map(node => node.dataset.sim)"""
        return self.rows.evaluate_all(script)

    def row(self, name):
        return self.area.locator(f"[data-sim='{name}']")

    def says(self, summary):
        self.lab.wait_until(lambda: self.summary.inner_text() == summary)

    def selected(self):
        return self.area.locator("[data-sim][aria-selected=true]").count()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def state(self, name):
        return self.row(name).get_attribute("data-state")


def violations(page):
    """What axe finds wrong with the table."""
    found = Axe().run(page, context=".asyncmd-sims").response["violations"]
    return [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found]


@pytest.fixture
def notebook(lab):
    wire = Wire(lab.page)
    lab.choose_in_palette("asyncmd: New quickstart notebook")
    lab.wait_for_notebook(f"{lab.folder.name}/asyncmd-quickstart/quickstart.ipynb")
    lab.wire = wire
    return lab


def shown(lab, source):
    index = lab.add_cell(source)
    lab.run_cell(index)
    return Simulations(lab, index)


def test_ten_thousand_rows(notebook):
    table = shown(notebook, THOUSANDS)
    table.says("10,000 simulations")
    page, grid = notebook.page, table.grid
    assert table.rows.count() < 60
    assert grid.get_attribute("aria-rowcount") == "10001"

    grid.evaluate("grid => (grid.scrollTop = 5000 * 28)")
    notebook.wait_until(lambda: "run050/5" in table.names())
    assert table.rows.count() < 60
    grid.evaluate("grid => (grid.scrollTop = 0)")

    default_columns(table)

    # At rest: a hundred of them write frames.
    notebook.run_cell(notebook.add_cell(MOVE))
    notebook.cell(
        notebook.page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets.length - 2")
    )
    notebook.wait_until(lambda: "40.0 ps" in table.row("run000/0").inner_text())
    assert 0 < notebook.wire.over(page, 3) < 20_000
    notebook.run_cell(notebook.add_cell("moving.cancel()"))
    notebook.wait_until(lambda: notebook.wire.over(page, 2) < 200)

    sorting(table)
    filtering(table)
    grouping(table)
    selecting(table)
    notebook.screenshot("simulations-thousands")
    assert notebook.errors == []


def default_columns(table):
    """At the width of a usual notebook."""
    table.area.evaluate("area => (area.style.width = '904px')")
    heads = table.area.get_by_role("columnheader")
    usual = ["Run", "State", "Simulated", "Last values", "Why it waits or failed", "Elapsed"]
    usual.append("Time left")
    shown = ["", "Run", "Campaign", *usual[1:], "Cancel"]
    table.lab.wait_until(lambda: heads.all_inner_texts() == shown)
    table.lab.wait_until(lambda: table.grid.get_attribute("data-wide") is not None)
    assert table.row("run000/0").get_by_role("gridcell").nth(1).text_content() == "run000/0"
    failed = table.area.locator("[data-state=failed].asyncmd-sims-chip")  # they come last
    failed.click()
    assert "Particles left the box." in table.row("run000/1").inner_text()
    choose(table, "Campaign")
    table.lab.wait_until(lambda: heads.all_inner_texts() == ["", *usual, "Cancel"])
    table.lab.wait_until(lambda: table.grid.get_attribute("data-wide") is None)
    seen = table.grid.evaluate("g => g.clientHeight - g.firstChild.offsetHeight")
    assert seen % 28 == 0
    cell = table.row("run000/1").get_by_role("gridcell").nth(5)
    assert cell.evaluate(
        "c => [getComputedStyle(c).textOverflow, getComputedStyle(c).display]"
    ) == [
        "ellipsis",
        "block",
    ]
    cell.hover()
    assert cell.get_attribute("title") == "Particles left the box."
    table.lab.screenshot("simulations-900px")
    failed.click()
    table.row("run000/0").wait_for()
    choose(table, "Campaign")
    table.area.evaluate("area => (area.style.width = '')")


def choose(table, column):
    table.area.get_by_role("button", name="Columns").click()
    table.area.get_by_label(column, exact=True).click()
    table.press("Escape")


def sorting(table):
    head = table.area.get_by_role("columnheader", name="State")
    head.get_by_role("button").press("Enter")
    table.lab.wait_until(lambda: {name[-2:] for name in table.names()} == {"/0"})
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").press("Enter")
    table.lab.wait_until(lambda: {name[-2:] for name in table.names()} == {"/1"})
    assert head.get_attribute("aria-sort") == "descending"
    table.page.keyboard.press("ArrowRight")
    table.page.keyboard.press("Enter")  # how far they are
    table.lab.wait_until(lambda: "/0" in table.names()[0] or "run000/2" in table.names())
    assert table.area.locator("[aria-sort=ascending]").inner_text() == "Simulated"
    table.page.keyboard.press("Enter")
    table.page.keyboard.press("Enter")
    table.lab.wait_until(lambda: table.names()[0] == "run000/0")


def filtering(table):
    box = table.area.get_by_role("searchbox")
    box.fill("run042")
    table.says("10,000 simulations, 100 shown")
    failed = table.area.locator("[data-state=failed].asyncmd-sims-chip")
    failed.click()
    table.says("10,000 simulations, 1 shown")
    assert table.names() == ["run042/1"]
    box.fill("")
    table.says("10,000 simulations, 100 shown")
    failed.click()
    box.fill("nothing of the kind")
    table.area.get_by_text("No simulation fits the filter.").wait_for()
    box.fill("")
    table.says("10,000 simulations")


def grouping(table):
    choice = table.area.get_by_label("Group by")
    choice.select_option("campaign")
    table.lab.wait_until(lambda: table.grid.get_attribute("aria-rowcount") == "10005")
    table.grid.focus()
    table.press("Home", "ArrowLeft")
    table.lab.wait_until(lambda: table.grid.get_attribute("aria-rowcount") == "7505")
    table.press("ArrowRight")
    table.lab.wait_until(lambda: table.grid.get_attribute("aria-rowcount") == "10005")
    choice.select_option("")


def selecting(table):
    table.grid.focus()
    table.press("Home", " ", "ArrowDown", "ArrowDown", " ")
    table.says("10,000 simulations, 2 selected")
    table.press("Shift+ArrowDown", "Shift+ArrowDown")
    table.says("10,000 simulations, 3 selected")
    table.row("run000/0").click()
    table.row("run006/0").click(modifiers=["Shift"])  # what runs comes first
    table.says("10,000 simulations, 7 selected")
    table.row("run003/0").click(modifiers=["Control"])
    table.says("10,000 simulations, 6 selected")
    assert table.selected() == 6
    table.area.get_by_role("checkbox", name="Select all").click()
    table.says("10,000 simulations, 10,000 selected")
    table.press("Escape")
    table.grid.focus()
    table.press("Escape", "End")
    table.lab.wait_until(lambda: "run099/1" in table.names())
    active = table.grid.get_attribute("aria-activedescendant")
    assert table.area.locator(f"#{active}").get_attribute("data-sim") == "run099/1"


def test_real_runs_by_keyboard_alone(notebook):
    table = shown(notebook, REAL)
    table.says("5 simulations")
    going = ("left/0", "left/1", "right/0", "right/1")
    notebook.wait_until(lambda: table.state("broken/0") == "failed")
    notebook.wait_until(lambda: "running" in [table.state(name) for name in going])

    # Open the row that failed: what happened is said first.
    table.grid.focus()
    table.press("End", "Enter")
    details = table.area.locator(".asyncmd-sims-details")
    details.get_by_text("no such atom").first.wait_for()
    assert violations(notebook.page) == []
    notebook.screenshot("simulations-light")
    table.press("Escape")
    details.wait_for(state="detached")

    values = re.compile(r"position -?[\d.]+ \([\d.]+ from far\)")
    notebook.wait_until(lambda: any(values.search(text) for text in table.rows.all_inner_texts()))

    # The files and the script of one that goes on; then its log, until the row is closed.
    table.press("Home", *["ArrowDown"] * table.names().index("left/0"), "Enter")
    for tab, said in (("Script", "#!"), ("Files", "left_0.part0001.trr")):
        details.get_by_role("tab", name=tab).click()
        details.get_by_text(said).first.wait_for()
    details.get_by_role("tab", name="Files").press("Escape")
    details.wait_for(state="detached")
    assert table.grid.evaluate("grid => grid === document.activeElement")

    cancelling(table)
    dark(table)
    again_in_notebook_7(table)


def cancelling(table):
    table.press("Home", *["ArrowDown"] * table.names().index("left/1"), " ", "Delete")
    table.dialog.wait_for()
    assert "Cancel 1 simulation?" in table.dialog.inner_text()
    for _ in range(3):  # the focus stays inside
        table.press("Tab")
        inside = table.dialog.evaluate("dialog => dialog.contains(document.activeElement)")
        assert inside
    assert violations(table.page) == []
    table.press("Escape")
    table.dialog.wait_for(state="hidden")
    assert table.grid.evaluate("grid => grid === document.activeElement")
    assert table.state("left/1") not in ("cancelled", "cancelling")

    table.press("Delete", "Tab", "Enter")
    table.lab.wait_until(lambda: table.state("left/1") == "cancelled")
    table.lab.wait_until(lambda: table.state("left/0") == "running")
    assert table.row("left/1").get_by_role("button").is_disabled()

    table.press("Control+a", "Delete", "Tab", "Enter")
    names = ("left/0", "left/1", "right/0", "right/1", "broken/0")
    ended = ["cancelled"] * 4 + ["failed"]
    table.lab.wait_until(lambda: [table.state(name) for name in names] == ended)


def dark(table):
    page = table.page
    table.lab.execute("apputils:change-theme", theme="JupyterLab Dark")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    table.area.get_by_role("button", name="Columns").click()
    table.area.get_by_label("Campaign", exact=True).check()
    table.press("Escape")
    table.area.get_by_role("columnheader", name="Campaign").wait_for()
    table.area.get_by_label("Group by").select_option("campaign")
    assert violations(page) == []
    table.lab.screenshot("simulations-dark")
    assert table.lab.errors == []


def again_in_notebook_7(table):
    """Another page shows what was chosen on the first one."""
    lab = table.lab
    lab.execute("docmanager:save")
    path = f"{lab.folder.name}/asyncmd-quickstart/quickstart.ipynb"
    lab.go_to(f"notebooks/{path}")
    lab.wait_for_notebook(path)
    lab.page.locator(".jp-WindowedPanel-outer").evaluate("e => (e.scrollTop = e.scrollHeight)")
    area = lab.page.locator(".asyncmd-sims")
    area.locator("[data-sim='left/0']").wait_for()
    area.scroll_into_view_if_needed()
    assert area.get_by_label("Group by").input_value() == "campaign"
    assert area.get_by_role("columnheader", name="Campaign").is_visible()
    assert area.locator("[data-sim]").count() == 5
    lab.screenshot("simulations-notebook-7")
    assert lab.errors_about("asyncmd|widget") == []
