"""The molecule in pages that are drawn anew while it loads."""

import pytest
from lab import ink, picture

SHOW = """
import asyncio
import numpy as np
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.jupyter.display import publish
from asyncmd_jupyter.jupyter.widgets.structure_text import shown_structure
from asyncmd_jupyter.jupyter.widgets.ngl_stage import NGLStage

structure = shown_structure(alanine_dipeptide())
rows = structure.lines
positions = np.array([[row[30:38], row[38:46], row[46:54]] for row in rows], dtype=np.float32)
stage = NGLStage(structure)
await stage.show(positions)
bundle = {
    "text/plain": "molecule",
    "application/vnd.jupyter.widget-view+json": {
        "version_major": 2, "version_minor": 0, "model_id": stage.widget.model_id
    },
}
publish(bundle, "molecule")
"""
DRAW_ANEW = """
for pause in {pauses}:
    await asyncio.sleep(pause)
    {update}
"""
ONCE = 'publish(bundle, "molecule", update=True)'
TWICE = 'publish({"text/plain": "in between"}, "molecule", update=True); ' + ONCE
# Widgets that an output holds, also those that it no longer shows.
HELD = """index => jupyterapp.shell.currentWidget.content.widgets[index]
    .outputArea.layout.widgets[0].widgets[1].widgets.length"""


@pytest.fixture
def show(lab):
    """Show a molecule and draw its output anew after each pause; returns the cell's index."""
    lab.choose_in_palette("asyncmd: New quickstart notebook")
    lab.wait_for_notebook(f"{lab.folder.name}/asyncmd-quickstart/quickstart.ipynb")

    def show(pauses, update):
        index = lab.add_cell(SHOW + DRAW_ANEW.format(pauses=pauses, update=update))
        lab.run_cell(index)
        canvas = lab.cell(index).locator(".asyncmd-molecule canvas").first
        canvas.wait_for()
        lab.wait_until(lambda: ink(picture(canvas)) > 0.01)
        return index

    return show


@pytest.mark.parametrize("pauses", [(0.0, 0.0), (0.05, 0.1, 0.3), (1.0,)])
def test_a_page_that_is_drawn_anew_while_it_loads_shows_the_molecule(lab, show, pauses):
    show(pauses, ONCE)
    lab.page.wait_for_timeout(500)
    assert lab.errors == []


@pytest.mark.parametrize(("update", "held"), [(ONCE, 2), (TWICE, 1)])
def test_what_an_output_held_goes_only_with_another_kind_in_between(lab, show, update, held):
    """Why a view is saved in two steps; where this fails, one may be enough."""
    index = show((4.0,), update)
    assert lab.page.evaluate(HELD, index) == held
    assert lab.errors == []
