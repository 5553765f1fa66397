"""What conditions see of a system through the structure file: all that the engine knows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import openmm
import pytest
from engine_systems import ALANINE, FORCE_FIELD, alanine_engine, double_well_engine
from openmm import app, unit
from topology_files import argon_gro, argon_top

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.extract import NoModificationFrameExtractor
from asyncmd_jupyter.frames.structure_text import pdb_text
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.testing import ToyEngine


def universe_of(traj: Trajectory):
    import MDAnalysis as mda

    return mda.Universe(traj.structure_file, *traj.trajectory_files)


async def part_of(engine, folder: Path) -> Trajectory:
    await engine.prepare(None, folder, "sim")
    return await engine.run_steps(engine.nstout)


def beads(
    n_residues: int, *, names=("AR",), resname="AR", chain="A", element="Ar", mass=39.948, ids=None
):
    """System, topology and positions of residues that do not feel each other."""
    topology, system = app.Topology(), openmm.System()
    first = topology.addChain(chain)
    kind = app.Element.getBySymbol(element) if element else None
    for number in range(n_residues):
        residue = topology.addResidue(resname, first, None if ids is None else ids[number])
        atoms = [topology.addAtom(name, kind, residue) for name in names]
        for one, other in pairwise(atoms):
            topology.addBond(one, other)
        for _ in names:
            system.addParticle(mass)
    return system, topology, np.zeros((n_residues * len(names), 3))


def argon(*args, structure_file=None, **changes) -> OpenMMEngine:
    options = {"nstout": 1, "seed": 1, "platform": "Reference", "structure_file": structure_file}
    return OpenMMEngine(*beads(*args, **changes), **options)


def seen(traj: Trajectory) -> dict:
    atoms = universe_of(traj).atoms
    bonds = atoms.bonds.to_indices().tolist() if hasattr(atoms, "bonds") else []
    return {
        "names": atoms.names.tolist(),
        "resnames": atoms.residues.resnames.tolist(),
        "resids": atoms.residues.resids.tolist(),
        "segids": sorted(set(atoms.segids)),
        "residues": atoms.resindices.tolist(),
        "bonds": sorted(sorted(bond) for bond in bonds),
    }


def given(topology: app.Topology) -> dict:
    atoms, residues = list(topology.atoms()), list(topology.residues())
    return {
        "names": [atom.name for atom in atoms],
        "resnames": [residue.name for residue in residues],
        "resids": [int(residue.id) for residue in residues],
        "segids": sorted({chain.id for chain in topology.chains()}),
        "residues": [atom.residue.index for atom in atoms],
        "bonds": sorted(sorted((one.index, other.index)) for one, other in topology.bonds()),
    }


SYSTEMS = {
    "10,050 residues": {"n_residues": 10_050},
    "long names": {"n_residues": 3, "names": ("ARGON1", "ARGON2"), "resname": "ARGON"},
    "four letters": {"n_residues": 3, "names": ("ARG1", "ARG2"), "resname": "CHL1"},
    "numbers from 24": {"n_residues": 3, "ids": ["24", "25", "100"]},
    "negative numbers": {"n_residues": 3, "ids": ["-5", "-4", "7"], "mass": 80.0},
    "long chain": {"n_residues": 3, "chain": "ARGON"},
    "bead called W": {
        "n_residues": 3,
        "names": ("W",),
        "resname": "W",
        "mass": 72.0,
        "element": "",
    },
}


class TestTopologies:
    @pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
    async def test_part(self, manager, tmp_path: Path, system: dict):
        traj = await part_of(argon(**system), tmp_path)
        assert seen(traj) == given(beads(**system)[1])
        masses = universe_of(traj).atoms.masses
        assert np.allclose(masses, system.get("mass", 39.948), atol=0.01)

    async def test_first_residue(self, manager, tmp_path: Path):
        traj = await part_of(argon(10_050), tmp_path)
        universe = universe_of(traj)
        assert universe.select_atoms("resid 1").n_atoms == 1
        assert universe.residues.n_residues == 10_050

    async def test_numbers_that_begin_again_in_a_pdb_file(self, manager, tmp_path: Path):
        numbers = [str(number % 10_000) for number in range(9990, 10_010)]
        traj = await part_of(argon(20, ids=numbers), tmp_path)
        assert seen(traj)["resids"] == list(range(9990, 10_010))

    def test_ids_that_are_no_numbers(self):
        with pytest.warns(UserWarning, match="the id 'x', which is not a number"):
            engine = argon(3, ids=["7", "x", "9"])
        assert engine._origin.structure.resids.tolist() == [1, 2, 3]

    async def test_water_with_virtual_sites(self, manager, tmp_path: Path):
        field = app.ForceField("amber14/tip4pew.xml")
        model = app.Modeller(app.Topology(), [] * unit.nanometer)
        model.addSolvent(field, numAdded=5, model="tip4pew")
        system = field.createSystem(model.topology)
        engine = OpenMMEngine(system, model.topology, model.positions, nstout=1, seed=1)
        traj = await part_of(engine, tmp_path)
        assert seen(traj) == given(model.topology)
        masses = [system.getParticleMass(i)._value for i in range(system.getNumParticles())]
        assert np.allclose(universe_of(traj).atoms.masses, masses, atol=1e-3)
        assert np.allclose(universe_of(traj).atoms.charges.sum(), 0, atol=1e-5)

    async def test_two_chains_with_insertion_codes(self, manager, tmp_path: Path):
        topology, system = app.Topology(), openmm.System()
        carbon = app.Element.getBySymbol("C")
        for chain in "AB":
            made = topology.addChain(chain)
            for number, code in (("24", ""), ("24", "A"), ("25", "")):
                topology.addAtom("CA", carbon, topology.addResidue("GLY", made, number, code))
                system.addParticle(12.011)
        engine = OpenMMEngine(system, topology, np.zeros((6, 3)), nstout=1, seed=1)
        traj = await part_of(engine, tmp_path)
        assert seen(traj) == given(topology)
        atoms = universe_of(traj).select_atoms("resid 24A and segid B")
        assert atoms.indices.tolist() == [4]


class TestFilesOfTheUser:
    """Start (the user's file) and parts are compared through MDAnalysis."""

    NAMES = ("names", "resnames", "resids", "segids")

    async def test_names_that_openmm_replaces(self, manager, tmp_path: Path):
        rows = [
            (" OH2", "TIP3", "A", 24), (" H1 ", "TIP3", "A", 24), (" H2 ", "TIP3", "A", 24),
            (" OW ", "WAT ", "B", 24), (" HW1", "WAT ", "B", 24), (" HW2", "WAT ", "B", 24),
        ]  # fmt: skip
        places = [(0, 0, 0), (0.957, 0, 0), (-0.24, 0.927, 0)]
        lines = [
            f"HETATM{i + 1:5d} {name} {resname}{chain}{resid:4d}    "
            f"{places[i % 3][0] + 5 * (i // 3):8.3f}{places[i % 3][1]:8.3f}{0:8.3f}"
            f"  1.00  0.00          {name.strip()[0]:>2s}"
            for i, (name, resname, chain, resid) in enumerate(rows)
        ]
        start = tmp_path / "start.pdb"
        start.write_text("\n".join([*lines, "END", ""]))
        engine = OpenMMEngine.from_pdb(start, "amber14/tip3p.xml", nstout=1, seed=1)
        traj = await part_of(engine, tmp_path)
        mine, found = seen(Trajectory(start, start)), seen(traj)
        assert {name: found[name] for name in self.NAMES} == {
            name: mine[name] for name in self.NAMES
        }
        assert found["names"] == [row[0].strip() for row in rows]

    async def test_a_structure_file_with_other_masses(self, manager, tmp_path: Path):
        options = {"constraints": app.HBonds, "hydrogenMass": 3 * unit.amu}
        engine = OpenMMEngine.from_pdb(
            ALANINE, *FORCE_FIELD, create_system=options, structure_file=ALANINE
        )
        told = r"18 of 22 atoms have other masses \(atom 0: 12\.011 amu, in the system 6\.0"
        with pytest.warns(UserWarning, match=told):
            await engine.prepare(None, tmp_path, "sim")

    async def test_a_structure_file_with_other_names(self, manager, tmp_path: Path):
        mine = tmp_path / "mine.pdb"
        mine.write_text(pdb_text(argon(3)._origin.structure, np.zeros((3, 3)), None))
        engine = argon(3, names=("XY",), structure_file=mine)
        with pytest.warns(UserWarning, match="3 of 3 atoms have other names .atom 0: AR, .* XY"):
            await engine.prepare(None, tmp_path, "sim")

    async def test_a_structure_file_of_another_system(self, manager, tmp_path: Path):
        with pytest.raises(ValueError, match="has 22 atoms, the system 3"):
            await argon(3, structure_file=ALANINE).prepare(None, tmp_path, "sim")
        assert not list(tmp_path.iterdir())

    def test_other_lines_than_atoms(self, tmp_path: Path):
        text = ALANINE.read_text().splitlines()
        atoms = [line for line in text if line.startswith(("ATOM", "HETATM"))]
        twice = [line[:16] + "B" + line[17:] for line in atoms[:3]]
        first = [line[:16] + "A" + line[17:] for line in atoms[:3]]
        path = tmp_path / "a.pdb"
        path.write_text("\n".join([*first, *twice, *atoms[3:], "END", ""]))
        engine = OpenMMEngine.from_pdb(path, *FORCE_FIELD)
        names = [line[12:16].strip() for line in atoms]
        assert engine._origin.structure.names.tolist() == names

    # OpenMM's reader leaves the closing of the file to the garbage collector.
    @pytest.mark.filterwarnings(
        r"ignore:.*argon\.top:pytest.PytestUnraisableExceptionWarning",
        "ignore:unclosed file",
        "ignore:Unknown masses",
    )
    async def test_numbers_of_a_gro_file(self, manager, tmp_path: Path):
        gro = argon_gro(tmp_path)
        gro.write_text(gro.read_text().replace("    1AR", "   24AR").replace("    2AR", "   25AR"))
        traj = await part_of(
            OpenMMEngine.from_gromacs(argon_top(tmp_path), gro, nstout=1), tmp_path
        )
        assert seen(traj)["resids"] == seen(Trajectory(gro, gro))["resids"] == [24, 25]


class TestMasses:
    async def test_repartitioned(self, manager, tmp_path: Path):
        options = {"constraints": app.HBonds, "hydrogenMass": 3 * unit.amu}
        engine = OpenMMEngine.from_pdb(
            ALANINE, *FORCE_FIELD, create_system=options, nstout=5, seed=1
        )
        topology = app.PDBFile(str(ALANINE)).topology
        system = app.ForceField(*FORCE_FIELD).createSystem(topology, **options)
        masses = [system.getParticleMass(i)._value for i in range(22)]
        traj = await part_of(engine, tmp_path)
        atoms = universe_of(traj).atoms
        assert np.allclose(atoms.masses, masses, atol=1e-3)
        assert atoms.types.tolist() == [atom.element.symbol for atom in topology.atoms()]
        assert seen(traj) == given(topology)
        assert (tmp_path / "sim.pdb").exists(), "for viewers, which want positions"

    async def test_usual_ones_need_pdb_only(self, manager, tmp_path: Path):
        traj = await part_of(alanine_engine(nstout=5), tmp_path)
        assert traj.structure_path == tmp_path / "sim.pdb"
        assert not (tmp_path / "sim.psf").exists()

    @pytest.mark.parametrize("engine", [lambda: double_well_engine(2), ToyEngine])
    async def test_model_particles(self, manager, tmp_path: Path, engine):
        traj = await part_of(engine(), tmp_path)
        assert np.allclose(universe_of(traj).atoms.masses, 40.0)
        beside = Trajectory(traj.trajectory_files, tmp_path / "sim.pdb")
        assert universe_of(beside).atoms.elements[0] == "Ar", "an element that all readers know"

    async def test_an_atom_that_is_held_fixed_has_its_weight(self, manager, tmp_path: Path):
        system, topology, positions = beads(2)
        system.setParticleMass(0, 0.0)
        traj = await part_of(OpenMMEngine(system, topology, positions, nstout=1), tmp_path)
        assert np.allclose(universe_of(traj).atoms.masses, 39.948, atol=0.01)


class TestFiles:
    async def test_results_keep_the_structure(self, manager, tmp_path: Path):
        traj = await part_of(argon(3, mass=80.0), tmp_path)
        psf = tmp_path / "sim.psf"
        frame = NoModificationFrameExtractor().extract(tmp_path / "one.trr", traj, 0)
        joined = TrajectoryConcatenator().concatenate(
            [traj, traj], [(0, None, 1), (0, 1, 1)], tmp_path / "joined.trr"
        )
        assert {traj.structure_path, frame.structure_path, joined.structure_path} == {psf}
        assert OpenMMEngine.parts_in_folder(tmp_path, "sim")[0].structure_path == psf

    # What MDAnalysis says of files without a box.
    @pytest.mark.filterwarnings("ignore:Unit cell dimensions", "ignore:1 A.3 CRYST1")
    async def test_any_format_can_be_written(self, manager, tmp_path: Path):
        traj = await part_of(argon(3, mass=80.0), tmp_path)
        for ending in ("xtc", "pdb"):
            made = NoModificationFrameExtractor().extract(tmp_path / f"one.{ending}", traj, 1)
            assert len(made) == 1

    async def test_configurations(self, manager, tmp_path: Path):
        made = await argon(3, mass=80.0).minimize(None, tmp_path / "low", workdir=tmp_path)
        assert made.structure_path == tmp_path / "low.psf"
        assert np.allclose(universe_of(made).atoms.masses, 80.0)

    async def test_a_folder_of_an_earlier_version(self, manager, tmp_path: Path):
        await part_of(argon(3, mass=80.0), tmp_path)
        (tmp_path / "sim.psf").unlink()
        again = argon(3, mass=80.0)
        await again.prepare_from_files(tmp_path, "sim")
        traj = await again.run_steps(2)
        assert np.allclose(universe_of(traj).atoms.masses, 80.0)

    async def test_another_system_under_the_same_name(self, manager, tmp_path: Path):
        await argon(3, mass=80.0).prepare(None, tmp_path, "sim")
        traj = await part_of(argon(2), tmp_path)
        assert traj.structure_path == tmp_path / "sim.pdb"
        parts = OpenMMEngine.parts_in_folder(tmp_path, "sim")
        assert parts[0].structure_path == tmp_path / "sim.pdb"

    @pytest.mark.parametrize("ending", ["pdb", "psf"])
    async def test_files_of_the_user_are_not_touched(self, manager, tmp_path: Path, ending: str):
        mine = tmp_path / f"sim.{ending}"
        mine.write_text("mine")
        with pytest.raises(ValueError, match=rf"sim\.{ending} was not made by an engine"):
            await argon(3, mass=80.0).prepare(None, tmp_path, "sim")
        assert mine.read_text() == "mine"
