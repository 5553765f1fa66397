"""Words and files of GROMACS that it does not promise, as this version has them."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from gromacs_systems import STEM, parameters
from reliance import relies_on

from asyncmd_jupyter.engines.gromacs.checkpoint import has_its_end, read_checkpoint
from asyncmd_jupyter.engines.gromacs.checkpoint_files import _BEGINS_CHECKPOINT, _HAS_ENDED
from asyncmd_jupyter.engines.gromacs.run_input import constraints_in
from asyncmd_jupyter.engines.gromacs.told import drawn_seeds, facts_in_log
from asyncmd_jupyter.engines.gromacs.words import deciding_words, has_obeyed_signal

pytestmark = pytest.mark.gromacs


class Stopped:
    """A run that was made ready by `grompp`, begun by `mdrun` and told to stop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        parameters(nstout=50, seed=-1).write(folder / "md.mdp")
        files = ["-f", "md.mdp", "-c", STEM.with_suffix(".gro"), "-p", STEM.with_suffix(".top")]
        made = self.gmx("grompp", *files, "-o", "a.tpr")
        self.grompp = made.stdout + made.stderr
        argv = ["gmx", "mdrun", "-s", "a.tpr", "-deffnm", "a.part0007", "-noappend", "-nt", "1"]
        run = subprocess.Popen(
            [*argv, "-nsteps", "-1"], cwd=folder, stderr=subprocess.PIPE, text=True
        )
        while not list(folder.glob("a*.trr")) and run.poll() is None:
            time.sleep(0.02)
        run.send_signal(signal.SIGTERM)
        self.mdrun = run.communicate()[1]
        self.exit_code = run.returncode
        self.names = {path.name for path in folder.iterdir()}
        self.checkpoint = next(folder.glob("a*.cpt"))
        self.log = next(folder.glob("a*.log"))

    def gmx(self, *words: object) -> subprocess.CompletedProcess[str]:
        argv = ["gmx", *map(str, words)]
        return subprocess.run(argv, cwd=self.folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    return Stopped(tmp_path_factory.mktemp("habits"))


def test_mdrun_says_that_it_stops_for_a_signal(stopped):
    relies_on(
        "mdrun says 'Received the TERM signal, stopping' and ends with exit code 1",
        has_obeyed_signal(stopped.mdrun) and stopped.exit_code == 1,
        "engines/gromacs/words.py",
    )


def test_mdrun_says_that_it_writes_checkpoints(stopped):
    log = stopped.log.read_bytes()
    relies_on(
        f"the log of mdrun says {_BEGINS_CHECKPOINT.decode()!r} before it writes a checkpoint, and "
        f"{_HAS_ENDED.decode()!r} behind the last one",
        _BEGINS_CHECKPOINT in log and log.rindex(_HAS_ENDED) > log.rindex(_BEGINS_CHECKPOINT),
        "engines/gromacs/checkpoint_files.py",
    )


def test_checkpoints_are_written_as_we_read_them(stopped):
    dumped = stopped.gmx("dump", "-cp", stopped.checkpoint.name).stdout
    ours = read_checkpoint(stopped.checkpoint)
    theirs = {name: re.search(rf"^{name}\s*= (\S+)", dumped, re.M) for name in ("step", "t")}
    relies_on(
        "a checkpoint of GROMACS holds part, step and time in this order behind its texts, and "
        "ends with the number 171819",
        theirs["step"]
        and ours.step == int(theirs["step"][1])
        and ours.time == pytest.approx(float(theirs["t"][1]))
        and ours.part == 1
        and has_its_end(stopped.checkpoint),
        "engines/gromacs/checkpoint.py",
    )


def test_mdrun_strips_part_numbers_from_names(stopped):
    relies_on(
        "mdrun -noappend -deffnm x.part0007 writes x.part0001.log",
        "a.part0001.log" in stopped.names and "a.part0007.log" not in stopped.names,
        "engines/gromacs/inputs.py",
    )


def test_logs_tell_version_and_seed(stopped):
    facts = facts_in_log(stopped.log)
    drawn = drawn_seeds(stopped.grompp)
    relies_on(
        "grompp says which seeds it drew, and the log of mdrun begins with version and ld-seed",
        facts.version[:1].isdigit() and "ld-seed" in drawn and facts.seeds == drawn,
        "engines/gromacs/told.py",
    )


def test_dumped_run_inputs_list_constraints(stopped):
    dumped = stopped.gmx("-quiet", "dump", "-s", "a.tpr").stdout
    pairs, n_atoms = constraints_in(dumped.splitlines())
    relies_on(
        "gmx dump -s lists kinds of molecules, their atoms and constraints",
        n_atoms == 22 and len(pairs) > 0,
        "engines/gromacs/run_input.py",
    )


def test_errors_are_in_blocks(stopped):
    said = stopped.gmx("grompp", "-f", "nowhere.mdp").stderr
    words = deciding_words(said)
    relies_on(
        "programs of GROMACS write errors between 'Program:' and 'For more information'",
        "nowhere.mdp" in words and "Source file" not in words and "www" not in words,
        "engines/gromacs/words.py",
    )
