"""Campaigns, lengths and what an earlier kernel left, in real kernels."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LOAD = "%load_ext asyncmd_jupyter"
SETUP = """
import asyncio
from asyncmd_jupyter.testing import ToyEngine
engine = ToyEngine(nstout=10, seed=1)

def never(trajectory):
    return trajectory.frame_table().steps < 0
"""
CAMPAIGN = """%%asyncmd propagate engine --campaign scan -o runs

# A condition, and then the runs.
def late(trajectory):
    return trajectory.frame_table().steps >= 100

--name a --until late
--name b --steps 50 --n 2
"""
SLOW = "%asyncmd propagate engine --until never --name slow"

END = """
from asyncmd_jupyter.sampling.runs import Runs

async def end():
    await asyncio.sleep(3)
    await Runs.current().get("slow").cancel()

task = asyncio.create_task(end())
"""


@pytest.fixture
def execute(tmp_path, monkeypatch):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    (tmp_path / "here").mkdir()

    async def run(*cells):
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        resources = {"metadata": {"path": str(tmp_path / "here")}}
        client = NotebookClient(notebook, kernel_name="python3", timeout=120, resources=resources)
        try:
            await client.async_execute()
        except CellExecutionError as error:
            notebook.metadata["failure"] = f"{error.ename}: {error.evalue}"
        return notebook

    return run


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def shown(cell):
    return [output.get("data", {}).get("text/plain", "") for output in cell.outputs]


async def test_a_campaign_and_the_kernel_after_it(execute):
    first = await execute(
        LOAD,
        SETUP,
        CAMPAIGN,
        "%asyncmd wait scan -o paths",
        "print([run.id for run in runs], paths[0].last_step, paths[1][1].last_step)",
        SLOW,
        "%asyncmd propagate?",
        "from asyncmd_jupyter.sampling.runs import Runs\n"
        "while not Runs.current().get('slow').snapshot().walkers[0].n_frames: "
        "await asyncio.sleep(0.05)",
    )
    assert "failure" not in first.metadata
    assert printed(first.cells[0]) == ""
    assert printed(first.cells[4]) == "['a', 'b'] 100 50\n"
    assert printed(first.cells[6]).startswith("%asyncmd propagate ENGINE")

    second = await execute(
        LOAD,
        SETUP,
        "%asyncmd attach",
        "%asyncmd runs",
        "%asyncmd cancel slow",
        "%asyncmd wait",
    )
    assert "failure" not in second.metadata
    offer = "3 runs of an earlier kernel are here (1 had not ended): %asyncmd attach brings them"
    assert printed(second.cells[0]).startswith(offer)
    assert "Brought back: a, b, slow." in printed(second.cells[2])
    ends = "\n".join(shown(second.cells[5]))
    assert "late reached after 1.00 ps" in ends
    assert "full length" in ends
    assert "cancelled after" in ends


async def test_waiting_says_how_far_it_is(execute):
    notebook = await execute(
        LOAD,
        SETUP,
        SLOW,
        END,
        "%asyncmd wait slow",
    )
    assert "failure" not in notebook.metadata
    assert any(
        "ended after " in text and text.startswith("slow: ") for text in shown(notebook.cells[4])
    )


async def test_an_error_in_a_cell_names_the_line(execute):
    notebook = await execute(LOAD, SETUP, CAMPAIGN.replace("--until late", "--until lat"))
    assert notebook.metadata["failure"].startswith("UsageError: Line 7: There is nothing called")
    assert "Did you mean 'late'?" in notebook.metadata["failure"]


async def test_what_is_no_condition_fails_the_cell(execute):
    notebook = await execute(
        LOAD,
        SETUP,
        "start = await engine.apply_constraints(None, 'start.trr')\n"
        "def times(trajectory):\n    return trajectory.frame_table().times",
        "%asyncmd propagate engine --from start --until times --name bad",
        "print('never')",
    )
    assert "The condition times has to give one bool per frame" in notebook.metadata["failure"]
    assert not notebook.cells[-1].outputs


async def test_a_condition_that_raises_on_the_start_is_explained(execute):
    notebook = await execute(
        LOAD,
        SETUP,
        "start = await engine.apply_constraints(None, 'start.trr')\n"
        "def broken(trajectory):\n    raise ValueError('no such residue')",
        "try:\n    %asyncmd propagate engine --from start --velocities new --until broken "
        "--name brk\n"
        "except Exception as error:\n    print(error)",
        "%asyncmd why brk",
    )
    assert printed(notebook.cells[3]) == (
        "The run 'brk' was not started: ValueError: no such residue. In the condition broken, "
        "line 3 of broken: raise ValueError('no such residue')\n"
    )
    [why] = shown(notebook.cells[4])
    assert why.startswith("Run brk, not started: ")
    assert "ValueError: no such residue" in why


async def test_a_dry_run_says_whether_the_queue_can_be_asked(execute):
    order = "%asyncmd propagate engine --until never --name far --launcher {} --dry-run"
    notebook = await execute(
        LOAD,
        SETUP,
        "%asyncmd config slurm_sinfo_executable=/bin/false",
        order.format("slurm"),
        order.format("local"),
        "%asyncmd config slurm_sinfo_executable=/bin/true",
        order.format("slurm"),
    )
    assert "failure" not in notebook.metadata
    note = "Note: Slurm can't be asked from this machine, so the run would fail. sinfo said: "
    assert note in printed(notebook.cells[3])
    for cell in (notebook.cells[4], notebook.cells[6]):
        assert "Nothing was written or started" in printed(cell)
        assert "Note" not in printed(cell)


async def test_a_failed_run_is_told_once(execute):
    notebook = await execute(
        LOAD,
        SETUP,
        "def broken(trajectory):\n    raise KeyError('res 7')",
        "%asyncmd propagate engine --until broken --name brk",
        "%asyncmd wait brk",
    )
    ename, _, evalue = notebook.metadata["failure"].partition(": ")
    assert (ename, evalue[:42]) == ("FailedRunError", "The run 'brk' failed: KeyError: 'res 7'. I")
    *_, outcome, error = notebook.cells[4].outputs
    assert "KeyError: 'res 7'" in outcome["data"]["text/plain"]
    assert error["traceback"] == ["Failed, see above: the run brk. '%asyncmd why brk' says more."]
