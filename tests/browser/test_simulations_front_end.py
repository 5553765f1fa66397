"""The front end of the table alone, in a page without JupyterLab: what it asks and says."""

import pytest
from plain import render, sent

from asyncmd_jupyter.jupyter.widgets.simulations import SimulationWidget
from asyncmd_jupyter.jupyter.widgets.simulations_rows import (
    FIELDS,
    Action,
    SimulationRow,
    packed,
)
from asyncmd_jupyter.jupyter.widgets.simulations_words import table_words

ROOM_IS = """
(height) => {
  const [details, below] = [".asyncmd-sims-details", "[data-sim='one/1']"].map((which) =>
    document.querySelector(which).getBoundingClientRect(),
  );
  return details.height === height && below.top === details.bottom;
}
"""
GOING = Action.CANCEL | Action.HOLD


def simulation(run, walker, **values):
    usual = {name: "" for name in FIELDS} | {"state": "running", "aims": (), "values": ()}
    usual |= {"done": 1.0, "limit": None, "speed": None, "parts": 1, "started": None}
    usual |= {"ended": None, "can": int(GOING)}
    return SimulationRow(**usual | {"run": run, "walker": walker} | values)


class Front:
    """The table in a page, and the messages that it sends."""

    def __init__(self, page):
        self.page = page
        state = {"words": table_words(), "fields": list(FIELDS), "caption": "Simulations"}
        state |= {"layout_chosen": {}, "problem": ""}
        render(page, SimulationWidget, state)

    def tell(self, **message):
        self.page.evaluate("message => tell(message)", message)

    def put(self, *rows):
        self.tell(kind="all", total=len(rows), now=0.0)
        self.tell(kind="rows", **packed(dict(enumerate(rows))))
        self.page.wait_for_selector(f"[data-sim='{rows[-1].name}']")

    def change(self, number, **values):
        parts = [part for k, v in values.items() for part in (FIELDS.index(k), v)]
        self.tell(kind="changes", changes=[[number, *parts]])

    def choose(self, *names):
        for name in names:
            self.page.click(f"[data-sim='{name}'] .asyncmd-sims-mark")

    def press(self, action):
        self.page.click(f".asyncmd-sims-actions [data-action={action}]")

    def asked(self):
        dialog = self.page.locator("dialog")
        return {
            "title": dialog.locator("h2").inner_text(),
            "list": dialog.locator("li").all_inner_texts(),
            "go": dialog.locator(".asyncmd-sims-go").inner_text(),
            "text": " ".join(dialog.locator("p").all_inner_texts()),
        }

    def acted(self):
        self.page.click(".asyncmd-sims-go")
        return sent(self.page, "act")[-1]


@pytest.fixture
def front(chromium):
    with chromium.new_context(viewport={"width": 1400, "height": 800}) as context:
        context.set_default_timeout(30_000)
        yield Front(context.new_page())


def test_holding_asks_for_all_that_it_holds(front):
    front.put(*(simulation("four", i) for i in range(4)), simulation("other", 0))
    front.choose("four/1", "four/2")
    front.press("hold")
    asked = front.asked()
    assert asked["title"] == "Hold 4 simulations?"
    assert asked["go"] == "Hold 4 simulations"
    assert asked["list"] == [f"four, walker {i}" for i in range(4)]
    assert "You chose 2 of them" in asked["text"]
    assert sorted(front.acted()["rows"]) == [0, 1, 2, 3]


def test_resuming_counts_only_what_can_go_on(front):
    held = {"state": "held", "can": int(Action.CANCEL | Action.RESUME)}
    ended = {"state": "done", "can": 0}
    front.put(*(simulation("four", i, **held) for i in range(3)), simulation("four", 3, **ended))
    front.choose("four/1")
    front.press("resume")
    asked = front.asked()
    assert (asked["title"], len(asked["list"])) == ("Resume 3 simulations?", 3)


def test_cancelling_asks_for_what_was_chosen(front):
    front.put(*(simulation("four", i) for i in range(4)))
    front.choose("four/1", "four/2")
    front.press("cancel")
    asked = front.asked()
    assert asked["title"] == "Cancel 2 simulations?"
    assert "You chose" not in asked["text"]
    assert sorted(front.acted()["rows"]) == [1, 2]


def test_last_values_say_what_is_known(front):
    aims = (("alphaR", None), ("C7eq", None))
    front.put(
        simulation("going", 0, aims=aims, values=(0.0, None)),
        simulation("ended", 0, state="reached", aims=aims, values=(1.0, 0.0), can=0),
        simulation("phis", 0, aims=(("phi", ("alphaR", "C7eq")),), values=(-121.7, 0.0, 5.0)),
    )
    assert front.page.get_by_text("alphaR: not yet", exact=True).is_visible()
    assert front.page.get_by_text("alphaR: holds; C7eq: did not hold", exact=True).is_visible()
    assert front.page.get_by_text("phi -121.7 (fits alphaR, 5 from C7eq)").is_visible()


def focused(front):
    return front.page.evaluate("document.activeElement.className || document.activeElement.tagName")


def confirm_hold(front):
    front.page.locator(".asyncmd-sims-actions [data-action=hold]").press("Enter")
    front.page.locator("dialog .asyncmd-sims-go").press("Enter")
    front.page.locator("dialog").wait_for(state="hidden")


def test_the_focus_goes_to_the_table_when_a_button_is_disabled(front):
    front.put(simulation("one", 0))
    front.choose("one/0")
    confirm_hold(front)
    front.change(0, state="held", can=int(Action.CANCEL | Action.RESUME))
    front.page.wait_for_selector(".asyncmd-sims-actions [data-action=hold]:disabled")
    assert "asyncmd-sims-grid" in focused(front)


def test_the_focus_stays_in_opened_details(front):
    front.put(simulation("one", 0))
    front.page.click("[data-sim='one/0'] .asyncmd-sims-arrow")
    front.page.locator(".asyncmd-sims-details [data-action=hold]").press("Enter")
    front.page.locator("dialog .asyncmd-sims-go").press("Enter")
    front.page.locator("dialog").wait_for(state="hidden")
    front.change(0, state="held", can=int(Action.CANCEL | Action.RESUME))
    front.page.wait_for_selector(".asyncmd-sims-details [data-action=hold]:disabled")
    assert "asyncmd-sims-panel" in focused(front)


def test_the_focus_goes_to_the_table_when_a_button_is_disabled_meanwhile(front):
    front.put(simulation("one", 0))
    front.choose("one/0")
    front.page.locator(".asyncmd-sims-actions [data-action=hold]").press("Enter")
    front.change(0, state="held", can=int(Action.CANCEL | Action.RESUME))
    front.page.wait_for_selector(".asyncmd-sims-actions [data-action=hold]:disabled")
    front.page.locator("dialog .asyncmd-sims-go").press("Enter")
    front.page.wait_for_selector(".asyncmd-sims-grid:focus")


def test_details_without_a_log_take_little_room(front):
    front.put(simulation("one", 0), simulation("one", 1))
    front.page.click("[data-sim='one/0'] .asyncmd-sims-arrow")
    answer = {"kind": "detail", "row": 0, "tab": "log", "logs": ["a/log"], "chosen": "a/log"}
    front.tell(**answer, text="", replace=True)
    front.page.get_by_text("Nothing has been written yet.").wait_for()
    front.page.wait_for_function(ROOM_IS, arg=110)
    front.tell(kind="detail", row=0, tab="log", text="a line")
    front.page.wait_for_function(ROOM_IS, arg=300)


def test_in_a_narrow_notebook_what_one_reaches_for_stays_in_sight(front):
    """What runs comes first, walkers in their order; Cancel, and the state that was reached."""
    states = {0: "reached", 1: "waiting", 2: "running", 10: "waiting"}
    front.put(
        *(
            simulation(
                "a_rather_long_name_of_a_run",
                walker,
                state=state,
                note="alphaL_by_the_way" if state == "reached" else "",
                reason="waits for free cores (2 may be used)" if state == "waiting" else "",
                limit=1000.0,
                aims=(("phi", ("alphaL_by_the_way", "C7eq")),),
                values=(-57.2, 12.5, 120.0),
            )
            for walker, state in states.items()
        )
    )
    front.page.set_viewport_size({"width": 520, "height": 500})
    rows = front.page.locator(".asyncmd-sims-body > [data-sim]")
    shown = rows.evaluate_all(
        """rows => rows.toSorted((a, b) => a.ariaRowIndex - b.ariaRowIndex)
            .map(row => row.dataset.sim.split("/")[1])"""
    )
    assert shown == ["2", "1", "10", "0"]
    grid = front.page.locator(".asyncmd-sims-grid").bounding_box()
    right = grid["x"] + grid["width"]
    front.page.wait_for_selector(".asyncmd-sims-grid[data-wide]")  # there is more to the right
    cancel = front.page.get_by_role("button", name="Cancel a_rather_long_name_of_a_run, walker 2")
    box = cancel.bounding_box()
    assert box["x"] + box["width"] <= right
    seen = "([x, y]) => document.elementFromPoint(x, y).closest('button')?.ariaLabel"
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert front.page.evaluate(seen, middle) == cancel.get_attribute("aria-label")
    note = front.page.locator("[data-state=reached] .asyncmd-sims-faint")
    assert note.inner_text() == "alphaL_by_the_way"
    assert note.evaluate("note => note.scrollWidth <= note.clientWidth")
    end = note.bounding_box()
    assert end["x"] + end["width"] <= box["x"]
    front.page.select_option(".asyncmd-sims select", "run")
    group = front.page.locator(".asyncmd-sims-grouprow")
    group.get_by_text("1 of 4 reached, 1 running, 2 waiting").wait_for()
