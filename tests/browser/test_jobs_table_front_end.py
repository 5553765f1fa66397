"""The table of jobs: rows that come together, move and go."""

from __future__ import annotations

import pytest
from plain import render, sent

from asyncmd_jupyter.jupyter.widgets.jobs import JobTableWidget

RANKS = {"running": 0, "pending": 1, "done": 2}


def row(number: int, state: str) -> dict:
    name = f"walk_{number}"
    return {
        "id": f"id{number}",
        "name": name,
        "state": state,
        "label": state,
        "reason": "",
        "order": [RANKS[state], "walk_", number, "", 0, f"id{number}"],
        "fraction": None,
        "progress": "1.00 ps",
        "elapsed": 1.0,
        "ticking": state == "running",
        "native": "",
        "nodes": "",
        "cancellable": state != "done",
    }


@pytest.fixture
def page(chromium):
    with chromium.new_context() as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        state = {"caption": "Jobs", "empty": "No jobs yet.", "problem": ""}
        render(page, JobTableWidget, state)
        yield page


def tell(page, kind, *rows, gone=()):
    message = {"kind": kind, "rows": rows, "gone": gone}
    page.evaluate("message => tell(message)", message)


def shown(page):
    return page.locator("tr[data-job]:visible").evaluate_all(
        "rows => rows.map(row => [row.dataset.job, row.dataset.state])"
    )


def test_all_rows_of_a_message_are_shown_in_their_order(page):
    assert sent(page, "ready")
    page.get_by_text("No jobs yet.").wait_for()
    tell(page, "all", row(10, "running"), row(2, "running"), row(1, "done"), row(3, "pending"))
    order = [("id2", "running"), ("id10", "running"), ("id3", "pending"), ("id1", "done")]
    assert shown(page) == [list(each) for each in order]
    assert not page.get_by_text("No jobs yet.").is_visible()
    tell(page, "all", row(1, "done"), row(2, "done"))
    assert shown(page) == [["id1", "done"], ["id2", "done"]]
    tell(page, "rows", gone=("id1", "id2"))
    page.get_by_text("No jobs yet.").wait_for()


def test_rows_that_end_move_and_the_focus_stays(page):
    tell(page, "all", row(1, "running"), row(2, "running"), row(3, "pending"))
    page.get_by_role("button", name="Cancel walk_2").focus()
    tell(page, "rows", row(1, "done"), row(3, "running"))
    assert shown(page) == [["id2", "running"], ["id3", "running"], ["id1", "done"]]
    tell(page, "rows", row(2, "pending"))
    assert shown(page) == [["id3", "running"], ["id2", "pending"], ["id1", "done"]]
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == "Cancel walk_2 (id2)"
