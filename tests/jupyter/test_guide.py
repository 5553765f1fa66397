"""The guide to watching and steering does what it says, from the first cell to the last."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from asyncmd_jupyter.jupyter.outcome import RUN_MIME

GUIDE = Path(__file__).parents[2] / "notebooks" / "02-watching-and-steering.ipynb"


@pytest.fixture
async def executed(tmp_path, monkeypatch):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    notebook = nbformat.read(GUIDE, as_version=4)
    folder = {"metadata": {"path": str(tmp_path)}}
    await NotebookClient(notebook, timeout=400, resources=folder).async_execute()
    return notebook


def said(notebook, line):
    """What the cell that begins with a line has left, as text."""
    (cell,) = (c for c in notebook.cells if c.source.startswith(line))
    texts = (o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs)
    return "\n".join(texts)


async def test_all_cells(executed):
    ends = {}
    for cell in executed.cells:
        for output in cell.get("outputs", ()):
            if run := output.get("data", {}).get(RUN_MIME):
                ends[run["run"]] = [walker["state"] for walker in run["walkers"]]
    assert ends == {
        "fate-a": ["reached"] * 3,
        "fate-b": ["reached"] * 3,
        "again": ["reached"] * 4,
        "reckless": ["failed"],
    }
    dry, _ = (c for c in executed.cells if c.source.startswith("%%asyncmd"))
    assert "fate-a_0.part0001" in dry.outputs[0].text
    assert "12 simulations" in said(executed, "%asyncmd runs")
    assert "free energy" in said(executed, "%asyncmd plot fates --plane")
    assert "would have ended" in said(executed, "%asyncmd plot fates --until")
    assert "start_0.trr" in said(executed, "%asyncmd history")
    assert "blew up" in said(executed, "%asyncmd why")
    assert "Held: long" in said(executed, "%asyncmd hold")
    assert "Cancelled" in said(executed, "%asyncmd cancel")
    assert "ended in C7eq: " in said(executed, "from asyncmd_jupyter.trajectory")
