"""The slider of a preview, and what lies over a plot: names, keys, and what goes to the kernel."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from plain import render, sent

from asyncmd_jupyter.jupyter.widgets.figure import FigureWidget
from asyncmd_jupyter.jupyter.widgets.frame_slider import FrameSlider


@pytest.fixture
def page(chromium):
    with chromium.new_context() as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        render(page, FrameSlider, {"value": 3, "max": 9, "label": "Frame"})
        yield page


def chosen(page):
    return [message["page"]["value"] for message in sent(page)]


def test_it_has_a_name_and_keys(page):
    slider = page.get_by_role("slider", name="Frame", exact=True)
    slider.press("Home")
    page.wait_for_function("sent.length === 1")
    slider.press("End")
    page.wait_for_function("sent.length === 2")
    assert chosen(page) == [0, 9]
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [violation["id"] for violation in found] == []


def test_answers_to_older_choices_do_not_take_the_handle_back(page):
    slider = page.get_by_role("slider")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    page.evaluate("change('value', 4)")
    assert slider.input_value() == "5"
    slider.press("ArrowRight")
    assert slider.input_value() == "6"
    page.evaluate("change('value', 6)")
    page.evaluate("change('max', 20); change('value', 20)")
    assert slider.input_value() == "20"
    assert slider.get_attribute("aria-valuetext") == "20 of 20"


OVERLAY = {
    "size": [600, 300],
    "axes": [
        {"name": "psi", "unit": "°", "box": [100, 20, 400, 100], "x": [0, 40], "y": [-180, 180]},
        {"name": "", "unit": "", "box": [100, 200, 400, 20], "x": [0, 40], "y": [20, 0]},
    ],
    "whole": {"x": [0, 40]},
    "is_zoomed": False,
}
PLOT = {
    "png": None,
    "overlay": OVERLAY,
    "cursor": {"time": 10, "dots": [[0, 10, 90, "#cc3311"]], "words": "10.0 ps, frame 5"},
    "image_width": 600,
    "image_dark": False,
    "alt": "a plot",
    "problem": "",
    "caption": "",
}
GIVE_AN_IMAGE = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 600, height: 300 });
  const blob = await new Promise((resolve) => canvas.toBlob(resolve));
  change("png", new DataView(await blob.arrayBuffer()));
}"""


@pytest.fixture
def plot(chromium):
    with chromium.new_context() as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        render(page, FigureWidget, dict(PLOT))
        page.evaluate(GIVE_AN_IMAGE)
        page.locator(".asyncmd-figure-cursor").wait_for(state="attached")
        yield page


def asked(page, kind):
    """What the plot has sent of a kind, without who has sent it."""
    found = [m["plot"] for m in sent(page) if m.get("plot", {}).get("kind") == kind]
    return [{k: v for k, v in one.items() if k not in ("view", "number")} for one in found]


def go_to(page, left, top):
    box = page.locator(".asyncmd-figure-over").bounding_box()
    page.mouse.move(box["x"] + left, box["y"] + top, steps=2)


def test_a_plot_marks_the_frame_and_sends_what_is_done_with_it(plot):
    cursor, dot = (plot.locator(f".asyncmd-figure-{one}").first for one in ("cursor", "dot"))
    assert (cursor.get_attribute("x1"), dot.get_attribute("cy")) == ("200", "45")
    assert plot.locator(".asyncmd-figure-said").inner_text() == "10.0 ps, frame 5"
    go_to(plot, 300, 60)
    plot.mouse.down()
    plot.mouse.up()
    assert asked(plot, "click") == [{"kind": "click", "left": 300, "top": 60}]
    plot.mouse.down()
    go_to(plot, 200, 80)
    assert plot.locator(".asyncmd-figure-dragged").get_attribute("width") == "100"
    plot.mouse.up()
    assert asked(plot, "zoom") == [{"kind": "zoom", "to": {"x": [10, 20]}}]
    frame = plot.get_by_role("group", name="Plot")
    for key in ("ArrowRight", "Home", "Enter", "Escape", "+"):
        frame.press(key)
    assert [one["key"] for one in asked(plot, "key")] == ["next", "first", "choose"]
    assert asked(plot, "zoom")[1] == {"kind": "zoom", "to": None}
    found = Axe().run(plot, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [violation["id"] for violation in found] == []
    plot.evaluate("change('overlay', {})")
    frame.wait_for(state="detached")  # a picture of which nothing is known is only a picture


def test_values_are_shown_at_the_pointer_only_as_long_as_it_is_there(plot):
    go_to(plot, 300, 60)
    plot.wait_for_function("sent.some((m) => m.plot?.kind === 'hover')")
    question = [m["plot"] for m in sent(plot) if m.get("plot", {}).get("kind") == "hover"][-1]
    told = {"words": "20.0 ps: psi 36°", "dots": [[0, 20, 36, "#0077bb"]]}
    answer = {name: question[name] for name in ("view", "number")}
    plot.evaluate("tell", {"plot": {**answer, "view": "another", "tip": told}})
    tip = plot.locator(".asyncmd-figure-tip")
    assert tip.is_hidden()
    plot.evaluate("tell", {"plot": {**answer, "tip": told}})
    assert tip.inner_text() == "20.0 ps: psi 36°"
    go_to(plot, 20, 280)
    tip.wait_for(state="hidden")


def test_a_kernel_that_does_not_answer_is_told_of(plot):
    plot.clock.install()
    go_to(plot, 300, 60)
    plot.mouse.down()
    plot.mouse.up()
    said = plot.locator(".asyncmd-figure-said")
    assert said.inner_text() == "10.0 ps, frame 5"
    plot.clock.fast_forward(5000)
    said.filter(has_text="The kernel does not answer").wait_for()
    question = [m["plot"] for m in sent(plot) if m.get("plot", {}).get("kind") == "click"][-1]
    plot.evaluate("tell", {"plot": {name: question[name] for name in ("view", "number")}})
    assert said.inner_text() == "10.0 ps, frame 5"
