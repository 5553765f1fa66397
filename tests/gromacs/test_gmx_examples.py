"""The systems that come with the package, and the script that makes them."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import numpy as np
import pytest

from asyncmd_jupyter.examples import GromacsFiles, alanine_dipeptide, alanine_dipeptide_gromacs
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.gromacs import MDP, GmxEngine

pytestmark = pytest.mark.gromacs

SCRIPT = Path(__file__).parents[2] / "notebooks" / "systems" / "alanine_dipeptide_gromacs.py"
PHI, PSI = (4, 6, 8, 14), (6, 8, 14, 16)
both = pytest.mark.parametrize("solvated", [False, True], ids=["vacuum", "water"])


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("make_systems", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def torsion(structure: Path, atoms: tuple[int, ...]) -> float:
    from MDAnalysis import Universe
    from MDAnalysis.lib.distances import calc_dihedrals

    universe = Universe(structure, to_guess=())
    positions = universe.atoms.positions[list(atoms)]
    return float(np.degrees(calc_dihedrals(*positions, box=universe.dimensions)))


def grompp(files: GromacsFiles, folder: Path) -> str:
    inputs = ("-f", files.mdp, "-c", files.gro, "-p", files.top, "-o", "sim.tpr")
    command = ["gmx", "-quiet", "grompp", *map(str, inputs)]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


@both
def test_copies_go_where_they_shall(tmp_path: Path, monkeypatch, solvated: bool):
    monkeypatch.chdir(tmp_path)
    here = alanine_dipeptide_gromacs(solvated=solvated)
    (tmp_path / "a b").mkdir()
    there = alanine_dipeptide_gromacs("a b", solvated)
    for name in ("mdp", "gro", "top"):
        one, other = getattr(here, name), getattr(there, name)
        assert one.suffix == f".{name}"
        assert other.parent == Path("a b")
        assert one.read_bytes() == other.read_bytes()


def test_both_systems_fit_into_one_folder(tmp_path: Path):
    alanine_dipeptide_gromacs(tmp_path)
    alanine_dipeptide_gromacs(tmp_path, solvated=True)
    assert len(list(tmp_path.iterdir())) == 6


@both
def test_grompp_has_nothing_to_warn_of(tmp_path: Path, solvated: bool):
    said = grompp(alanine_dipeptide_gromacs(tmp_path, solvated), tmp_path)
    assert "WARNING" not in said


@both
def test_start_lies_between_the_states(tmp_path: Path, solvated: bool):
    files = alanine_dipeptide_gromacs(tmp_path, solvated)
    assert torsion(files.gro, PHI) == pytest.approx(-75, abs=10)
    assert torsion(files.gro, PSI) == pytest.approx(90, abs=10)


@both
def test_start_has_velocities(tmp_path: Path, solvated: bool):
    files = alanine_dipeptide_gromacs(tmp_path, solvated)
    velocities = read_frame(Trajectory(files.gro, files.gro), 0).velocities
    assert np.abs(velocities).mean() == pytest.approx(0.9, rel=0.3)


@both
def test_atoms_are_ordered_as_for_openmm(tmp_path: Path, solvated: bool):
    from MDAnalysis import Universe

    gro = alanine_dipeptide_gromacs(tmp_path, solvated).gro
    ours = Universe(gro, to_guess=()).atoms[:22]
    theirs = Universe(alanine_dipeptide(tmp_path), to_guess=()).atoms
    assert [name[0] for name in ours.names] == [name[0] for name in theirs.names]
    assert list(ours.resnames) == list(theirs.resnames)


@both
def test_an_engine_is_made_of_them(tmp_path: Path, solvated: bool):
    files = alanine_dipeptide_gromacs(tmp_path, solvated)
    engine = GmxEngine(MDP(files.mdp), files.gro, files.top)
    assert (engine.nstout, engine.dt) == (100, 0.002)
    assert engine.n_atoms == (1171 if solvated else 22)


def test_script_makes_the_topology(script, tmp_path: Path):
    script.make_topology(tmp_path, "none")
    made = script.without_history((tmp_path / "topol.top").read_text())
    assert made == alanine_dipeptide_gromacs(tmp_path).top.read_text()


def test_script_makes_the_molecule(script, tmp_path: Path):
    files = alanine_dipeptide_gromacs(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    there = [path.read_text() for path in (files.top, files.gro)]
    script.make_vacuum(work, tmp_path)
    top, gro = (path.read_text() for path in (files.top, files.gro))
    assert top == there[0]
    # The last digits depend on the processor.
    assert [row[:20] for row in gro.splitlines()] == [row[:20] for row in there[1].splitlines()]
    assert torsion(files.gro, PSI) == pytest.approx(90, abs=10)
