"""Views whose kernel is gone say so, show their last state, and come back."""

import nbformat
from lab import picture

SETUP = """
%load_ext asyncmd_jupyter
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.testing import ToyEngine

def time(traj):
    return traj.frame_table().times

never = Within(time, 1e9, 2e9)
soon = Within(time, 0.05, 1e9)
engine = ToyEngine(seed=1)
"""
LONG = "%asyncmd propagate engine --until never --name long"
SHORT = "%asyncmd propagate engine --until soon --name short\n%asyncmd wait short"
LOST = "has lost its kernel"
INVERTED = "invert(1) hue-rotate(180deg)"


def running(lab):
    return lab.page.locator("tr[data-job][data-state='running']")


def banner(lab):
    return lab.page.get_by_text(LOST)


def shade(image):
    """How light and dark of an image are changed to fit the page."""
    return image.evaluate("image => getComputedStyle(image).filter")


def start(lab):
    lab.open_cells("runs.ipynb", SETUP, LONG)
    lab.run_cell(0)
    lab.run_cell(1)
    running(lab).wait_for()
    lab.page.locator("img.asyncmd-figure-image:visible").wait_for()


def test_after_a_restart_views_say_that_they_are_dead_and_come_back(lab):
    start(lab)
    molecule = lab.page.locator(".asyncmd-molecule canvas")
    molecule.wait_for()
    assert banner(lab).count() == 0
    lab.restart_kernel()
    banner(lab).wait_for()
    lab.screenshot("dead-after-restart")
    lab.go_dark()
    image = lab.page.locator("img.asyncmd-figure-image")
    lab.wait_until(lambda: shade(image) == INVERTED)
    lab.wait_until(lambda: max(picture(molecule).getpixel((3, 3))) < 40)
    lab.screenshot("dead-in-the-other-theme")
    lab.go_light()
    assert shade(image) == "none"
    assert lab.page.locator(".asyncmd-View [inert] img.asyncmd-figure-image").is_visible()

    lab.page.get_by_role("button", name="Bring this view back").click()
    banner(lab).wait_for(state="detached")
    lab.page.get_by_role("button", name="Cancel run").click()
    lab.page.get_by_text("cancelled after").filter(visible=True).first.wait_for()
    lab.screenshot("dead-revived")
    assert lab.errors_about("asyncmd") == []
    assert [error for error in lab.errors if "addWidget" in error] == []


def test_after_restart_and_reload_the_saved_state_is_there(lab):
    start(lab)
    lab.save()
    lab.restart_kernel()
    lab.reload()
    lab.wait_for_notebook(f"{lab.folder.name}/runs.ipynb")
    banner(lab).wait_for()
    assert lab.page.locator(".asyncmd-View").get_by_text("long", exact=True).is_visible()
    lab.go_dark()
    lab.screenshot("dead-after-reload-dark")

    lab.page.get_by_role("button", name="Bring this view back").click()
    running(lab).wait_for()
    assert banner(lab).count() == 0


def test_an_untrusted_notebook_shows_the_saved_state(lab):
    lab.open_cells("runs.ipynb", SETUP, SHORT)
    lab.run_cell(0)
    lab.run_cell(1)
    lab.save()
    saved = nbformat.read(lab.folder / "runs.ipynb", as_version=4)
    saved.cells[0].source += "# of somebody else"
    saved.cells[1].outputs[0].metadata["seen"] = True
    lab.write_notebook("untrusted.ipynb", saved)
    lab.open_notebook("untrusted.ipynb")
    view = lab.page.locator(".jp-NotebookPanel:visible .asyncmd-View").first
    view.get_by_text("soon reached after").first.wait_for()
    lab.screenshot("untrusted")
    assert view.locator("img").count() > 0
    assert lab.page.locator(".jp-NotebookPanel:visible .jupyter-widgets").count() == 0


def test_views_outlive_their_kernel_in_notebook_7_too(lab):
    lab.write_cells("runs.ipynb", SETUP, LONG, "%asyncmd runs", "%asyncmd plot long")
    lab.go_to(f"notebooks/{lab.folder.name}/runs.ipynb")
    lab.wait_for_notebook(f"{lab.folder.name}/runs.ipynb")
    for index in range(4):
        lab.run_cell(index)
    running(lab).wait_for()
    lab.page.locator("img.asyncmd-figure-image:visible").first.wait_for()
    lab.screenshot("notebook-7-views")
    lab.restart_kernel()
    lab.wait_until(lambda: banner(lab).count() == 3)

    # One has taken all runs back, then, and the others follow nevertheless.
    lab.page.get_by_role("button", name="Bring this view back").nth(1).click()
    lab.wait_until(lambda: banner(lab).count() == 2)
    lab.run_cell(0)
    lab.run_cell(lab.add_cell("%asyncmd attach"))
    lab.wait_until(lambda: banner(lab).count() == 0)
    lab.screenshot("notebook-7-revived")
    assert [error for error in lab.errors if "addWidget" in error] == []
    lab.run_cell(lab.add_cell("%asyncmd cancel long"))
