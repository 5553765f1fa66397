"""What a periodic GROMACS simulation does about a start, or a structure, without a box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gromacs_systems import STEM, gromacs_engine

from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = [
    pytest.mark.gromacs,
    pytest.mark.filterwarnings("ignore:The start has no velocities"),
]

SAID = r"start\.\w+ has no box: that of \w+\.gro is taken \(4 x 4 x 4 nm\)"


def structure(folder: Path, box: str) -> Path:
    lines = STEM.with_suffix(".gro").read_text().splitlines()
    (folder / "conf.gro").write_text("\n".join([*lines[:-1], box]) + "\n")
    return folder / "conf.gro"


def start_of(folder: Path, kind: str) -> Path:
    """The structure as programs write it that know no box."""
    frame = read_frame(Trajectory(STEM.with_suffix(".gro"), STEM.with_suffix(".gro")), 0)
    path = folder / f"start.{kind}"
    atoms = [(10 * x, 10 * y, 10 * z) for x, y, z in frame.positions.tolist()]
    if kind == "xyz":
        rows = [f"C {x:.3f} {y:.3f} {z:.3f}" for x, y, z in atoms]
        path.write_text("\n".join(["22", "no box", *rows]) + "\n")
    elif kind == "pdb":
        rows = [
            f"ATOM  {i:5d}  C   ALA A   1    {x:8.3f}{y:8.3f}{z:8.3f}  1.00  0.00           C"
            for i, (x, y, z) in enumerate(atoms, 1)
        ]
        cell = "CRYST1    1.000    1.000    1.000  90.00  90.00  90.00 P 1           1"
        path.write_text("\n".join([cell, *rows, "END"]) + "\n")
    else:
        lines = STEM.with_suffix(".gro").read_text().splitlines()
        zeros = {"gro": "0 0 0", "GRO": " ".join("0" * 9)}[kind]
        path.write_text("\n".join([*lines[:-1], zeros]) + "\n")
    return path


@pytest.mark.parametrize("kind", ["xyz", "pdb", "gro", "GRO"])
async def test_the_box_of_the_structure_is_taken(manager, tmp_path: Path, kind: str):
    engine = gromacs_engine(nstout=10, gro_file=structure(tmp_path, "4 4 4"))
    with pytest.warns(UserWarning, match=SAID):
        await engine.prepare(start_of(tmp_path, kind), tmp_path, "sim")
    part = await engine.run_steps(20)
    assert np.allclose(read_frame(part, -1).box, 4 * np.eye(3))


async def test_so_it_is_where_velocities_are_drawn(manager, tmp_path: Path):
    engine = gromacs_engine(gro_file=structure(tmp_path, "4 4 4"))
    with pytest.warns(UserWarning, match=SAID):
        made = await engine.generate_velocities(start_of(tmp_path, "xyz"), tmp_path / "new.trr")
    assert np.allclose(read_frame(made, 0).box, 4 * np.eye(3))


@pytest.mark.parametrize("zeros", ["0 0 0", "   0.00000   0.00000   0.00000"])
async def test_refused_where_there_is_none(manager, tmp_path: Path, zeros: str):
    engine = gromacs_engine(gro_file=structure(tmp_path, zeros))
    with pytest.raises(ValueError, match=r"start\.xyz has no box, nor has conf\.gro"):
        await engine.prepare(start_of(tmp_path, "xyz"), tmp_path, "sim")
    with pytest.raises(ValueError, match=r"conf\.gro has no box.*editconf"):
        await engine.prepare(None, tmp_path, "sim")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conf.gro", "start.xyz"]


async def test_without_periodic_boundaries_none_is_asked_for(manager, tmp_path: Path):
    engine = gromacs_engine(changes={"pbc": "no"}, gro_file=structure(tmp_path, "0 0 0"))
    for start in (start_of(tmp_path, "xyz"), None):
        # What this version of GROMACS says, which has no such simulations any more.
        with pytest.raises(EngineCrashedError, match="With Verlet lists only full pbc"):
            await engine.prepare(start, tmp_path, "sim")
