"""The history of a small campaign in JupyterLab."""

from itertools import combinations

from lab import Lab

CAMPAIGN = """
import numpy as np
from asyncmd_jupyter.jupyter.showing.history import show_history
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory import RandomVelocitiesFrameExtractor

def never(traj):
    return np.zeros(len(traj), bool)

async def walk(name, start, n_walkers, **changes):
    engine = ToyEngine(seed=5, **changes)
    run = start_run(engine, start, until=[never], name=name, n_walkers=n_walkers, max_steps=100)
    results = await run
    return run, results if n_walkers > 1 else [results]

first, (a, b) = await walk("first", None, 2)
frame = RandomVelocitiesFrameExtractor(300).extract("frame.trr", a, 4)
second, (c, d, e) = await walk("second", frame, 3)
third, _ = await walk("third", d, 2, barrier=9.0)
"""

LABELS = """root => [...root.querySelectorAll('text')].map(text => {
    const box = text.getBoundingClientRect();
    return [text.textContent, box.left, box.top, box.right, box.bottom];
})"""


def overlap(one: list, other: list) -> bool:
    _, left, top, right, bottom = one
    _, other_left, other_top, other_right, other_bottom = other
    sideways = left < other_right and other_left < right
    return sideways and top + 2 < other_bottom and other_top + 2 < bottom


def test_a_campaign_is_drawn_in_both_themes(lab: Lab) -> None:
    lab.open_cells("campaign.ipynb", CAMPAIGN, "show_history([first, second, third]);")
    lab.run_cell(0)
    lab.run_cell(1)
    drawing = lab.page.locator(".jp-OutputArea-output svg[role=img]")
    drawing.wait_for()
    drawing.scroll_into_view_if_needed()
    labels = drawing.evaluate(LABELS)
    said = [label[0] for label in labels]
    for name in ("first", "second", "third", "first_0", "second_2", "third_1"):
        assert name in said
    assert "ps since the first frame" in said
    assert not [(a[0], b[0]) for a, b in combinations(labels, 2) if overlap(a, b)]
    ink = "node => getComputedStyle(node).fill"
    text = drawing.locator("text", has_text="ps since").first
    light = text.evaluate(ink)
    lab.screenshot("history-light")
    lab.go_dark()
    assert text.evaluate(ink) != light
    lab.page.locator("#jupyterlab-splash").wait_for(state="detached")
    lab.screenshot("history-dark")
    lab.page.locator("summary", has_text="As a tree").click()
    tree = lab.page.locator("details pre")
    assert "random velocities at 300 K" in tree.inner_text()
    assert "[barrier = 9.0]" in tree.inner_text()
