"""Where one GROMACS part ends and the next one begins, the frame is there once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = [pytest.mark.gromacs, pytest.mark.usefixtures("runtime")]

TOPOLOGY = """#include "oplsaa.ff/forcefield.itp"
#include "oplsaa.ff/tip3p.itp"
[ system ]
water
[ molecules ]
"""
MDP = """integrator = md
dt = 0.002
nsteps = 1000
nstxout = 20
nstvout = 20
nstxout-compressed = 20
coulombtype = PME
rcoulomb = 0.9
rvdw = 0.9
tcoupl = v-rescale
tc-grps = System
tau-t = 0.1
ref-t = 300
gen-vel = yes
constraints = h-bonds
"""


def gmx(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["gmx", "-quiet", "-nobackup", *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box of water: where a part ends, molecules may lie elsewhere than where the next begins."""
    folder = tmp_path_factory.mktemp("water")
    (folder / "water.top").write_text(TOPOLOGY)
    (folder / "water.mdp").write_text(MDP)
    box = ("-box", "2", "2", "2")
    gmx(folder, "solvate", "-cs", "spc216.gro", *box, "-o", "conf.gro", "-p", "water.top")
    files = ("-f", "water.mdp", "-c", "conf.gro", "-p", "water.top", "-o", "water.tpr")
    gmx(folder, "grompp", *files, "-maxwarn", "3")
    run = ("mdrun", "-deffnm", "x", "-s", "water.tpr", "-nt", "1", "-noappend", "-nsteps", "100")
    gmx(folder, *run)
    gmx(folder, *run, "-cpi", "x.cpt")
    return folder


@pytest.mark.parametrize("suffix", ["trr", "xtc"])
def test_the_doubled_frame_is_left_out(parts: Path, tmp_path: Path, suffix: str):
    trajs = [Trajectory(parts / f"x.part000{i}.{suffix}", parts / "conf.gro") for i in (1, 2)]
    assert [t.frame_table().steps.tolist() for t in trajs] == [
        [*range(0, 101, 20)],
        [*range(100, 201, 20)],
    ]
    for step in (1, -1):
        order = trajs[::step]
        out = tmp_path / f"{step}.{suffix}"
        joined = TrajectoryConcatenator().concatenate(order, [(None, None, step)] * 2, out)
        assert joined.frame_table().steps.tolist() == [*range(0, 201, 20)][::step]
    checked = gmx(tmp_path, "check", "-f", f"1.{suffix}")
    assert "Coords          11    0.04" in checked
    made = {f"{step}.{suffix}{end}" for step in (1, -1) for end in ("", ".provenance.json")}
    assert {path.name for path in tmp_path.iterdir()} == made
