"""Numbers, names and masses that conditions see: those of the user's files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gromacs_systems import STEM, gromacs_engine, parameters

from asyncmd_jupyter.engines.gromacs.engine import GmxEngine
from asyncmd_jupyter.engines.residue_numbers import own_numbers
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator

MOLECULES = """[ defaults ]
1 2 yes 0.5 0.8333
[ atomtypes ]
BEAD 0 72.0 0.0 A 0.3 0.1
[ moleculetype ]
CHAIN 1
[ atoms ]
1 BEAD 24 GLY W1 1 0.5 72.0
2 BEAD 24 GLY W2 2 -0.5 36.0
3 BEAD 25 ALA W 3 0.0 72.0
[ bonds ]
1 2 1 0.3 1000
2 3 1 0.3 1000
[ moleculetype ]
W 1
[ atoms ]
1 BEAD 1 W W 1 0.0 72.0
[ system ]
two chains in beads of water
[ molecules ]
CHAIN 2
W 3
"""
RESIDUES = ["GLY", "GLY", "ALA"] * 2 + ["W"] * 3
NAMES = ["W1", "W2", "W"] * 2 + ["W"] * 3
FROM_24 = [24, 24, 25, 24, 24, 25, 26, 27, 28]
FROM_1 = [1, 1, 2, 3, 3, 4, 5, 6, 7]


def beads(folder: Path, numbers: list[int], ending: str = "gro", **options) -> GmxEngine:
    """Two chains and water in a box, with the numbers that the user likes."""
    folder.mkdir(exist_ok=True)
    atoms = list(zip(numbers, RESIDUES, NAMES, strict=True))
    places = [(0.3 * (i % 3) + 1, 0.9 * (i // 3) + 1, 1.0) for i in range(len(atoms))]
    rows = [
        (*atom, i + 1, *place) for i, (atom, place) in enumerate(zip(atoms, places, strict=True))
    ]
    if ending == "gro":
        form = "{:5d}{:<5s}{:>5s}{:5d}{:8.3f}{:8.3f}{:8.3f}"
        lines = ["beads", f"{len(rows):5d}", *(form.format(*row) for row in rows), "4.0 4.0 4.0"]
    else:
        form = "ATOM  {3:5d}  {2:<3s} {1:<4s} {0:4d}    {4:8.3f}{5:8.3f}{6:8.3f}  1.00  0.00"
        wide = [(*row[:4], *(10 * x for x in row[4:])) for row in rows]
        box = "CRYST1   40.000   40.000   40.000  90.00  90.00  90.00 P 1           1"
        lines = [box, *(form.format(*row) for row in wide), "END"]
    (folder / f"conf.{ending}").write_text("\n".join([*lines, ""]))
    (folder / "topol.top").write_text(MOLECULES)
    mdp = parameters(nstout=2, dt=0.001)
    changes = {"pbc": "xyz", "rlist": 1.0, "rcoulomb": 1.0, "rvdw": 1.0, "constraints": "none"}
    mdp.update({"cutoff-scheme": "Verlet", "coulombtype": "cut-off", **changes})
    mdp.update({"comm-mode": "linear", "gen-vel": "yes"})
    files = {"gro_file": folder / f"conf.{ending}", "top_file": folder / "topol.top"}
    return GmxEngine(mdp, **{**files, "mdrun_extra_args": "-nt 1", "output_traj_type": "trr"})


async def part_of(engine: GmxEngine, folder: Path, name: str = "sim") -> Trajectory:
    await engine.prepare(None, folder, name)
    return await engine.run_steps(2)


def seen(traj: Trajectory) -> dict:
    import MDAnalysis as mda

    universe = mda.Universe(traj.structure_file, *traj.trajectory_files)
    atoms = universe.atoms
    return {
        "resids": atoms.resids.tolist(),
        "resnames": atoms.resnames.tolist(),
        "names": atoms.names.tolist(),
        "masses": np.round(atoms.masses, 3).tolist(),
        "charges": np.round(atoms.charges, 3).tolist(),
        "types": atoms.types.tolist(),
        "bonds": sorted(sorted(bond) for bond in atoms.bonds.to_indices().tolist()),
        "residues": atoms.resindices.tolist(),
    }


def expected(numbers: list[int]) -> dict:
    return {
        "resids": numbers,
        "resnames": RESIDUES,
        "names": NAMES,
        "masses": [72.0, 36.0, 72.0] * 2 + [72.0] * 3,
        "charges": [0.5, -0.5, 0.0] * 2 + [0.0] * 3,
        "types": ["BEAD"] * 9,
        "bonds": [[0, 1], [1, 2], [3, 4], [4, 5]],
        "residues": [0, 0, 1, 2, 2, 3, 4, 5, 6],
    }


@pytest.mark.gromacs
@pytest.mark.filterwarnings("ignore:Element information is missing")  # beads have none
@pytest.mark.parametrize("ending", ["gro", "pdb"])
@pytest.mark.parametrize("numbers", [FROM_24, FROM_1], ids=["from 24", "from 1"])
async def test_parts_have_the_numbers_of_the_structure(
    manager, tmp_path: Path, numbers: list[int], ending: str
):
    traj = await part_of(beads(tmp_path / "inputs", numbers, ending), tmp_path)
    assert seen(traj) == expected(numbers)
    is_enough = numbers == FROM_1
    assert traj.structure_path.name == ("sim.tpr" if is_enough else "sim.structure.psf")
    assert (
        GmxEngine.parts_in_folder(tmp_path, "sim", "trr")[0].structure_path == traj.structure_path
    )


@pytest.mark.gromacs
async def test_the_structure_stays_that_of_the_simulation(manager, tmp_path: Path):
    first = await part_of(beads(tmp_path / "inputs", FROM_24), tmp_path)
    engine = beads(tmp_path / "inputs", FROM_1)
    await engine.prepare_from_files(tmp_path, "sim")
    assert (await engine.run_steps(4)).structure_path == first.structure_path
    again = await part_of(engine.clone(), tmp_path / "inputs")
    assert seen(again) == expected(FROM_1)


@pytest.mark.gromacs
async def test_prepared_again_with_other_numbers(manager, tmp_path: Path):
    await beads(tmp_path / "inputs", FROM_24).prepare(None, tmp_path, "sim")
    traj = await part_of(beads(tmp_path / "inputs", FROM_1), tmp_path)
    assert traj.structure_path == tmp_path / "sim.tpr"


@pytest.mark.gromacs
@pytest.mark.filterwarnings("ignore:Element information is missing")  # beads have none
@pytest.mark.parametrize("ending", ["gro", "pdb"])
async def test_negative_numbers(manager, tmp_path: Path, ending: str):
    numbers = [-3, -3, -2, 24, 24, 25, 26, 27, 28]
    found = seen(await part_of(beads(tmp_path / "inputs", numbers, ending), tmp_path))
    assert {**found, "types": None} == {**expected(numbers), "types": None}


@pytest.mark.gromacs
async def test_a_usual_run_input_is_enough(manager, tmp_path: Path):
    await gromacs_engine().prepare(None, tmp_path, "sim")
    assert not (tmp_path / "sim.structure.psf").exists()


@pytest.mark.gromacs
@pytest.mark.parametrize("start", [None, "conf.gro"])
async def test_conditions_see_the_same_on_the_start_and_on_parts(manager, tmp_path: Path, start):
    told = []

    def late(traj):
        told.append(seen(traj))
        return traj.frame_table().times > 0.0015

    engine = beads(tmp_path / "inputs", FROM_24)
    first = start if start is None else tmp_path / "inputs" / start
    propagator = ConditionalTrajectoryPropagator.from_engine(engine, [late], walltime_per_part=1)
    await propagator.check(first)  # no charges there, but that is not the condition's fault
    parts, _ = await propagator.propagate(first, tmp_path, "sim")
    assert len(told) > 1
    assert [*told, seen(parts[-1])] == [expected(FROM_24)] * (len(told) + 1)


@pytest.mark.gromacs
async def test_a_start_that_decides_by_what_only_the_topology_says(manager, tmp_path: Path):
    engine = beads(tmp_path / "inputs", FROM_24)

    def heavy(traj):
        return np.full(len(traj), seen(traj)["masses"][1] == 36.0)

    propagator = ConditionalTrajectoryPropagator.from_engine(engine, [heavy], walltime_per_part=1)
    [found], _ = await propagator.propagate(None, tmp_path, "sim")
    assert found.paths[0] == tmp_path / "inputs" / "conf.gro"
    assert seen(found) == expected(FROM_24)


class TestNumbers:
    def gro(self, folder: Path, numbers: list[int]) -> Path:
        path = folder / "a.gro"
        lines = [f"{n % 100_000:5d}SOL      W{1:5d}   0.000   0.000   0.000" for n in numbers]
        path.write_text("\n".join(["", str(len(numbers)), *lines, "1 1 1", ""]))
        return path

    def test_counted_from_1(self, tmp_path: Path):
        assert own_numbers(self.gro(tmp_path, [*range(1, 50)])) is None
        assert own_numbers(STEM.with_suffix(".gro")) is None

    def test_counted_beyond_five_columns(self, tmp_path: Path):
        assert own_numbers(self.gro(tmp_path, [*range(1, 100_010)])) is None
        found = own_numbers(self.gro(tmp_path, [*range(7, 100_010)]))
        assert found.tolist() == [*range(7, 100_010)]

    @pytest.mark.parametrize("numbers", [[24, 25], [1, 3], [2, 1], [0, 1], [1, 1, 1, 3]])
    def test_others(self, tmp_path: Path, numbers: list[int]):
        assert own_numbers(self.gro(tmp_path, numbers)).tolist() == numbers

    @pytest.mark.parametrize("text", ["", "title\nmany\n", "title\n1\nx\n"])
    def test_what_grompp_will_refuse(self, tmp_path: Path, text: str):
        (tmp_path / "a.gro").write_text(text)
        assert own_numbers(tmp_path / "a.gro") is None
