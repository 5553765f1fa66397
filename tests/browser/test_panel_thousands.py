"""The side panel with thousands of rows, where news come from, and what is chosen."""

import json
import re
import urllib.request

import pytest
from campaign_panel import CampaignPanel
from panel_jobs import ended_job, record_run
from panel_news import News, job, run
from server import lab_server

from asyncmd_jupyter.jobs.store import JobStore

N_JOBS, N_RUNS = 3000, 30
SETTINGS = "lab/api/settings/asyncmd-jupyter:campaigns"
HIDDEN = """hidden => {
    Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One that knows thousands of jobs that have ended, and lies behind a base URL."""
    base = tmp_path_factory.mktemp("lab")
    with lab_server(base, "/user/me@here") as running:
        store = JobStore(base / "asyncmd_state_dir")
        for number in range(N_JOBS):
            store.save(ended_job(number, N_JOBS, running.folder / f"run{number % N_RUNS:02}"))
        store.flush()
        yield running


def high_contrast(panel):
    panel.lab.execute("apputils:change-theme", theme="JupyterLab Dark High Contrast")
    theme = "body[data-jp-theme-name='JupyterLab Dark High Contrast']"
    panel.page.locator(theme).wait_for(state="attached")
    assert panel.violations() == []
    panel.picture("high-contrast")
    panel.lab.go_light()


@pytest.fixture
def panel(lab):
    panel = CampaignPanel(lab)
    panel.open()
    panel.rows.first.wait_for()
    return panel


def test_thousands_of_rows(panel):
    lab, grid = panel.lab, panel.grid
    lab.wait_until(lambda: panel.names()[0] == "No campaign")
    assert grid.get_attribute("aria-rowcount") == str(N_RUNS + 2)
    panel.search.fill("run")  # what is found is open
    lab.wait_until(lambda: grid.get_attribute("aria-rowcount") == str(N_JOBS + N_RUNS + 2))
    assert panel.rows.count() < 80
    panel.set_width(900)
    heads = panel.area.get_by_role("columnheader")
    lab.wait_until(
        lambda: (
            heads.all_inner_texts()
            == ["Name", "State", "Time", "Progress", "Why", "Cores", "Where"]
        )
    )
    assert panel.cut_without_title() == []
    grid.evaluate("grid => (grid.scrollTop = 1500 * 26)")
    lab.wait_until(lambda: panel.rows.count() < 80 and panel.names()[10].startswith("run1"))
    panel.rows.nth(10).click()
    panel.press("End")
    lab.wait_until(lambda: panel.rows.last.get_attribute("aria-rowindex") == str(N_JOBS + 32))

    failed = panel.area.get_by_role("button", name="3 failed")  # simulations
    failed.click()
    lab.wait_until(lambda: grid.get_attribute("aria-rowcount") == str(300 + 3 + 2))
    assert failed.get_attribute("aria-pressed") == "true"
    panel.search.fill("run13 box")
    lab.wait_until(lambda: grid.get_attribute("aria-rowcount") == str(100 + 1 + 2))
    panel.search.fill("nothing of the kind")
    panel.area.get_by_text("Nothing fits the filter.").wait_for()
    failed = panel.area.locator(".asyncmd-chip[data-kind=failed]")
    failed.click()
    panel.search.fill("run05")
    panel.area.get_by_role("button", name="Name").click()
    lab.wait_until(lambda: panel.names()[2:4] == ["run05.part00005", "run05.part00035"])
    panel.area.get_by_role("button", name="Name").click()
    lab.wait_until(lambda: panel.names()[2:3] == ["run05.part02975"])
    assert panel.violations() == []
    panel.picture("thousands")
    high_contrast(panel)
    assert [error for error in lab.errors if "/log?" not in error] == []  # they wrote nothing


@pytest.fixture
def untold(server):
    """Nobody wants to be told of ends."""
    _set(server, {"notifications": "none"})
    yield
    _set(server, {})


def test_news_come_only_while_somebody_looks(untold, panel):
    """A page that is not seen, or shows neither panel nor status bar, asks nothing."""
    lab, page = panel.lab, panel.page
    opened, ended = [], []
    page.on("request", lambda r: opened.append(r) if "/api/events" in r.url else None)
    page.on("requestfailed", lambda r: ended.append(r) if "/api/events" in r.url else None)

    page.evaluate(HIDDEN, True)
    lab.wait_until(lambda: len(ended) == 1)
    page.evaluate(HIDDEN, False)
    lab.wait_until(lambda: len(opened) == 1)

    lab.execute("application:toggle-left-area")
    page.wait_for_timeout(300)
    assert len(ended) == 1
    lab.execute("statusbar:toggle")
    lab.wait_until(lambda: len(ended) == 2)
    panel.open()
    lab.wait_until(lambda: len(opened) == 2)
    lab.execute("statusbar:toggle")
    assert lab.errors_about("asyncmd") == []
    away_and_back(panel)


def away_and_back(panel):
    """It says that the server is away, and goes on when that is back."""
    lab, page = panel.lab, panel.page
    asked = []

    def refuse(route):
        asked.append(route.request.url)
        route.fulfill(status=503, json={"message": "The store is away.", "reason": "Away"})

    page.route("**/asyncmd-jupyter/api/events**", refuse)
    lab.execute("asyncmd:reconnect")
    problem = panel.area.get_by_role("status")
    problem.get_by_text("The store is away.").wait_for()
    assert panel.rows.count() > 0  # what was known stays
    assert panel.violations() == []
    lab.wait_until(lambda: len(asked) > 1)
    page.unroute("**/asyncmd-jupyter/api/events**")
    problem.get_by_role("button", name="Try again").click()
    problem.wait_for(state="hidden")


def test_ends_of_many_runs_are_one_notification(panel):
    lab, page = panel.lab, panel.page
    toasts = page.locator(".Toastify__toast").filter(has_text="ha")
    for number in range(3):
        record_run(lab.server.folder, number, "running")
    lab.wait_until(lambda: [panel.state(f"run{n:02}") for n in range(3)] == ["running"] * 3)
    record_run(lab.server.folder, 0, "reached")
    toasts.get_by_text("Run “run00” has ended: reached.").wait_for()
    record_run(lab.server.folder, 1, "failed")
    toasts.get_by_text("Runs “run01” and “run00” have ended: 1 of 2 reached, 1 failed.").wait_for()
    record_run(lab.server.folder, 2, "failed")
    toasts.get_by_text(
        "Runs “run01”, “run02” and “run00” have ended: 1 of 3 reached, 2 failed."
    ).wait_for()
    lab.wait_until(lambda: toasts.count() == 1)
    panel.row("No campaign").locator(".asyncmd-grid-caret").click()
    lab.wait_until(lambda: panel.rows.count() == 1)
    panel.search.fill("nothing of the kind")
    panel.area.get_by_text("Nothing fits the filter.").wait_for()
    toasts.get_by_role("button", name="Show").click()
    chosen = panel.area.locator("[role=row][aria-selected=true]")
    lab.wait_until(lambda: chosen.count() == 3)
    lab.wait_until(lambda: [panel.selected(f"run{n:02}") for n in range(3)] == [True] * 3)
    assert lab.errors == []


def test_columns_are_chosen_in_the_settings(panel):
    lab = panel.lab
    _set(lab.server, {"columns": ["id", "cores", "id"]})
    lab.reload()
    panel.open()
    panel.rows.first.wait_for()
    panel.set_width(600)
    heads = panel.area.get_by_role("columnheader")
    lab.wait_until(lambda: heads.all_inner_texts() == ["Name", "State", "Id", "Cores"])
    in_the_editor(panel, heads)
    _set(lab.server, {})


def in_the_editor(panel, heads):
    """Columns have an order there, and what is chosen acts at once."""
    lab, page = panel.lab, panel.page
    news = News(page)
    news.logs = {"stdout": ["one", "two", "three"]}
    news.tell(job("told", logs=["stdout"], state="done"))
    panel.row("told").click()
    output = panel.details.get_by_role("tabpanel", name="stdout")
    lab.wait_until(lambda: output.inner_text() == "one\ntwo\nthree")
    lab.execute("settingeditor:open", query="MD campaigns")
    form = page.locator(".jp-SettingsForm, .jp-SettingsPanel").first
    form.get_by_text("Columns", exact=True).wait_for()
    first = form.locator("select").first
    assert first.locator("option").all_inner_texts()[:3] == ["Time", "Progress", "Why"]
    panel.picture("settings")
    form.locator(".jp-ArrayOperations").first.locator(".jp-ArrayOperationsButton").nth(1).click()
    lab.wait_until(lambda: heads.all_inner_texts() == ["Name", "State", "Cores", "Id"])
    form.locator("input[id$=logLines]").fill("1")
    lab.wait_until(lambda: output.inner_text() == "three")


def _set(server, values):
    request = urllib.request.Request(
        f"{server.address}/{SETTINGS}",
        method="PUT",
        data=json.dumps({"raw": json.dumps(values)}).encode(),
        headers={"Authorization": f"token {server.token}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()


def test_notebook_7_has_the_button_and_the_panel(panel):
    """As far as its shell allows: no status bar, and a panel beside notebooks only."""
    lab, page = panel.lab, panel.page
    lab.open_cells("one.ipynb", "1 + 1")
    name = f"{lab.folder.name}/one.ipynb"
    button = page.locator(".jp-Notebook-toolbar, .jp-NotebookPanel-toolbar").get_by_role(
        "button", name="Show the runs that this notebook has started"
    )
    button.click()
    panel.area.get_by_text("Started by one.ipynb").wait_for()
    panel.area.get_by_text("This notebook has started no runs yet.").wait_for()
    panel.search.fill("more")
    panel.area.get_by_text("Nothing fits the filter.").wait_for()
    panel.search.fill("")
    panel.area.get_by_role("button", name="Show what all notebooks have started").click()
    panel.rows.first.wait_for()
    panel.picture("of-notebook")
    lab.execute("settingeditor:open")
    page.wait_for_function("!jupyterapp.shell.currentWidget?.context")
    page.evaluate("jupyterapp.commands.notifyCommandChanged()")  # as anything in it may do
    lab.execute("docmanager:open", path=name)
    lab.wait_until(button.is_enabled)

    lab.go_to(f"notebooks/{name}")
    lab.wait_for_notebook(name)
    button.click()
    panel.area.get_by_text("Started by one.ipynb").wait_for()
    panel.area.get_by_role("button", name="Show what all notebooks have started").click()
    panel.rows.first.wait_for()
    panel.picture("notebook-7")
    told_without_the_panel(panel)
    places_in_notebook_7(panel, name)
    assert lab.errors_about("asyncmd") == []


def told_without_the_panel(panel):
    """Ends are told while the page is in sight; those of other times when it is again."""
    lab, page = panel.lab, panel.page
    ended = []
    page.on("requestfailed", lambda r: ended.append(r) if "/api/events" in r.url else None)
    page.evaluate("jupyterapp.shell.collapseLeft()")
    panel.area.wait_for(state="hidden")
    record_run(lab.server.folder, 5, "reached")
    page.get_by_text("Run “run05” has ended: reached.").wait_for()
    assert ended == []
    page.evaluate(HIDDEN, True)
    lab.wait_until(lambda: len(ended) == 1)
    record_run(lab.server.folder, 6, "failed")
    page.evaluate(HIDDEN, False)
    page.get_by_text(re.compile("“run06”.* failed")).wait_for()  # run05 may be told no more
    panel.picture("notebook-7-told")


def places_in_notebook_7(panel, name):
    """There are no files beside a notebook, and it is not opened twice."""
    page = panel.page
    News(page).tell(runs=(run("mine", notebook=name, folder="run05"),))
    page.evaluate("jupyterapp.shell.expandLeft('asyncmd-campaigns')")
    panel.row("mine").click()
    n_pages = len(page.context.pages)
    panel.details.get_by_role("button", name="Notebook", exact=True).click()
    page.wait_for_function("document.activeElement.closest('.jp-NotebookPanel') !== null")
    assert len(page.context.pages) == n_pages
    with page.context.expect_page() as opened:
        panel.details.get_by_role("button", name="Folder", exact=True).click()
    opened.value.wait_for_url("**/tree/run05")
