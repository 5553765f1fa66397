"""The guide to campaigns on Slurm, executed on a real cluster as a user gets it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from slurm.cluster.waiting import wait_until
from slurm.launcher.launching import queued

from asyncmd_jupyter.jupyter import headless

GUIDE = Path(__file__).parents[3] / "notebooks" / "01-campaigns-on-slurm.ipynb"
N_WALKERS = 4
REACHED = {"first": {"alphaR", "C7eq"}, "crossing": {"alphaR", "C7eq"}}
JOBS = {"first": 1, "crossing": N_WALKERS, "CVfunc_id_": N_WALKERS, "hello": 1}
if shutil.which("gmx"):
    REACHED["gromacs"] = {"ring", "stretched"}
    JOBS["gromacs"] = 1


@pytest.fixture
def copy(tmp_path):
    """The notebook in a folder of its own, where it leaves its files."""
    folder = tmp_path / "it's a guide"
    folder.mkdir()
    return Path(shutil.copy(GUIDE, folder))


def names_and_states(cluster):
    """What Slurm knows of each job, by its id."""
    arguments = ("--noheader", "--array", "--states=all", "--format=%i %T %j")
    lines = cluster.control.run("squeue", *arguments).splitlines()
    found = (line.split(maxsplit=2) for line in lines)
    return {job: (name, state) for job, state, name in found}


def text_of(notebook, source):
    """What the cell that contains a text has printed."""
    cells = nbformat.read(notebook, as_version=4).cells
    (cell,) = (c for c in cells if c.cell_type == "code" and source in c.source)
    return "".join(output.get("text", "") for output in cell.outputs)


def test_the_guide_holds_on_a_cluster(cluster, copy):
    before = names_and_states(cluster)
    said: list[str] = []
    result = headless.execute(copy, said.append)

    assert result.error is None, "".join(said)
    reached = {
        run["run"]: {name for w in run["walkers"] for name in w["reached"]} for run in result.runs
    }
    assert reached.keys() == REACHED.keys()
    assert all(found and found <= REACHED[run] for run, found in reached.items())
    assert [len(run["walkers"]) for run in result.runs if run["run"] == "crossing"] == [N_WALKERS]

    wait_until(lambda: queued(cluster) == {}, "no job is left in the queue")
    after = names_and_states(cluster)
    ours = [after[job] for job in after.keys() - before.keys()]
    assert {state for _, state in ours} == {"COMPLETED"}
    for name, number in JOBS.items():
        assert sum(job.startswith(name) for job, _ in ours) == number, ours
    assert len(ours) == sum(JOBS.values())

    differences = re.findall(r"difference (\S+)", text_of(copy, "in_slurm[number]"))
    assert len(differences) == N_WALKERS
    assert max(map(float, differences)) < 0.001
    assert re.search(r"^\d+_0 ", text_of(copy, "!squeue"), re.M), "walkers are tasks of an array"
    assert text_of(copy, "cat crossing/nodes.txt").count(" on n") == N_WALKERS
    assert "0 this is n" in text_of(copy, "communicate()")
    assert "left out 'output'" in text_of(copy, '"output": "my.log"')
