"""The preview of trajectories in JupyterLab and Notebook 7, on real molecular dynamics."""

import re

import pytest
from lab import changed, ink, picture

from asyncmd_jupyter.jupyter.quickstart import fresh_copy

SYSTEM = """
import numpy as np
from openmm import app
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.jupyter.showing.molecule import show_molecule
from asyncmd_jupyter.openmm import OpenMMEngine
from asyncmd_jupyter.sampling.run import Runs, start_run

def never(traj):
    return np.zeros(len(traj), dtype=bool)

engine = OpenMMEngine.from_pdb(
    alanine_dipeptide(), "amber99sbildn.xml", "amber99_obc.xml",
    create_system={"constraints": app.HBonds}, nstout=50, seed=3,
)
"""
START = """
run = start_run(
    engine, None, until=[("never", never)], name="walk", n_walkers=3, max_steps=2000
)
view = show_molecule(run)
"""
SOLVATED = """
import numpy as np
from asyncmd_jupyter.examples import alanine_dipeptide_gromacs
from asyncmd_jupyter.gromacs import MDP, GmxEngine
from asyncmd_jupyter.jupyter.showing.molecule import show_molecule
from asyncmd_jupyter.sampling.run import start_run

def never(traj):
    return np.zeros(len(traj), dtype=bool)

files = alanine_dipeptide_gromacs(solvated=True)
mdp = MDP(files.mdp)
mdp["nstxout-compressed"] = 10
engine = GmxEngine(mdp, files.gro, files.top, mdrun_extra_args="-nt 1")
run = start_run(engine, None, until=[("never", never)], name="wet", max_steps=40)
view = show_molecule(run)
"""
TOGGLE = """
import asyncio
for _ in range(18):
    view._options._overlay.value = not view._options._overlay.value
    before = view.stage
    while view.stage in (before, None) or not view.stage._drawn_at < float("inf"):
        await asyncio.sleep(0.05)
"""
LAST = 40
NO_WEBGL = """
const get = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.includes("webgl") ? null : get.call(this, kind, ...rest);
};
"""


class Preview:
    """The preview below a cell."""

    def __init__(self, lab, index):
        self.lab = lab
        self.box = lab.cell(index).locator(".jp-OutputArea .asyncmd-preview").first
        self.molecule = self.box.locator(".asyncmd-molecule canvas").first
        self.said = self.box.locator(".widget-label", has_text="frame ").first

    def wait(self, last=LAST):
        """Wait for the last frame of the molecule, and bring it in view."""
        self.molecule.wait_for()
        self.lab.wait_until(lambda: self.shown_frame() == last)
        self.box.evaluate("box => box.scrollIntoView({block: 'end'})")
        self.lab.wait_until(lambda: ink(picture(self.molecule)) > 0.005)

    def changes_with(self, act):
        """Do something and wait until the molecule looks otherwise."""
        before = picture(self.molecule)
        act()
        self.lab.wait_until(lambda: changed(before, picture(self.molecule)) > 0.001)

    def choose(self, label, option):
        self.box.locator(".widget-dropdown", has_text=label).locator("select").select_option(option)

    def press(self, text):
        self.box.get_by_role("button", name=text).first.click()

    def shown_frame(self):
        return int(re.search(r"frame (\d+)", self.said.inner_text())[1])


@pytest.fixture
def notebook(lab):
    fresh_copy(lab.folder)
    path = f"{lab.folder.name}/quickstart.ipynb"
    lab.go_to(f"lab/workspaces/{lab.folder.name}/tree/{path}")
    lab.wait_for_notebook(path)
    lab.page.set_default_timeout(20_000)
    return lab


def run_cell(lab, source):
    index = lab.add_cell(source)
    lab.run_cell(index)
    return index


def said(lab, source):
    """What a cell prints."""
    index = run_cell(lab, source)
    outputs = lab.cells()[index]["outputs"]
    return "".join(output.get("text", "") for output in outputs)


def test_it_plays_overlays_and_starts_new_runs(notebook):
    lab = notebook
    view = Preview(lab, run_cell(lab, SYSTEM + START))
    view.wait()

    for style in ("Spheres", "Sticks", "Lines", "Automatic"):
        view.changes_with(lambda style=style: view.choose("Show:", style))
    lab.screenshot("preview-light")

    view.box.focus()
    view.changes_with(lambda: lab.page.keyboard.press("Home"))
    lab.wait_until(lambda: view.shown_frame() == 0)
    view.changes_with(lambda: lab.page.keyboard.press("ArrowRight"))
    lab.wait_until(lambda: view.shown_frame() == 1)
    view.changes_with(lambda: lab.page.keyboard.press("Space"))
    lab.wait_until(lambda: view.shown_frame() > 5)
    lab.page.keyboard.press("Space")

    view.changes_with(lambda: view.box.get_by_text("Overlay").click())
    lab.wait_until(lambda: "of 3 walkers" in view.said.inner_text())
    lab.execute("apputils:change-theme", theme="JupyterLab Dark")
    lab.wait_until(lambda: min(picture(view.molecule).getpixel((3, 3))) < 40)
    view.box.evaluate("box => box.scrollIntoView({block: 'end'})")
    lab.screenshot("preview-overlay-dark")
    view.changes_with(lambda: view.box.get_by_text("Overlay").click())

    restart_from_here(lab, view)
    lab.execute("apputils:change-theme", theme="JupyterLab Light")
    assert lab.errors == []


def restart_from_here(lab, view):
    view.box.focus()
    lab.page.keyboard.press("Home")
    lab.wait_until(lambda: view.shown_frame() == 0)
    view.press("Restart from here")
    form = view.box.locator(".asyncmd-restart")
    name = form.get_by_label("Name")
    lab.wait_until(lambda: name.input_value() == "walk-2")
    name.fill("walk")
    form.get_by_role("button", name="Start").click()
    view.box.get_by_role("alert").get_by_text("'walk' is in use").wait_for()

    name.fill("branch")
    assert form.get_by_label("Give up after").input_value() == "4"
    form.get_by_label("never").uncheck()
    form.get_by_label("Length").fill("")
    form.get_by_role("button", name="Start").click()
    view.box.get_by_role("alert").get_by_text("nothing would end the run").wait_for()
    form.get_by_label("Length").fill("4")
    form.get_by_label("Velocities").select_option("new ones (Maxwell-Boltzmann)")
    assert form.get_by_label("T / K").input_value() == "300"
    lab.screenshot("preview-restart-form")
    form.get_by_role("button", name="Start").click()
    view.box.get_by_role("status").get_by_text("Run branch was started from frame 0").wait_for()
    view.box.locator("tr[data-job]").first.wait_for()
    view.box.evaluate("box => box.scrollIntoView({block: 'end'})")
    lab.screenshot("preview-restarted")
    assert said(lab, "print(len(await Runs.current().get('branch')))") == f"{LAST + 1}\n"


@pytest.mark.gromacs
def test_water_of_a_solvated_molecule_can_be_hidden(notebook):
    lab = notebook
    view = Preview(lab, run_cell(lab, SOLVATED))
    view.wait(last=4)
    lab.screenshot("preview-solvated")
    view.changes_with(lambda: view.box.get_by_text("Water").click())
    lab.screenshot("preview-solvated-dry")
    view.changes_with(lambda: view.box.get_by_text("Water").click())
    view.changes_with(lambda: view.box.get_by_text("Whole molecules").click())
    assert lab.errors == []


def test_a_page_without_webgl_gets_a_projection(notebook):
    lab = notebook
    lab.page.add_init_script(NO_WEBGL)
    lab.reload()
    lab.wait_for_notebook(f"{lab.folder.name}/quickstart.ipynb")
    view = Preview(lab, run_cell(lab, SYSTEM + START))
    view.molecule = view.box.locator("img.asyncmd-figure-image")
    view.wait()
    view.box.get_by_text("Shown as a flat projection: this page has no WebGL").wait_for()
    view.changes_with(lambda: view.box.get_by_text("Overlay").click())
    lab.screenshot("preview-projection")
    assert view.box.locator("canvas").count() == 0
    assert lab.errors == []


def test_it_works_in_notebook_7_too(lab):
    fresh_copy(lab.folder)
    path = f"{lab.folder.name}/quickstart.ipynb"
    lab.go_to(f"notebooks/{path}")
    lab.wait_for_notebook(path)
    view = Preview(lab, run_cell(lab, SYSTEM + START))
    view.wait()
    view.changes_with(lambda: view.choose("Show:", "Spheres"))
    view.box.focus()
    view.changes_with(lambda: lab.page.keyboard.press("Home"))
    lab.screenshot("preview-notebook-7")
    assert lab.errors_about("asyncmd|NGL|widget|WebGL") == []


def test_views_that_are_gone_hold_nothing_of_the_graphics_card(notebook):
    """Chromium takes the oldest of more than 16 drawing contexts away, and warns."""
    lab = notebook
    warnings = []
    lab.page.on("console", lambda message: warnings.append(message.text))
    view = Preview(lab, run_cell(lab, SYSTEM + START))
    view.wait()
    run_cell(lab, TOGGLE)
    view.wait()
    assert [text for text in warnings if "Too many active WebGL contexts" in text] == []
