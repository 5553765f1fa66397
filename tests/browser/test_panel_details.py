"""What the side panel says of runs and jobs, and on what its actions work."""

from datetime import UTC, datetime, timedelta

import pytest
from campaign_panel import CampaignPanel
from panel_news import EVENTS, News, job, run, task

ONE_OF_TWO = {"reached": 1, "running": 1}
LONG_AGO = (datetime.now(UTC) - timedelta(days=3)).isoformat()
FAILURE = "ValueError: no such atom\nTraceback (most recent call last):\n  deep in it"
AWAY = "The Jupyter server can't be reached. What is shown may be out of date."


@pytest.fixture
def panel(lab):
    panel = CampaignPanel(lab)
    panel.open()
    return panel


@pytest.fixture
def news(panel):
    return News(panel.page)


def cell(panel, name, head):
    """What a row says in a column."""
    heads = panel.area.get_by_role("columnheader").all_inner_texts()
    cells = panel.row(name).locator("[role=rowheader], [role=gridcell]")
    return cells.nth(heads.index(head))


def top(locator):
    box = locator.bounding_box()
    assert box is not None
    return box["y"]


def bottom(locator):
    box = locator.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def selected(panel):
    """Names of the rows that are seen as selected, from the top."""
    chosen = set(
        panel.area.locator("[role=row][aria-selected=true]").evaluate_all(
            "rows => rows.map(row => row.dataset.name)"
        )
    )
    return [name for name in panel.names() if name in chosen]


def test_runs_say_how_far_they_are_and_who_follows_them(panel, news):
    lab = panel.lab
    news.tell(
        job("part", run="lone", folder="work", path="/work"),
        runs=(
            run("endless", progress=None, simulated=1239.0, speed=45.0),
            run("half", progress=0.37, simulated=12.4, speed=None, ended=1, states=ONE_OF_TWO),
            run("lone", followed=False, progress=0.9),
            run("left", followed=False, state="interrupted"),
            run("old", followed=False, state="interrupted", updated=LONG_AGO),
        ),
    )
    panel.set_width(900)
    panel.row("half").wait_for()
    lab.wait_until(lambda: cell(panel, "half", "Progress").inner_text() == "37 %")
    assert cell(panel, "endless", "Progress").inner_text() == "1.24 ns"
    assert cell(panel, "toys", "Progress").inner_text() == ""
    state = cell(panel, "half", "State")
    assert state.locator(".asyncmd-long").all_inner_texts() == ["1 of 2 reached", "1 running"]
    state = cell(panel, "toys", "State").locator(".asyncmd-long")
    assert state.all_inner_texts() == ["1 of 10 reached", "5 running", "4 interrupted"]
    assert cell(panel, "half", "Why").inner_text() == ""
    assert cell(panel, "lone", "Why").inner_text() == "No kernel follows it"
    assert cell(panel, "lone", "State").get_by_role("img", name="No kernel follows it").count() == 1
    assert cell(panel, "half", "State").get_by_role("img").count() == 0
    assert panel.chips()[:3] == ["5 running", "4 waiting", "1 done"]
    assert panel.violations() == []
    panel.picture("progress-wide")

    panel.area.get_by_role("button", name="Progress").click()
    lab.wait_until(lambda: panel.names()[-3:] == ["half", "lone", "endless"])
    panel.row("endless").click()
    assert panel.fact("Simulated") == "1.24 ns"
    assert panel.fact("Speed") == "45 ns/day"
    panel.row("lone").click()
    panel.details.get_by_text("nothing stops it when a condition is fulfilled").wait_for()
    panel.row("left").click()
    panel.details.get_by_text("nothing of it runs any more").wait_for()
    assert panel.state("left") == "interrupted"
    lab.wait_until(lambda: "2 waiting" in panel.status.get_attribute("title"))

    panel.set_width(220)
    lab.wait_until(lambda: panel.area.get_by_role("columnheader").count() == 2)
    state = cell(panel, "half", "State")
    assert state.locator(".asyncmd-short").all_inner_texts() == ["1", "1"]
    assert "1 of 2 reached" in state.aria_snapshot()
    assert panel.cut_without_title() == []
    assert panel.violations() == []
    panel.picture("progress-narrow")
    lab.go_dark()
    assert panel.violations() == []
    panel.picture("progress-dark")
    lab.go_light()
    zoomed(panel)
    assert lab.errors == []


def zoomed(panel):
    """Rows stay in sight at 200 %; where there is room for one thing only, details cover them."""
    lab, page = panel.lab, panel.page
    panel.set_width(300)
    page.set_viewport_size({"width": 700, "height": 500})
    lab.wait_until(lambda: rows_in_sight(panel) >= 5)
    panel.details.get_by_text("left", exact=True).wait_for()
    assert bottom(panel.details) <= bottom(panel.area)
    panel.picture("zoomed")
    page.set_viewport_size({"width": 700, "height": 420})
    lab.wait_until(lambda: top(panel.details) <= top(panel.search))
    panel.picture("low")
    assert panel.violations() == []
    close = panel.details.get_by_role("button", name="Close the details")
    close.click()
    panel.details.wait_for(state="hidden")
    panel.press("Enter")
    lab.wait_until(lambda: close.evaluate("button => button === document.activeElement"))
    panel.press("Escape")
    panel.details.wait_for(state="hidden")
    assert rows_in_sight(panel) >= 5
    page.set_viewport_size({"width": 1400, "height": 1000})


def rows_in_sight(panel):
    """How many rows are seen as a whole."""
    rows = panel.rows.evaluate_all("rows => rows.map(row => row.getBoundingClientRect().bottom)")
    return sum(row <= bottom(panel.grid) for row in rows)


def test_names_are_told_apart_and_what_has_ended_leaves_the_list(panel, news):
    lab = panel.lab
    names = ("alanine-dipeptide-in-water-300K", "alanine-dipeptide-in-water-310K")
    news.tell(
        *(job(f"{names[0]}_{n}", run=names[0], walker=str(n), can=["cancel"]) for n in (10, 9, 2)),
        runs=(
            run(names[0], can=["hold"], states={"running": 3}, walkers=3),
            run(names[1], state="failed", walkers=9, states={"reached": 5, "failed": 4}),
            run("left", state="reached", path="/work/one", key="/work/one/left"),
            run("left", state="reached", path="/work/two", key="/work/two/left"),
        ),
    )
    panel.set_width(300)
    lab.wait_until(lambda: panel.names()[1:2] == [names[0]])  # what runs comes first
    ends = panel.area.locator(".asyncmd-grid-end")
    assert [text for text in ends.all_inner_texts() if text] == ["300K", "310K"]
    seen = ends.filter(has_text="K").evaluate_all(
        "all => all.map(e => e.scrollWidth <= e.clientWidth)"
    )
    assert seen == [True, True]
    assert panel.area.locator(".asyncmd-grid-where:visible").all_inner_texts() == ["one", "two"]
    title = panel.row(names[1]).locator(".asyncmd-grid-text").first.get_attribute("title")
    assert title == f"{names[1]}\n/work"
    assert panel.chips()[:3] == ["3 running", "4 failed", "9 done"]
    assert panel.violations() == []
    panel.picture("names")
    wider(panel, names[0])
    panel.row(names[0]).locator(".asyncmd-grid-caret").click()
    order = [f"{names[0]}_{number}" for number in (2, 9, 10)]
    lab.wait_until(lambda: panel.names()[2:5] == order)
    held(panel, news, names[0])

    panel.row(names[1]).click()
    panel.details.get_by_role("button", name="Remove").click()
    lab.wait_until(lambda: panel.row(names[1]).count() == 0)
    removed = panel.area.get_by_role("button", name="Show 1 removed")
    assert panel.chips()[:2] == ["3 running", "4 done"]
    removed.click()
    lab.wait_until(lambda: panel.row(names[1]).count() == 1)
    assert "asyncmd-mod-removed" in panel.row(names[1]).get_attribute("class")
    assert panel.violations() == []
    panel.picture("removed")
    panel.row(names[1]).click()
    panel.details.get_by_role("button", name="Put back").click()
    removed.wait_for(state="hidden")
    assert panel.row(names[1]).count() == 1


def wider(panel, name):
    """By the mouse, by keys, and back to what fits."""
    lab, page = panel.lab, panel.page
    edge = panel.area.get_by_role("separator", name="Width of the names")

    def width():
        return panel.row(name).get_by_role("rowheader").bounding_box()["width"]

    before = width()
    box = edge.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 35, box["y"] + 5, steps=3)
    page.mouse.up()
    lab.wait_until(lambda: abs(width() - before - 30) < 4)
    edge.focus()
    panel.press("ArrowLeft", "ArrowLeft")
    lab.wait_until(lambda: abs(width() - before + 2) < 4)
    assert edge.get_attribute("aria-valuenow") == str(round(width()))
    panel.press("Home")
    lab.wait_until(lambda: abs(width() - before) < 1)


def held(panel, news, name):
    """A run of this machine is held as a whole, by its kernel."""
    lab = panel.lab
    panel.row(name).click()
    panel.press("h")
    panel.dialog.get_by_text("saves its work and pauses").wait_for()
    assert panel.dialog.get_by_role("listitem").all_inner_texts() == [name]
    panel.press("Tab", "Enter")
    panel.dialog.wait_for(state="detached")
    lab.wait_until(lambda: news.actions == [("hold", [f"/work/{name}"])])
    lab.wait_until(lambda: panel.row(name).get_attribute("aria-busy") == "true")


def test_a_failed_run_can_be_acted_on_before_it_is_read(panel, news):
    failed = run("bad", state="failed", followed=False, failures=[FAILURE, "x" * 300])
    news.tell(runs=(failed,))
    panel.set_width(400)
    panel.row("bad").click()
    reasons = panel.details.locator(".asyncmd-details-reasons p")
    assert reasons.nth(0).inner_text() == "ValueError: no such atom"
    assert reasons.nth(0).get_attribute("title") == FAILURE
    assert len(reasons.nth(1).inner_text()) == 200
    assert "%asyncmd resume bad" in reasons.nth(2).inner_text()
    assert panel.details.get_by_role("button", name="Cancel").count() == 0
    actions = panel.details.get_by_role("group", name="Actions")
    facts = panel.details.locator("dl")
    assert top(actions) < top(reasons.nth(0)) < top(reasons.nth(2)) < top(facts)
    panel.picture("failed-run")
    assert panel.violations() == []


def test_jobs_say_why_and_whether_they_have_written(panel, news):
    lab, page = panel.lab, panel.page
    held = {"held": True, "reason": "It is held; 'scontrol release' lets it go."}
    panel.lab.execute("asyncmd:toggle-other-jobs")
    news.tell(
        task(1, **held, can=["cancel", "release"]),
        task(2, state="failed", exit_code=3, can=[]),
        job("mute"),
        job("told", logs=["stdout", "stderr"], started=LONG_AGO),
    )
    news.logs = {"stderr": ["step 1", "step 2"]}
    panel.row("4_1 feld").click()
    panel.details.get_by_text("It is held until somebody releases it.").wait_for()
    assert panel.details.get_by_text("scontrol").count() == 0
    panel.row("4_2 feld").click()
    panel.details.get_by_text("It ended with exit code 3.").wait_for()
    panel.details.get_by_text("asyncmd-jupyter has not started it").wait_for()
    assert not page.evaluate("jupyterapp.commands.isEnabled('asyncmd:show-job-log')")
    assert "not started it" in page.evaluate("jupyterapp.commands.caption('asyncmd:show-job-log')")
    assert panel.details.get_by_role("button", name="New notebook").is_disabled()
    panel.row("mute").click()
    panel.details.get_by_text("It has written nothing yet.").wait_for()
    panel.row("told").click()
    assert page.evaluate("jupyterapp.commands.isEnabled('asyncmd:show-job-log')")
    tabs = panel.details.get_by_role("tab")
    assert tabs.all_inner_texts() == ["stdout", "stderr"]
    panel.details.get_by_role("tabpanel", name="stderr").get_by_text("step 2").wait_for()
    tabs.nth(0).click()
    panel.details.get_by_text("Nothing has been written.").wait_for()
    year = str(datetime.fromisoformat(LONG_AGO).year)
    started = panel.details.locator("dt").get_by_text("Started", exact=True)
    assert year in started.locator("xpath=following-sibling::dd[1]").get_attribute("title")
    lab.execute("asyncmd:toggle-other-jobs")
    menus(panel, news)


def menus(panel, news):
    """A menu of the panel needs no name in front, and offers a queue where there is one."""
    lab = panel.lab
    news.tell(job("mute"))
    for scheduler, is_offered in (("slurm", True), ("", False)):
        news.tell(job("mute"), scheduler=scheduler)
        others = panel.area.get_by_role("button", name="Other jobs")
        lab.wait_until(lambda: others.is_visible() == is_offered)  # noqa: B023
        panel.row("mute").click(button="right")
        panel.menu.get_by_text("Cancel jobs…").wait_for()
        labels = panel.menu.locator(".lm-Menu-itemLabel:visible").all_inner_texts()
        assert ("Show other jobs in the queue" in labels) == is_offered
        assert "asyncmd:" not in "".join(labels)
        panel.picture(f"menu-{scheduler}")
        panel.press("Escape")


def test_actions_work_on_what_is_seen_as_selected(panel, news):
    lab, page = panel.lab, panel.page
    lab.execute("asyncmd:toggle-other-jobs")
    tasks = [task(number, submitted=LONG_AGO, started=None) for number in range(1, 6)]
    tasks[1]["can"] = ["cancel"]
    news.tell(job("first", state="done", can=[]), *tasks)
    panel.row("4_1 feld").click()
    panel.row("4_4 feld").click(modifiers=["Shift"])
    assert page.evaluate("String(getSelection())") == ""
    assert selected(panel) == [f"4_{number} feld" for number in range(1, 5)]
    panel.details.get_by_text("4 jobs selected").wait_for()
    assert panel.fact("Can be cancelled") == "4 of 4"
    assert panel.fact("Can be held") == "3 of 4"
    assert panel.details.get_by_text("Queue says").count() == 0
    panel.picture("several")
    assert panel.violations() == []
    panel.press("Delete")
    assert panel.dialog.get_by_role("listitem").all_inner_texts() == selected(panel)
    panel.picture("several-question")
    news.is_slow = True
    panel.press("Tab", "Enter")
    under_way(panel, news)
    assert news.actions == [("cancel", [f"slurm:4_{number}" for number in range(1, 5)])]

    news.tell(job("first", state="done", can=[]), *tasks[2:])
    panel.details.get_by_text("2 jobs selected").wait_for()
    news.tell(job("first", state="done", can=[]), tasks[4])
    panel.details.wait_for(state="hidden")
    assert selected(panel) == []
    assert panel.row("4_5 feld").evaluate("row => row === document.activeElement")
    assert not page.evaluate("jupyterapp.commands.isEnabled('asyncmd:cancel-jobs')")
    panel.press("Delete")
    assert panel.dialog.count() == 0
    panel.press("Enter")
    panel.details.get_by_text("4_5 feld").wait_for()
    assert selected(panel) == ["4_5 feld"]
    assert len(news.actions) == 1
    lab.execute("asyncmd:toggle-other-jobs")


def under_way(panel, news):
    """It is seen at once that something is done, until it is known what became of it."""
    lab = panel.lab
    busy = panel.area.locator(".asyncmd-grid-row[aria-busy=true]")
    lab.wait_until(lambda: busy.count() == 4)
    assert cell(panel, "4_1 feld", "State").inner_text().startswith("cancelling…")
    cancel = panel.details.get_by_role("button", name="Cancel")
    lab.wait_until(cancel.is_disabled)
    panel.press("Delete")
    assert panel.dialog.count() == 0
    assert panel.violations() == []
    panel.picture("under-way")
    lab.wait_until(lambda: len(news.actions) == 1)
    news.answer("Job 4 is being ended.")
    toast = panel.page.locator(".Toastify__toast--info")
    toast.get_by_text("Job 4 is being ended.").wait_for()
    lab.wait_until(lambda: busy.count() == 0)
    lab.wait_until(cancel.is_enabled)


def test_a_server_that_is_away_is_told_in_plain_words(panel):
    lab, page = panel.lab, panel.page
    item = page.locator(".asyncmd-status")
    assert "asyncmd-mod-stale" not in item.get_attribute("class")
    page.route(EVENTS, lambda route: route.abort("connectionrefused"))
    lab.execute("asyncmd:reconnect")
    panel.area.get_by_role("status").get_by_text(AWAY).wait_for()
    assert panel.area.get_by_text("Failed to fetch").count() == 0
    lab.wait_until(lambda: "asyncmd-mod-stale" in item.get_attribute("class"))
    assert panel.status.get_attribute("title").startswith(AWAY)
    assert panel.violations() == []
    panel.picture("away")
    page.unroute(EVENTS)
    panel.area.get_by_role("status").wait_for(state="hidden")

    page.route(EVENTS, lambda route: route.fulfill(status=503, body="<h1>No such server</h1>"))
    lab.execute("asyncmd:reconnect")
    panel.area.get_by_role("status").get_by_text(AWAY).wait_for()
    page.unroute(EVENTS)
    panel.area.get_by_role("status").wait_for(state="hidden")
    lab.wait_until(lambda: "asyncmd-mod-stale" not in item.get_attribute("class"))
    assert panel.status.get_attribute("title").startswith("MD simulations")
