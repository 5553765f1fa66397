"""The magics in a real kernel, on real MD."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

from asyncmd_jupyter.jupyter.outcome import RUN_MIME
from asyncmd_jupyter.jupyter.widgets.base import WIDGET_MIME
from asyncmd_jupyter.jupyter.widgets.shown import VIEW_MIME

SETUP = """
%load_ext asyncmd_jupyter
import MDAnalysis, numpy as np
from MDAnalysis.lib.distances import calc_dihedrals
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.openmm import OpenMMEngine
from asyncmd_jupyter.sampling.states import Within

def psi(traj):
    universe = MDAnalysis.Universe(traj.structure_file, *traj.trajectory_files)
    points = [universe.atoms.positions[[6, 8, 14, 16]] for _ in universe.trajectory]
    return np.rad2deg([calc_dihedrals(*p[:, None])[0] for p in points])

never = Within(psi, 500, 501)
anywhere = Within(psi, -200, 200)
engine = OpenMMEngine.from_pdb(
    alanine_dipeptide(), "amber99sbildn.xml", "amber99_obc.xml", nstout=50, seed=1
)
"""


LATE = """
import asyncio

def time(traj):
    return traj.frame_table().times

late = Within(time, 2, 1e9)
"""


@pytest.fixture
def execute(tmp_path, monkeypatch):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)

    async def run(*cells):
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(c) for c in (SETUP, *cells)]
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=300,
            resources={"metadata": {"path": str(tmp_path)}},
        )
        try:
            await client.async_execute()
        except CellExecutionError as error:
            notebook.metadata["failure"] = f"{error.ename}: {error.evalue}"
        return notebook

    return run


def data_of(cell):
    return [output.get("data", {}) for output in cell.outputs]


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


async def test_propagate_watch_wait(execute):
    notebook = await execute(
        "%asyncmd propagate engine --until hit=anywhere never --name first --max-ps 100 -o run\n"
        "print('at once:', run.snapshot().state.value)",
        "%asyncmd wait first -o result",
        "print(len(result) > 0, run.result is result)",
        DRAWN.format("not view.has_ended"),
        WARNINGS,
    )
    view, waited, result = notebook.cells[1:4]
    assert "failure" not in notebook.metadata
    assert "at once: preparing" in printed(view)
    record = next(data[RUN_MIME] for data in data_of(waited) if RUN_MIME in data)
    assert record["state"] == "reached"
    assert record["walkers"][0]["reached"] == ["hit"]
    assert printed(result) == "True True\n"
    shown = next(data for data in data_of(view) if data)
    assert WIDGET_MIME not in shown
    assert "hit reached after" in shown["text/plain"]
    assert "data:image" in shown["text/html"]
    warned = printed(notebook.cells[-1]).splitlines()
    assert "asyncmd: kept as #sim.part0002.trr.1#" in warned
    assert "asyncmd: not stored (ZeroDivisionError: division by zero)" in warned
    assert not [line for line in warned if "Traceback" in line or "only for the curious" in line]


# What threads and tasks in the background log has to be seen, without tracebacks.
WARNINGS = """
import logging, threading

def in_background():
    log = logging.getLogger("asyncmd_jupyter.engines.aside")
    log.warning("kept as %s", "#sim.part0002.trr.1#")
    log.info("only for the curious")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("not stored")

thread = threading.Thread(target=in_background)
thread.start()
thread.join()

"""


# Drawing takes the time it takes: each case waits for what it is about.
DRAWN = """
import asyncio
from asyncmd_jupyter.jupyter.views import Views
[view] = Views.current().of(["first"])
while {}: await asyncio.sleep(0.05)
"""
PROPAGATE = "%asyncmd propagate engine --until {} --name first"
HIT = "hit=late never"
WITHOUT_WAIT = {
    "ended before it was waited for": (HIT, ["await run", "%asyncmd wait first"], "reached"),
    "ended and nobody waited": (HIT, ["await run", "1 + 1"], "reached"),
    "ended while a cell did something else": (HIT, [DRAWN.format("not view.has_ended")], "reached"),
    "goes on": ("never", [DRAWN.format("'data:image' not in view.html()")], "runn"),
}
NOT_DRAWN = ("ended and nobody waited",)


@pytest.mark.parametrize("case", WITHOUT_WAIT)
async def test_what_is_saved_of_a_view_without_a_page(execute, tmp_path, monkeypatch, case):
    monkeypatch.setenv("ASYNCMD_END_JOBS_ON_SHUTDOWN", "1")
    until, cells, state = WITHOUT_WAIT[case]
    line = f"{PROPAGATE.format(until)} -o run"
    notebook = await execute(LATE, line, *cells, "%asyncmd jobs")
    assert "failure" not in notebook.metadata
    [shown] = data_of(notebook.cells[2])
    assert set(shown) - {VIEW_MIME} == {"text/plain", "text/html"}
    assert state in shown["text/plain"]
    assert "preparing" not in shown["text/plain"] + shown["text/html"]
    assert "<script" not in shown["text/html"]
    # A cell that waits for nothing may end before anything is drawn: words, not an old picture.
    seen = "reached after 2.00 ps" if case in NOT_DRAWN else "data:image"
    assert seen in shown["text/html"]
    [jobs] = data_of(notebook.cells[-1])
    assert set(jobs) - {VIEW_MIME} == {"text/plain", "text/html"}
    assert "first.part0001" in jobs["text/html"]

    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert seen in page
    assert f'<script type="{WIDGET_MIME}">' not in page


async def test_cancel_ends_the_run_and_the_table_says_so(execute):
    notebook = await execute(
        "%asyncmd propagate engine --until never --name second --n 2",
        "%asyncmd cancel second",
        "%asyncmd wait second",
        "%asyncmd jobs",
    )
    assert "failure" not in notebook.metadata
    record = next(data[RUN_MIME] for data in data_of(notebook.cells[3]) if RUN_MIME in data)
    assert [walker["state"] for walker in record["walkers"]] == ["cancelled"] * 2


async def test_a_failing_magic_stops_run_all(execute):
    notebook = await execute("%asyncmd propagate engin --until never --name x", "print('later')")
    assert "Did you mean 'engine'?" in notebook.metadata["failure"]
    assert "UsageError" in printed(notebook.cells[1])
    assert notebook.cells[2].outputs == []
