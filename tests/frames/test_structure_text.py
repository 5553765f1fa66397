"""Structure files: MDAnalysis reads from them what was known, and finds nothing to warn of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from structures import read, structure, told

from asyncmd_jupyter.frames.structure import Structure
from asyncmd_jupyter.frames.structure_content import structure_content
from asyncmd_jupyter.frames.structure_text import pdb_text, psf_text

FOUR_MASSES = [12.011, 1.008, 12.011, 1.008]
BEYOND_PDB = {
    "numbers": {"resids": [9999, 10_000]},
    "large numbers": {"resids": [1, 123_456]},
    "far below the one before": {"resids": [6000, 1], "chains": ["A", "B"], "segids": ["A", "B"]},
    "atom names": {"names": ["CARB1", "H", "C", "H"]},
    "residue names": {"resnames": ["CHOLE", "GLY"]},
    "segments": {"segids": ["PROTEIN", "PROTEIN"]},
    "repartitioned masses": {"masses": [9.995, 3.024, 9.995, 3.024]},
    "no element": {"elements": ["", "H", "C", "H"], "element_masses": [np.nan, *FOUR_MASSES[1:]]},
    "no mass": {
        "masses": [0.0, *FOUR_MASSES[1:]],
        "element_masses": [np.nan, *FOUR_MASSES[1:]],
        "elements": ["", "H", "C", "H"],
    },
}
NEGATIVE = {
    "and masses": {"resids": [-3, 25], "masses": [9.995, 3.024, 9.995, 3.024]},
    "and names": {"resids": [-3, -2], "names": ["C A B C", "H", "C", "H"]},
    "and no bonds": {"resids": [-1, 99_999], "bonds": np.zeros((0, 2), int)},
}
IN_PDB = {
    "plain": {},
    "negative numbers": {"resids": [-3, -2]},
    "four letters": {"names": ["HG11", "H", "C", "H"], "resnames": ["CHL1", "TIP3"]},
    "insertion codes": {"resids": [24, 24], "icodes": ["", "A"]},
    "same name and number": {"resids": [24, 24], "resnames": ["GLY", "GLY"], "icodes": ["", "A"]},
    "chains": {"resids": [24, 24], "chains": ["A", "B"], "segids": ["A", "B"]},
    "segments": {"segids": ["PROA", "PROB"], "chains": ["P", "P"]},
    "masses of a force field": {"masses": [12.01, 1.008, 12.01, 1.008]},
    "no bonds": {"bonds": np.zeros((0, 2), int)},
}
ANYWHERE = np.zeros((1, 4, 3), np.float32)


def written(known: Structure, folder: Path) -> Path:
    path = folder / f"a.{known.file_format}"
    pdb = pdb_text(known, np.arange(12).reshape(4, 3) / 10, None)
    path.write_bytes(pdb.encode() if known.file_format == "pdb" else structure_content(known))
    return path


class TestWhatIsRead:
    @pytest.mark.parametrize("changes", BEYOND_PDB.values(), ids=BEYOND_PDB)
    def test_psf(self, tmp_path: Path, changes: dict):
        path = written(structure(**changes), tmp_path)
        assert path.suffix == ".psf"
        assert read(path, ANYWHERE) == told(structure(**changes))

    @pytest.mark.parametrize("changes", NEGATIVE.values(), ids=NEGATIVE)
    def test_dms(self, tmp_path: Path, changes: dict):
        path = written(structure(**changes), tmp_path)
        assert path.suffix == ".dms"
        assert read(path, ANYWHERE) == told(structure(**changes))
        assert structure_content(structure(**changes)) == path.read_bytes(), "always the same"

    @pytest.mark.parametrize("changes", IN_PDB.values(), ids=IN_PDB)
    def test_pdb(self, tmp_path: Path, changes: dict):
        known = structure(**changes)
        path = written(known, tmp_path)
        assert path.suffix == ".pdb"
        found = read(path)
        assert np.allclose(found.pop("masses"), known.masses, atol=0.01)
        assert found == {name: value for name, value in told(known).items() if name != "masses"}

    def test_as_many_atoms_as_pdb_has_numbers_for(self):
        assert many(99_999).file_format == "pdb"
        assert many(100_000).file_format == "psf"

    def test_more_atoms(self, tmp_path: Path):
        known = many(100_002)
        path = tmp_path / "a.psf"
        path.write_text(psf_text(known))
        found = read(path, np.zeros((1, known.n_atoms, 3), np.float32))
        assert found == told(known)

    def test_charges_and_types(self, tmp_path: Path):
        import MDAnalysis as mda

        path = tmp_path / "a.psf"
        path.write_text(psf_text(structure(names=["C A", "", "X", "H"])))
        atoms = mda.Universe(str(path), ANYWHERE).atoms
        assert np.allclose(atoms.charges, structure().charges)
        assert atoms.types.tolist() == ["C", "H", "C", "H"]
        assert atoms.names.tolist() == ["C_A", "X", "X", "H"], "columns are separated by blanks"


class TestPdb:
    def test_positions_and_box(self, tmp_path: Path):
        import MDAnalysis as mda

        places = np.array([[0, 1.2345, -99.9], [5, -1234.56, 3], [9, 9, 9], [12_345.6, 0, 0]])
        box = np.array([[3.0, 0, 0], [0, 3.0, 0], [1.5, 1.5, 2.121]])
        path = tmp_path / "a.pdb"
        path.write_text(pdb_text(structure(), places, box))
        universe = mda.Universe(str(path))
        assert np.allclose(universe.atoms.positions, 10 * places, rtol=1e-6, atol=6e-4)
        assert np.allclose(universe.dimensions, [30, 30, 30, 60, 60, 90], atol=0.02)

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e9, -1e8])
    def test_positions_that_do_not_fit(self, value: float):
        places = np.zeros((4, 3))
        places[2, 1] = value
        with pytest.raises(ValueError, match="can't be written to a PDB file"):
            pdb_text(structure(), places, None)

    def test_openmm_reads_it(self, tmp_path: Path):
        from openmm import app

        path = tmp_path / "a.pdb"
        path.write_text(pdb_text(structure(), np.zeros((4, 3)), None))
        topology = app.PDBFile(str(path)).topology
        assert [atom.name for atom in topology.atoms()] == ["C", "H", "C", "H"]
        assert [residue.id for residue in topology.residues()] == ["24", "25"]

    def test_numbers_are_wrapped_for_viewers(self):
        text = pdb_text(structure(resids=[10_003, 123_456]), np.zeros((4, 3)), None)
        assert [line[22:26] for line in text.splitlines() if line[:4] == "ATOM"] == [
            *["   3"] * 2,
            *["3456"] * 2,
        ]


def many(n_atoms: int) -> Structure:
    """Atoms of water, three by three bonded and twelve by twelve in a residue."""
    first = np.arange(0, n_atoms - 2, 3)
    n_residues = (n_atoms - 1) // 12 + 1
    return structure(
        names=np.resize(["O", "H1", "H2"], n_atoms),
        elements=np.resize(["O", "H", "H"], n_atoms),
        masses=np.resize([15.999, 1.008, 1.008], n_atoms),
        element_masses=np.resize([15.999, 1.008, 1.008], n_atoms),
        charges=np.zeros(n_atoms),
        residue_of=np.arange(n_atoms) // 12,
        resnames=np.full(n_residues, "HOH"),
        resids=np.arange(1, n_residues + 1),
        icodes=np.full(n_residues, ""),
        chains=np.full(n_residues, "W"),
        segids=np.full(n_residues, "W"),
        bonds=np.concatenate([np.stack([first, first + k], axis=1) for k in (1, 2)]),
    )


def test_elements_of_a_psf_file_reach_a_pdb_file(tmp_path: Path):
    import MDAnalysis as mda

    from asyncmd_jupyter.frames.mdanalysis import structure_as_pdb

    known = structure(
        names=["CA", "CA", "AR", "EP"], elements=["Ca", "C", "Ar", ""], resids=[9999, 10_000]
    )
    path = tmp_path / "a.psf"
    path.write_text(psf_text(known))
    lines = [line for line in structure_as_pdb(path).splitlines() if line.startswith("ATOM")]
    assert [line[76:78].strip().title() for line in lines] == ["Ca", "C", "Ar", ""]
    assert [line[21] for line in lines] == ["A"] * 4
    assert mda.Universe(str(path), ANYWHERE).atoms.types.tolist() == ["Ca", "C", "Ar", "X"]
