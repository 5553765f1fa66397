"""Topologies of other programs, written by hand: two argon atoms, and a box of water."""

from __future__ import annotations

from pathlib import Path

import openmm
from openmm import app, unit


def water_box_pdb(folder: Path) -> Path:
    """A periodic box of 2.2 nm."""
    field = app.ForceField("amber14/tip3p.xml")
    model = app.Modeller(app.Topology(), [] * unit.nanometer)
    model.addSolvent(field, boxSize=openmm.Vec3(2.2, 2.2, 2.2) * unit.nanometer)
    with (folder / "water.pdb").open("w") as file:
        app.PDBFile.writeFile(model.topology, model.positions, file)
    return folder / "water.pdb"


def argon_top(folder: Path) -> Path:
    text = """[ defaults ]
1 2 yes 0.5 0.8333
[ atomtypes ]
AR 18 39.948 0.0 A 0.34 0.996
[ moleculetype ]
AR 1
[ atoms ]
1 AR 1 AR AR 1 0.0 39.948
[ system ]
two argon atoms
[ molecules ]
AR 2
"""
    (folder / "argon.top").write_text(text)
    return folder / "argon.top"


def argon_gro(folder: Path) -> Path:
    text = """two argon atoms
    2
    1AR      AR    1   1.000   1.000   1.000
    2AR      AR    2   1.400   1.000   1.000
   3.00000   3.00000   3.00000
"""
    (folder / "argon.gro").write_text(text)
    return folder / "argon.gro"


def argon_prmtop(folder: Path) -> tuple[Path, Path]:
    """Amber's topology and coordinates; the format is described at ambermd.org."""
    pointers = [2, 1] + [0] * 8 + [2, 2] + [0] * 6 + [1] + [0] * 12
    sections = [
        ("TITLE", "20a4", ["two argon atoms"]),
        ("POINTERS", "10I8", pointers),
        ("ATOM_NAME", "20a4", ["AR", "AR"]),
        ("CHARGE", "5E16.8", [0.0, 0.0]),
        ("ATOMIC_NUMBER", "10I8", [18, 18]),
        ("MASS", "5E16.8", [39.948, 39.948]),
        ("ATOM_TYPE_INDEX", "10I8", [1, 1]),
        ("NUMBER_EXCLUDED_ATOMS", "10I8", [1, 1]),
        ("NONBONDED_PARM_INDEX", "10I8", [1]),
        ("RESIDUE_LABEL", "20a4", ["AR", "AR"]),
        ("RESIDUE_POINTER", "10I8", [1, 2]),
        ("LENNARD_JONES_ACOEF", "5E16.8", [2275000.0]),
        ("LENNARD_JONES_BCOEF", "5E16.8", [1472.0]),
        ("EXCLUDED_ATOMS_LIST", "10I8", [0, 0]),
        ("AMBER_ATOM_TYPE", "20a4", ["AR", "AR"]),
        ("RADIUS_SET", "1a80", ["none"]),
        ("RADII", "5E16.8", [1.7, 1.7]),
        ("SCREEN", "5E16.8", [0.8, 0.8]),
    ]
    empty = """BOND_FORCE_CONSTANT BOND_EQUIL_VALUE ANGLE_FORCE_CONSTANT ANGLE_EQUIL_VALUE
    DIHEDRAL_FORCE_CONSTANT DIHEDRAL_PERIODICITY DIHEDRAL_PHASE BONDS_INC_HYDROGEN
    BONDS_WITHOUT_HYDROGEN ANGLES_INC_HYDROGEN ANGLES_WITHOUT_HYDROGEN DIHEDRALS_INC_HYDROGEN
    DIHEDRALS_WITHOUT_HYDROGEN HBOND_ACOEF HBOND_BCOEF"""
    sections += [(name, "10I8", []) for name in empty.split()]
    lines = ["%VERSION  VERSION_STAMP = V0001.000  DATE = 01/01/26  00:00:00"]
    for name, form, values in sections:
        lines += [f"%FLAG {name}", f"%FORMAT({form})", _row(form, values)]
    (folder / "argon.prmtop").write_text("\n".join(lines) + "\n")
    (folder / "argon.inpcrd").write_text(
        "two argon atoms\n    2\n" + "".join(f"{x:12.7f}" for x in (0, 0, 0, 4, 0, 0)) + "\n"
    )
    return folder / "argon.prmtop", folder / "argon.inpcrd"


def _row(form: str, values: list) -> str:
    if "a" in form:
        return "".join(f"{value:<4s}" for value in values)
    if "E" in form:
        return "".join(f"{value:16.8E}" for value in values)
    return "\n".join(
        "".join(f"{value:8d}" for value in values[i : i + 10]) for i in range(0, len(values), 10)
    )
