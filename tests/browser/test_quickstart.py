"""The packaged notebook in JupyterLab, on real molecular dynamics."""

import re

import psutil
import pytest
from lab import Lab, changed, ink, picture

from asyncmd_jupyter.jupyter.quickstart import fresh_copy

FINAL = {"done", "failed", "cancelled", "lost"}
NEVER = """
def never(traj):
    return np.zeros(len(traj), dtype=bool)
"""


@pytest.fixture
def quickstart(lab):
    """A page with a fresh quickstart notebook in front."""
    lab.choose_in_palette("asyncmd: New quickstart notebook")
    lab.wait_for_notebook(f"{lab.folder.name}/asyncmd-quickstart/quickstart.ipynb")
    lab.keep_job_states()
    return lab


class RunView:
    """The live view of a run, below the cell that started it."""

    def __init__(self, lab: Lab, cell_index: int) -> None:
        self.lab, self.cell_index = lab, cell_index
        self.area = lab.cell(cell_index).locator(".jp-OutputArea")
        self.rows = self.area.locator("tr[data-job]")
        self.plot = self.area.locator("img.asyncmd-figure-image")
        self.molecule = self.area.locator(".asyncmd-molecule canvas").first
        self.said = self.area.locator(".widget-label", has_text=", frame")
        self.frame_slider = self.area.locator("input[type=range]:visible").last
        self.rows.first.wait_for()

    def states(self):
        return self.rows.evaluate_all("rows => rows.map(row => row.dataset.state)")

    def wait_for_jobs(self, n_jobs):
        self.lab.wait_until(
            lambda: len(self.states()) == n_jobs and all(state in FINAL for state in self.states())
        )

    def wait_for_the_end(self, n_walkers):
        """Wait until the plot and the molecule show the ends of all walkers."""
        reached = re.compile(r"walker (\d+) reached .+? at ([\d.]+ [a-z]+)(?=;|\.$)")

        def all_is_shown():
            ends = dict(reached.findall(self.plot.get_attribute("alt") or ""))
            return len(ends) == n_walkers and f"{ends['0']}, frame" in self.said.inner_text()

        took = self.area.get_by_text(re.compile(r"took \d")).locator("visible=true")

        def has_ended():
            # Outputs that grow move a cell out of sight, where the page no longer draws it.
            self.lab.cell(self.cell_index)
            return took.count() > 0

        self.lab.wait_until(has_ended)
        self.lab.wait_until(all_is_shown)

    def shown_time(self):
        """Time of the frame that is shown, in ps."""
        return float(self.said.inner_text().split()[0])

    def go_to_first_frame(self):
        """Choose a frame as a user does; returns how much of the molecule's picture changed."""
        self.said.wait_for()
        before = picture(self.molecule)
        self.frame_slider.press("Home")
        self.area.get_by_text("0.00 ps, frame 0", exact=True).wait_for()
        self.lab.wait_until(lambda: changed(before, picture(self.molecule)) > 0)
        return changed(before, picture(self.molecule))


def test_all_cells_run_and_the_views_are_alive(quickstart):
    views = 0
    for index, cell in quickstart.run_all_cells():
        if "%asyncmd propagate" in cell["source"]:
            n_walkers = 4 if "--n 4" in cell["source"] else 1
            check_view(RunView(quickstart, index), n_walkers, f"quickstart-run-{views}")
            views += 1
    quickstart.screenshot("quickstart-end")

    assert views == 2
    # Some jobs are over before the page has drawn their row.
    assert ["running", "done"] in [states[-2:] for states in quickstart.job_states().values()]
    quickstart.wait_until(lambda: cells_with_pictures(quickstart) >= 1)
    assert quickstart.errors == []


def check_view(view, n_walkers, name):
    view.wait_for_jobs(n_walkers)
    view.lab.wait_until(lambda: set(view.states()) == {"done"})
    view.wait_for_the_end(n_walkers)
    view.lab.wait_until(lambda: ink(picture(view.plot)) > 0.05)
    view.lab.wait_until(lambda: ink(picture(view.molecule)) > 0.02)
    assert view.go_to_first_frame() > 0.002
    view.lab.screenshot(name)


def test_the_views_work_in_notebook_7_too(lab):
    fresh_copy(lab.folder)
    path = f"{lab.folder.name}/quickstart.ipynb"
    lab.go_to(f"notebooks/{path}")
    lab.wait_for_notebook(path)
    lab.keep_job_states()
    for index, cell in lab.run_all_cells():
        if "%asyncmd propagate" in cell["source"]:
            check_view(RunView(lab, index), 1, "notebook-7-run")
            break
    assert lab.errors_about("asyncmd|NGL|removeAll|autoView|widget") == []


def cells_with_pictures(lab):
    outputs = [output for cell in lab.cells() for output in cell.get("outputs", ())]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_cancel_in_the_table_ends_the_worker(quickstart):
    for _, cell in quickstart.run_all_cells():
        if "Within(" in cell["source"]:
            break
    quickstart.run_cell(quickstart.add_cell(NEVER))
    index = quickstart.add_cell(
        "%asyncmd propagate engine --from start --until never --name endless"
    )
    quickstart.run_cell(index)
    view = RunView(quickstart, index)
    view.said.wait_for()
    quickstart.wait_until(lambda: view.states() == ["running"])
    running = workers(quickstart)
    assert running != []

    view.rows.first.get_by_role("button").click()
    psutil.wait_procs(running)  # the time limit of the test ends a vain wait
    view.wait_for_jobs(1)
    quickstart.wait_until(lambda: view.states() == ["cancelled"])
    # The state that is saved beside the live view says the same.
    said = view.area.get_by_text(re.compile("^Cancelled after [0-9.]+ ps")).first.inner_text()
    quickstart.wait_until(lambda: view.shown_time() >= float(said.split()[2]))
    quickstart.screenshot("quickstart-cancelled")
    quickstart.wait_until(lambda: ink(picture(view.plot)) > 0.02)
    assert quickstart.errors == []


def workers(lab):
    """Processes that compute a run of this test's notebook."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if "asyncmd_jupyter.engines.openmm.worker" in (process.info["cmdline"] or ())
        and str(process.info["cwd"]).startswith(str(lab.folder))
    ]
