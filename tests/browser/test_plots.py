"""Plots of a small campaign on real molecular dynamics, in JupyterLab."""

import json
import re

import nbformat
import pytest
from lab import changed, ink, picture

SETUP = """
import asyncio
import MDAnalysis as mda
import numpy as np
from MDAnalysis.lib.distances import calc_dihedrals
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.jupyter.showing.plot import show_plot
from asyncmd_jupyter.openmm import OpenMMEngine
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.trajectory import Within

def torsion(traj, atoms):
    universe = mda.Universe(traj.structure_file, *traj.trajectory_files)
    positions = universe.trajectory.timeseries(order="fac")
    return np.degrees(calc_dihedrals(*(positions[:, atom] for atom in atoms)))

def phi(traj):
    return torsion(traj, (4, 6, 8, 14))

def psi(traj):
    return torsion(traj, (6, 8, 14, 16))

alphaR = Within(phi, -180, 0, period=360) & Within(psi, -100, 0, period=360)
C7eq = Within(phi, -180, 0, period=360) & Within(psi, 165, 200, period=360)
engine = OpenMMEngine.from_pdb(
    alanine_dipeptide(), "amber99sbildn.xml", "amber99_obc.xml",
    temperature=300, friction=1, nstout=20, seed=4,
)
start = await engine.apply_constraints(None, "start.trr")
until = [("alphaR", alphaR), ("C7eq", C7eq)]
runs = [
    start_run(engine, start, until=until, name=name, n_walkers=n, max_steps=20_000)
    for name, n in (("one", 1), ("two", 2))
]
"""
ENDED = "for run in runs: await run\nprint(runs)"
CELLS = (SETUP, "plot = show_plot(runs)", ENDED, "flat = show_plot(runs, plane=('phi', 'psi'))")
SAVED = "() => jupyterapp.shell.currentWidget.context.save()"


def notebook(*sources):
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    made.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return made


@pytest.fixture
def campaign(lab):
    """A notebook in front in which the campaign has been computed and plotted."""
    nbformat.write(notebook(*CELLS), lab.folder / "campaign.ipynb")
    path = f"{lab.folder.name}/campaign.ipynb"
    lab.execute("docmanager:open", path=path, factory="Notebook")
    lab.wait_for_notebook(path)
    for index in range(len(CELLS)):
        lab.run_cell(index)
    return lab


def image(lab, cell):
    found = lab.cell(cell).locator("img.asyncmd-figure-image")
    found.wait_for()
    return found


def alt_of(lab, cell, pattern):
    """Wait until the description of the image matches, and return it."""
    shown = image(lab, cell)
    lab.wait_until(lambda: re.search(pattern, shown.get_attribute("alt") or ""))
    return shown.get_attribute("alt")


def has_light_text(shown):
    """Whether there are some light pixels, but not as many as on a light page."""
    light = sum(shown.convert("L").histogram()[200:]) / (shown.width * shown.height)
    return 0.001 < light < 0.2


def test_a_campaign_is_plotted_edited_and_kept(campaign):
    lab = campaign
    said = alt_of(lab, 1, "the runs one and two over .*(reached|holds)")
    assert "two walker 1 reached" in said or "alphaR holds in" in said
    assert ink(picture(image(lab, 1))) > 0.02
    lab.screenshot("plot-light")

    edit_a_threshold(lab)
    zoom_and_go_back(lab)
    a_clicked_frame_is_shown(lab)
    plot_the_temperature(lab)

    assert "not a free energy" in alt_of(lab, 3, "psi against phi of the runs one and two")
    lab.cell(3).locator(".asyncmd-figure-caption", has_text="not a free energy").wait_for()
    # Not the image, which is replaced when it is drawn anew.
    lab.cell(3).locator(".asyncmd-figure").scroll_into_view_if_needed()
    assert ink(picture(image(lab, 3))) > 0.02
    lab.screenshot("plane-light")

    lab.execute("apputils:change-theme", theme="JupyterLab Dark")
    for cell in (1, 3):
        lab.wait_until(lambda cell=cell: has_light_text(picture(image(lab, cell))))
    lab.cell(3).locator(".asyncmd-figure").scroll_into_view_if_needed()
    lab.screenshot("plane-dark")
    image(lab, 1)
    lab.screenshot("plot-dark")

    lab.page.evaluate(SAVED)
    look_at_the_saved_one(lab)


def plot_the_temperature(lab):
    """Choose it from the list below the plot, which knows what the program writes."""
    choice = lab.cell(1).locator("select").first
    choice.select_option(value="Temperature (K)")  # waits until it is offered
    alt_of(lab, 1, r"phi, psi and Temperature \(K\)")
    choice.select_option(value="nothing else")
    alt_of(lab, 1, r"phi and psi of")


def edit_a_threshold(lab):
    """Type another limit, as a user does, and read what the page says."""
    area = lab.cell(1)
    area.get_by_text("Edit conditions").click()
    field = area.locator("input[type=text]").nth(6)  # the lower limit of psi for C7eq
    before = picture(image(lab, 1))
    field.fill("90,")
    area.get_by_role("alert").filter(has_text="no number").wait_for()
    field.fill("125")
    line = area.get_by_role("status")
    line.filter(has_text="Run one would have ended").wait_for()
    alt_of(lab, 1, "would have ended")
    assert changed(before, picture(image(lab, 1))) > 0.005
    field.scroll_into_view_if_needed()
    lab.screenshot("plot-edited")
    wanted = line.inner_text()
    field.fill("130")
    lab.wait_until(lambda: "Run one" in line.inner_text())
    area.get_by_role("button", name="As they were").click()
    line.wait_for(state="detached")
    lab.wait_until(lambda: not any("instead" in html for html in shown_now(lab)))
    assert "alphaR at" in wanted or "C7eq at" in wanted


class Plot:
    """The plot below a cell, with what lies over it."""

    def __init__(self, lab, cell):
        self.lab = lab
        self.frame = lab.cell(cell).locator(".asyncmd-figure-frame").first
        self.foot = lab.cell(cell).locator(".asyncmd-figure-foot").first
        self.cursor = self.frame.locator(".asyncmd-figure-cursor")

    @property
    def said(self):
        return self.foot.locator(".asyncmd-figure-said").inner_text()

    def point(self, across, down=0.3):
        """Move the pointer to a share of the width and height of the plot."""
        self.frame.scroll_into_view_if_needed()
        box = self.frame.bounding_box()
        at = box["x"] + across * box["width"], box["y"] + down * box["height"]
        self.lab.page.mouse.move(*at, steps=2)

    def drag(self, begin, end):
        self.point(begin)
        self.lab.page.mouse.down()
        self.point(end)
        self.lab.page.mouse.up()


def zoom_and_go_back(lab):
    """Drag a range of times, look at it, and show all again."""
    plot, before = Plot(lab, 1), picture(image(lab, 1))
    plot.drag(0.4, 0.6)
    whole = plot.foot.get_by_role("button", name="Whole range")
    whole.wait_for()
    lab.wait_until(lambda: changed(before, picture(image(lab, 1))) > 0.02)
    lab.screenshot("plot-zoomed")
    plot.frame.press("Escape")
    whole.wait_for(state="hidden")


def a_clicked_frame_is_shown(lab):
    """Point at a curve and click it: the molecule is there, and both keep to one frame."""
    plot = Plot(lab, 1)
    plot.point(0.4)
    tip = plot.frame.locator(".asyncmd-figure-tip")
    tip.wait_for()
    assert re.search(r" ps: phi -?[\d.]+°, psi -?[\d.]+°", tip.inner_text())
    lab.page.mouse.down()
    lab.page.mouse.up()
    molecule = lab.cell(1).locator(".asyncmd-preview")
    molecule.locator(".asyncmd-molecule canvas").first.wait_for()
    shown = molecule.locator(".widget-label", has_text="frame ").first
    lab.wait_until(lambda: frame_in(plot.said) == frame_in(shown.inner_text()) > 0)
    clicked, left = frame_in(plot.said), plot.cursor.get_attribute("x1")
    lab.screenshot("plot-and-molecule")
    plot.frame.press("ArrowRight")
    lab.wait_until(lambda: frame_in(plot.said) == frame_in(shown.inner_text()) == clicked + 1)
    assert plot.cursor.get_attribute("x1") != left
    slider = molecule.get_by_role("slider", name="Frame")
    assert slider.input_value() == str(clicked + 1)
    slider.press("Home")
    lab.wait_until(lambda: frame_in(plot.said) == 0)


def frame_in(said):
    """The number of the frame in a line of words; -1 without one."""
    found = re.search(r"frame (\d+)", said)
    return int(found[1]) if found else -1


def look_at_the_saved_one(lab):
    """What is shown of the saved notebook by somebody who doesn't trust it."""
    saved = json.loads((lab.folder / "campaign.ipynb").read_text())
    shown = html_in(saved["cells"])
    assert len(shown) == 2
    assert all("data:image/svg+xml;base64" in html and "<script" not in html for html in shown)
    assert all(len(html) < 350_000 for html in shown)
    saved["metadata"].pop("widgets", None)
    saved["cells"][0]["source"] = "# from elsewhere"
    saved["cells"][0]["outputs"] = [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"text/html": "<b>nobody signed this</b>"},
        }
    ]
    (lab.folder / "other.ipynb").write_text(json.dumps(saved))
    path = f"{lab.folder.name}/other.ipynb"
    lab.execute(
        "docmanager:open", path=path, factory="Notebook", kernelPreference={"shouldStart": False}
    )
    lab.page.wait_for_function(
        "path => jupyterapp.shell.currentWidget?.context?.path === path", arg=path
    )
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.context.ready")
    trusted = "() => jupyterapp.shell.currentWidget.content.widgets.map(c => c.model.trusted)"
    for cell in (1, 3):
        still = lab.cell(cell).locator("img[src^='data:image/svg+xml']:visible")
        still.wait_for()
        lab.wait_until(lambda still=still: ink(picture(still)) > 0.02)
        # Without a kernel, too, it fits to the dark page.
        assert "invert(1)" in still.evaluate("image => getComputedStyle(image).filter")
        assert max(picture(still).getpixel((3, 3))) < 60
    lab.screenshot("plot-untrusted")
    assert not any(lab.page.evaluate(trusted))


def shown_now(lab):
    """The static pictures that would be saved now."""
    return html_in(lab.cells())


def html_in(cells):
    """The HTML of all outputs."""
    bundles = [o.get("data", {}) for cell in cells for o in cell.get("outputs", ())]
    return ["".join(one["text/html"]) for one in bundles if "text/html" in one]
