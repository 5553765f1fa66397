"""What users get wrong: one line that names the value and the way out, in a cell that fails."""

import os
import re

import pytest
from IPython.core.interactiveshell import InteractiveShell

from asyncmd_jupyter.jupyter.waiting import FailedRunError
from asyncmd_jupyter.jupyter.widgets.summary import summary_html, summary_text

SETUP = """
from pathlib import Path
import numpy as np
from asyncmd_jupyter import Trajectory
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.openmm import OpenMMEngine

pdb = alanine_dipeptide()
engine = OpenMMEngine.from_pdb(pdb, "amber99sbildn.xml", "amber99_obc.xml", nstout=50)
start = Trajectory(pdb, structure_file=pdb)
number = 3

def never(traj):
    return np.zeros(len(traj), dtype=bool)

def nothing_given(traj):
    return None

def no_bools(traj):
    return np.ones(len(traj))

def too_short(traj):
    return np.ones(len(traj) + 1, dtype=bool)

def fails(traj):
    raise KeyError("x")

Path("empty.trr").touch()
Path("a_file").touch()
Path("used").mkdir()
Path("used/used.part0001.trr").touch()
lines = Path(pdb).read_text().splitlines()
atoms = [line for line in lines if line.startswith(("ATOM", "HETATM"))]
Path("few.pdb").write_text("\\n".join([*atoms[:19], "END"]))
few = Trajectory("few.pdb", structure_file="few.pdb")
"""


class Shell:
    """Runs cells in this event loop, as a kernel does."""

    def __init__(self, shell, capsys):
        self.shell = shell
        self.capsys = capsys

    async def error(self, cell):
        """Run a cell that has to fail, and return the one line that it says."""
        self.capsys.readouterr()
        result = await self.run(cell)
        if result.success:
            return "nothing is wrong"
        said = self.capsys.readouterr().err.strip()
        if isinstance(result.error_in_exec, FailedRunError):
            said = f"UsageError: {result.error_in_exec}"
        assert said.startswith("UsageError: ")
        assert "\n" not in said
        return re.sub(" at 0x[0-9a-f]+", "", said.removeprefix("UsageError: "))

    async def run(self, cell):
        transformed = self.shell.transform_cell(cell)
        return await self.shell.run_cell_async(cell, transformed_cell=transformed)


@pytest.fixture
async def shell(here, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.history_manager.enabled = False
    made.run_line_magic("load_ext", "asyncmd_jupyter")
    shell = Shell(made, capsys)
    assert (await shell.run(SETUP)).success
    yield shell
    await shell.run("%asyncmd cancel --all")
    made.run_line_magic("unload_ext", "asyncmd_jupyter")
    made.history_manager.end_session()
    InteractiveShell.clear_instance()


IN_USE = (
    "The name 'used' is in use: '{here}/used' holds files of an earlier run, such as "
    "used.part0001.trr. Choose another name, or ask to overwrite or to continue it."
)
NEVER = "engine --until never --name a"


@pytest.mark.filterwarnings("ignore::UserWarning")
async def test_before_anything_is_started(shell, tmp_path):
    said = {
        f"{NEVER} --from missing.trr": "There is neither a file nor a name 'missing.trr' here. "
        "There is nothing called 'missing' in this notebook. There is: few, start.",
        f"{NEVER} --from 'missing.trr'": "Trajectory file {here}/missing.trr does not exist; "
        "check the name and the working directory.",
        f"{NEVER} --from empty.trr": "Trajectory file {here}/empty.trr is empty. If a simulation "
        "has just begun to write it, wait for its first frame.",
        f"{NEVER} --from strat": "There is nothing called 'strat' in this notebook. "
        "Did you mean 'start'?",
        f"{NEVER} --from number": "number is 3, but a start is a Trajectory or the name of a file.",
        "engine --until nevr --name a": "There is nothing called 'nevr' in this notebook. "
        "Did you mean 'never'?",
        "engin --until never --name a": "There is nothing called 'engin' in this notebook. "
        "Did you mean 'engine'?",
        "never --until never --name a": "never is <function never>, no MD engine such as an "
        "OpenMMEngine; engines here: engine.",
        "start --until never --name a": "start is a trajectory, no MD engine such as an "
        "OpenMMEngine; engines here: engine.",
        "engine --until number --name a": "A condition has to be a function that takes "
        "a trajectory, not 3 of type int.",
        f"{NEVER} --walltime 0": "walltime=0.0 has to be a positive number of hours.",
        f"{NEVER} --walltime -2.5": "walltime=-2.5 has to be a positive number of hours.",
        f"{NEVER} --walltime nan": "walltime=nan has to be a positive number of hours.",
        f"{NEVER} --workdir a_file": "--workdir a_file is a file: give a folder.",
        f"{NEVER} --workdir nowhere": "The work folder '{here}/nowhere' does not exist: "
        "create it first.",
        "engine --until never --name a_file": "The work folder '{here}/a_file' is a file: "
        "choose another name.",
        "engine --until never --name used": IN_USE,
        "engine --until never --name a.part0001": "name='a.part0001' holds '.part0001', which "
        "marks the parts of a simulation: GROMACS leaves it out of the names of its files, so "
        "those of 'a' would be overwritten. Choose another name, such as 'a_part0001'.",
        "engine --until never --name ../up": "name='../up' names a folder and files: use letters, "
        "digits, '_', '-' and '.', beginning with a letter or digit.",
        f"{NEVER} --n 0": "n=0 has to be a whole number of at least 1.",
        f"{NEVER} --n 1.5": "argument --n: '1.5' is no whole number (see '%asyncmd propagate "
        "--help')",
        f"{NEVER} --max-steps 0": "max_steps=0 has to be at least 1.",
        f"{NEVER} --max-steps 10": "max_steps=10 is less than nstout=50 (0.1 ps): no frame "
        "would be written. Give more steps.",
        f"{NEVER} --max-ps 0": "--max-ps 0 has to be more than 0 (ps).",
        f"{NEVER} --continue --overwrite": "Give either overwrite or continuation: they exclude "
        "each other.",
        f"{NEVER} --from few": "The start few.pdb has 19 atoms, the engine's system 22: "
        "they belong to different systems.",
    }
    before = sorted(tmp_path.iterdir())
    wrong = {}
    for line, expected in said.items():
        error = await shell.error(f"%asyncmd propagate {line}")
        if error != expected.replace("{here}", str(tmp_path)):
            wrong[line] = error
    assert not wrong, "\n".join(f"{k} => {v}" for k, v in wrong.items())
    assert sorted(tmp_path.iterdir()) == before


async def test_a_file_with_another_number_of_atoms(shell):
    said = await shell.error(f"%asyncmd propagate {NEVER} --from few.pdb")
    assert said == (
        "The start few.pdb has 19 atoms, the engine's system 22: they belong to different systems."
    )


async def test_a_folder_that_can_t_be_written_to(shell, tmp_path):
    line = f"%asyncmd propagate {NEVER} --workdir"
    if os.geteuid() == 0:  # who may write everywhere, but not there
        assert (await shell.run(f"{line} /proc")).success
        assert "'/proc/a'" in await shell.error("%asyncmd wait a")
        return
    (tmp_path / "mine").mkdir(mode=0o500)
    expected = f"The work folder '{tmp_path}/mine' can't be written to."
    assert await shell.error(f"{line} mine") == expected


async def test_a_name_of_a_run_that_goes_on(shell):
    await shell.run("%asyncmd propagate engine --until never --name going")
    for more in ("", " --overwrite", " --continue"):
        said = await shell.error(f"%asyncmd propagate engine --until never --name going{more}")
        assert said == "The name 'going' is in use by a run that goes on: choose another one."


ROWS = "an array of numbers or bools with one row for each of the 1 frames is needed."
FAILS = "KeyError: 'x'. In the condition fails, line 25 of fails: raise KeyError(\"x\")"
NO_CONDITIONS = {
    "nothing_given": f"nothing_given gave None, but {ROWS}",
    "no_bools": "The condition no_bools has to give one bool per frame, an array of dtype bool "
    "and shape (n_frames,), but gave dtype float64 and shape (1,). Compare the values "
    "(values > 0), or use Within(no_bools, low, high).",
    "too_short": f"too_short gave an array of dtype bool and shape (2,), but {ROWS}",
    "fails": FAILS,
}


@pytest.mark.filterwarnings("ignore:The start has no velocities")
@pytest.mark.parametrize("name", NO_CONDITIONS)
async def test_a_condition_that_gives_no_bools_is_told_by_view_and_wait(shell, name):
    line = f"%asyncmd propagate engine --from start --until {name} --name {name} -o run"
    assert (await shell.run(line)).success
    said = await shell.error(f"%asyncmd wait {name}")
    assert said == f"The run {name!r} failed: {NO_CONDITIONS[name]}"
    run = shell.shell.user_ns["run"].snapshot()
    end = said.removesuffix(".").partition("failed: ")[2]
    assert f"failed after 0.00 ps: {end}." in summary_text(run)
    assert re.search(r">Failed after 0\.00 ps: ", summary_html(run))


async def test_a_condition_that_fails_on_new_frames_writes_no_traceback(shell):
    """Without a start the first frames are those of the simulation."""
    assert (await shell.run("%asyncmd propagate engine --until fails --name a")).success
    assert await shell.error("%asyncmd wait a") == f"The run 'a' failed: {FAILS}"


VARIABLE = """
import openmm

integrator = openmm.VariableVerletIntegrator(1e-4)
variable = OpenMMEngine.from_pdb(
    pdb, "amber99sbildn.xml", "amber99_obc.xml", nstout=50, integrator=integrator
)
"""


async def test_a_time_is_no_number_of_steps_where_they_vary(shell, tmp_path, capsys):
    assert (await shell.run(VARIABLE)).success
    before = sorted(tmp_path.iterdir())
    for line, name in (("--ps 1", "ps"), ("--until never --max-ps 2", "max-ps")):
        said = await shell.error(f"%asyncmd propagate variable --name a {line}")
        steps = name.replace("ps", "steps")
        assert said == (
            f"--{name} {line[-1]} is no number of steps: those of this engine's integrator have "
            f"no fixed length. Give --{steps}."
        )
    assert sorted(tmp_path.iterdir()) == before
    assert (await shell.run("%asyncmd propagate variable --name a --steps 100 --dry-run")).success
    said = capsys.readouterr().out
    assert "100 steps each" in said
    assert "nan" not in said
