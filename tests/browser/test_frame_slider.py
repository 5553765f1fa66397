"""The slider of a preview: its name, its keys, and what goes to the kernel."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from plain import render, sent

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
