"""Files that OpenMM is made of, in the encodings and under the names that people have."""

from __future__ import annotations

import bz2
import gzip
import lzma
import warnings
from pathlib import Path

import numpy as np
import openmm
import pytest
from engine_systems import ALANINE, FORCE_FIELD
from openmm import app, unit
from topology_files import argon_gro, argon_prmtop, argon_top, water_box_pdb

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.engines.openmm.source import from_gromacs, velocities_of_gro

# OpenMM's reader leaves the closing of the file to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.*\.top:pytest.PytestUnraisableExceptionWarning", "ignore:unclosed file"
)
WATER = "amber14/tip3p.xml"

ENCODINGS = {
    "utf-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "latin-1": lambda text: text.replace("REMARK", "REMARK M\u00fcller", 1).encode("latin-1"),
    "ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "ends of old Macs": lambda text: text.replace("\n", "\r").encode(),
}
COMPRESSED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def cryst_first(folder: Path) -> str:
    text = water_box_pdb(folder).read_text()
    return text[text.index("CRYST1") :]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_box_in_the_first_line_is_read(tmp_path: Path, encoding: str):
    text = cryst_first(tmp_path) + "REMARK\n"
    (tmp_path / "x.pdb").write_bytes(ENCODINGS[encoding](text))
    engine = OpenMMEngine.from_pdb(tmp_path / "x.pdb", WATER)
    assert engine.periodic
    assert engine.n_atoms == text.count("HETATM")


@pytest.mark.parametrize("ending", COMPRESSED)
@pytest.mark.parametrize("kind", [".pdb", ".ent", ".cif", ".mmcif", ".CIF"])
def test_endings(tmp_path: Path, kind: str, ending: str):
    structure = app.PDBFile(str(ALANINE))
    writer = app.PDBFile if kind in (".pdb", ".ent") else app.PDBxFile
    plain = tmp_path / f"x{kind}"
    with plain.open("w") as file:
        writer.writeFile(structure.topology, structure.positions, file)
    compressed = tmp_path / f"x{kind}{ending}"
    compressed.write_bytes(COMPRESSED[ending](plain.read_bytes()))
    for path in (plain, compressed):
        assert OpenMMEngine.from_pdb(path, *FORCE_FIELD).n_atoms == 22


def test_what_is_no_text_is_refused_by_name(tmp_path: Path):
    path = tmp_path / "x.pdb"
    path.write_bytes(gzip.compress(ALANINE.read_bytes())[:-20])
    with pytest.raises(ValueError, match=r"x\.pdb can't be read"):
        OpenMMEngine.from_pdb(path, *FORCE_FIELD)
    path.write_bytes(b"\0\1\2" * 100)
    with pytest.raises(ValueError, match=r"x\.pdb is not a text file"):
        OpenMMEngine.from_pdb(path, *FORCE_FIELD)
    path.write_text("ATOM      1  C   ALA A   x       1.0\n")
    with pytest.raises(ValueError, match=r"x\.pdb can't be read"):
        OpenMMEngine.from_pdb(path, *FORCE_FIELD)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_amber_and_gromacs_files(tmp_path: Path, encoding: str):
    prmtop, inpcrd = argon_prmtop(tmp_path)
    gro, top = argon_gro(tmp_path), argon_top(tmp_path)
    for path in (prmtop, inpcrd, gro):
        path.write_bytes(ENCODINGS[encoding](path.read_text().replace("two", "REMARK", 1)))
    assert OpenMMEngine.from_amber(prmtop, inpcrd).n_atoms == 2
    engine = OpenMMEngine.from_gromacs(top, gro)
    assert (engine.n_atoms, engine.periodic) == (2, True)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_velocities_and_numbers_of_a_gro_file(tmp_path: Path, encoding: str):
    gro, moving = argon_gro(tmp_path), "  0.1000 -0.2000  0.3000"
    title, count, *atoms, box = gro.read_text().splitlines()
    atoms = [f"{number:5d}{atom[5:]}{moving}" for number, atom in enumerate(atoms, 41)]
    text = "\n".join([title.replace("two", "REMARK"), count, *atoms, box, ""])
    gro.write_bytes(ENCODINGS[encoding](text))
    assert velocities_of_gro(gro) == pytest.approx(np.array([[0.1, -0.2, 0.3]] * 2))
    _, topology, _ = from_gromacs(argon_top(tmp_path), gro, None, None)
    assert [residue.id for residue in topology.residues()] == ["41", "42"]


def test_a_topology_with_a_mark_is_refused(tmp_path: Path):
    top = argon_top(tmp_path)
    text = top.read_text()
    top.write_bytes(("#define SOFT\n" + text).encode("utf-8-sig"))
    with pytest.raises(
        ValueError, match=r"argon\.top begins with the byte order mark.*tail -c \+4"
    ):
        OpenMMEngine.from_gromacs(top, argon_gro(tmp_path))
    (tmp_path / "all.itp").write_bytes(text.encode("utf-8-sig"))
    top.write_text('#include "all.itp"\n')
    with pytest.raises(ValueError, match=r"all\.itp begins with the byte order mark"):
        OpenMMEngine.from_gromacs(top, argon_gro(tmp_path))


def test_a_structure_file_that_can_not_be_decoded_is_refused_at_once(tmp_path: Path):
    path = tmp_path / "names.pdb"
    path.write_bytes(ALANINE.read_text().encode("utf-8-sig"))
    with pytest.raises(ValueError, match=r"names\.pdb begins with the byte order mark"):
        OpenMMEngine.from_pdb(ALANINE, *FORCE_FIELD, structure_file=path)


NO_BOXES = {
    "left out": "",
    "of one": "CRYST1    1.000    1.000    1.000  90.00  90.00  90.00 P 1           1\n",
    "of zeros": "CRYST1    0.000    0.000    0.000  90.00  90.00  90.00 P 1           1\n",
}


@pytest.mark.parametrize("line", NO_BOXES.values(), ids=NO_BOXES)
def test_water_without_a_box(tmp_path: Path, line: str):
    text = cryst_first(tmp_path)
    path = tmp_path / "dropped.pdb"
    path.write_text(line + text.partition("\n")[2])
    with pytest.warns(UserWarning, match=r"dropped\.pdb has \d+ water.*no box.*CRYST1"):
        engine = OpenMMEngine.from_pdb(path, WATER)
    assert not engine.periodic


def test_nothing_is_said_of_what_was_asked_for_or_is_small(tmp_path: Path):
    path = tmp_path / "dropped.pdb"
    path.write_text(cryst_first(tmp_path).partition("\n")[2])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        OpenMMEngine.from_pdb(path, WATER, create_system={"nonbondedMethod": app.NoCutoff})
        OpenMMEngine.from_pdb(ALANINE, *FORCE_FIELD)
        OpenMMEngine.from_pdb(cluster(tmp_path), WATER)


def cluster(folder: Path) -> Path:
    """Some molecules in the gas phase."""
    model = app.Modeller(app.Topology(), [] * unit.nanometer)
    size = openmm.Vec3(1.2, 1.2, 1.2) * unit.nanometer
    model.addSolvent(app.ForceField(WATER), boxSize=size)
    model.topology.setPeriodicBoxVectors(None)
    with (folder / "cluster.pdb").open("w") as file:
        app.PDBFile.writeFile(model.topology, model.positions, file)
    return folder / "cluster.pdb"


@pytest.mark.parametrize("zeros", ["0 0 0", "0 0 0 0 0 0 0 0 0"])
def test_a_gro_box_of_zeros_is_none(tmp_path: Path, zeros: str):
    gro = argon_gro(tmp_path)
    gro.write_text(gro.read_text().rpartition("   3.0")[0].rpartition("\n")[0] + f"\n{zeros}\n")
    assert not OpenMMEngine.from_gromacs(argon_top(tmp_path), gro).periodic


def test_frames_that_end_records_separate_are_refused(tmp_path: Path):
    lines = ALANINE.read_text().splitlines()
    atoms = "\n".join(line for line in lines if line[:6] in ("ATOM  ", "HETATM"))
    (tmp_path / "vmd.pdb").write_text(f"{atoms}\nEND\n{atoms}\nEND\n")
    with pytest.raises(ValueError, match=r"vmd\.pdb has 2 frames that END"):
        OpenMMEngine.from_pdb(tmp_path / "vmd.pdb", *FORCE_FIELD)
    (tmp_path / "one.pdb").write_text(f"{atoms}\nEND\n")
    assert OpenMMEngine.from_pdb(tmp_path / "one.pdb", *FORCE_FIELD).n_atoms == 22
