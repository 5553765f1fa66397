"""The System of an engine is that of ``createSystem`` with everything spelled out."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import numpy as np
import openmm
import pytest
from engine_systems import ALANINE, FORCE_FIELD, alanine_engine, double_well_engine
from openmm import app, unit
from topology_files import argon_gro, argon_prmtop, argon_top, water_box_pdb

from asyncmd_jupyter.engines.openmm import OpenMMEngine

# OpenMM's reader leaves the closing of the file to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.*\.top:pytest.PytestUnraisableExceptionWarning", "ignore:unclosed file"
)
NM = unit.nanometer
WATER = ("amber14/tip3p.xml",)
VACUUM = ("amber99sbildn.xml",)
GB = {"GBSAOBC": FORCE_FIELD, "CustomGB": ("amber99sbildn.xml", "implicit/obc2.xml")}
PME = {"nonbondedMethod": app.PME, "nonbondedCutoff": 1.0 * NM, "constraints": app.HBonds}
NONE = {"nonbondedMethod": app.NoCutoff, "constraints": app.HBonds}
CELL = "CRYST1   25.000   25.000   25.000  90.00  90.00  90.00 P 1           1\n"


@pytest.fixture(scope="module")
def water(tmp_path_factory) -> Path:
    return water_box_pdb(tmp_path_factory.mktemp("water"))


@pytest.fixture
def alanine_in_a_box(tmp_path: Path) -> Path:
    (tmp_path / "boxed.pdb").write_text(CELL + ALANINE.read_text())
    return tmp_path / "boxed.pdb"


def xml(system: openmm.System) -> str:
    return openmm.XmlSerializer.serialize(system)


@cache
def force_field(files: tuple[str, ...]) -> app.ForceField:
    return app.ForceField(*files)


def spelled_out(path: Path, files: tuple[str, ...], **options) -> str:
    return xml(force_field(files).createSystem(app.PDBFile(str(path)).topology, **options))


OPTIONS = {
    "none": (None, {}),
    "heavy hydrogens": ({"hydrogenMass": 4 * unit.amu}, {"hydrogenMass": 4 * unit.amu}),
    "heavy hydrogens in amu": ({"hydrogenMass": 4}, {"hydrogenMass": 4 * unit.amu}),
    "constraints by their name": ({"constraints": "AllBonds"}, {"constraints": app.AllBonds}),
    "no constraints by their name": ({"constraints": "None"}, {"constraints": None}),
    "rigid water": ({"rigidWater": True}, {"rigidWater": True}),
    "flexible water": ({"rigidWater": False}, {"rigidWater": False}),
    "constraints": ({"constraints": None}, {"constraints": None}),
    "tolerance": ({"ewaldErrorTolerance": 1e-5}, {"ewaldErrorTolerance": 1e-5}),
    "method by its name": ({"nonbondedMethod": "Ewald"}, {"nonbondedMethod": app.Ewald}),
    "cut-off in nm": ({"nonbondedCutoff": 0.8}, {"nonbondedCutoff": 0.8 * NM}),
    "cut-off": ({"nonbondedCutoff": 9 * unit.angstrom}, {"nonbondedCutoff": 0.9 * NM}),
    "method": ({"nonbondedMethod": app.CutoffPeriodic}, {"nonbondedMethod": app.CutoffPeriodic}),
    "switching": ({"switchDistance": 0.8}, {"switchDistance": 0.8 * NM}),
    "no switching": ({"switchDistance": 0}, {}),
}


@pytest.mark.parametrize(("given", "changes"), OPTIONS.values(), ids=OPTIONS)
def test_in_a_box(water: Path, given, changes):
    engine = OpenMMEngine.from_pdb(water, *WATER, create_system=given)
    assert xml(engine.system) == spelled_out(water, WATER, **(PME | changes))
    assert engine.periodic


@pytest.mark.parametrize(
    "name", ["none", *(name for name in OPTIONS if "hydrogens" in name or "constraints" in name)]
)
def test_without_a_box(name: str):
    given, changes = OPTIONS[name]
    engine = OpenMMEngine.from_pdb(ALANINE, *VACUUM, create_system=given)
    assert xml(engine.system) == spelled_out(ALANINE, VACUUM, **(NONE | changes))
    assert not engine.periodic


def energy(engine: OpenMMEngine) -> float:
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(engine.system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(engine.positions)
    found = context.getState(energy=True).getPotentialEnergy()
    return found.value_in_unit(unit.kilojoule_per_mole)


@pytest.mark.parametrize("field", GB.values(), ids=GB)
@pytest.mark.parametrize("given", [None, {"hydrogenMass": 3.0}])
def test_implicit_solvent_has_no_box(alanine_in_a_box: Path, field, given):
    with pytest.warns(UserWarning, match=r"boxed\.pdb has a box, which is not used.*implicit"):
        engine = OpenMMEngine.from_pdb(alanine_in_a_box, *field, create_system=given)
    assert xml(engine.system) == spelled_out(alanine_in_a_box, field, **(NONE | (given or {})))
    assert not engine.periodic
    assert engine.system_settings.box is None
    without = OpenMMEngine.from_pdb(ALANINE, *field, create_system=given)
    assert xml(without.system) == spelled_out(ALANINE, field, **(NONE | (given or {})))
    assert energy(engine) == pytest.approx(energy(without), abs=1e-6)


@pytest.mark.parametrize("field", GB.values(), ids=GB)
def test_a_box_for_implicit_solvent_has_to_be_asked_for(alanine_in_a_box: Path, field):
    cut = {"nonbondedMethod": app.CutoffPeriodic, "nonbondedCutoff": 1.2 * NM}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        engine = OpenMMEngine.from_pdb(alanine_in_a_box, *field, create_system=cut)
        given = {"nonbondedMethod": app.NoCutoff}
        assert not OpenMMEngine.from_pdb(alanine_in_a_box, *field, create_system=given).periodic
    assert xml(engine.system) == spelled_out(alanine_in_a_box, field, **(NONE | cut))
    assert engine.periodic


def test_charmm_has_its_own_cutoff(tmp_path: Path):
    gro, top = argon_gro(tmp_path), argon_top(tmp_path)
    top.write_text('; made with "charmm36-jul2022.ff"\n' + top.read_text())
    assert (argon := OpenMMEngine.from_gromacs(top, gro).system_settings).cutoff == 1.2
    assert argon.switching_distance == pytest.approx(1.0)
    assert argon.dispersion_correction is False
    shorter = OpenMMEngine.from_gromacs(top, gro, create_system={"nonbondedCutoff": 1.0})
    assert shorter.system_settings.switching_distance == pytest.approx(0.8)
    without = OpenMMEngine.from_gromacs(top, gro, create_system={"switchDistance": None})
    assert without.system_settings.switching_distance is None


def test_charmm_in_the_files_of_openmm(tmp_path: Path):
    model = app.Modeller(app.Topology(), [] * NM)
    model.addSolvent(app.ForceField(*WATER), boxSize=openmm.Vec3(2.5, 2.5, 2.5) * NM)
    path = tmp_path / "water.pdb"
    with path.open("w") as file:
        app.PDBFile.writeFile(model.topology, model.positions, file)
    field = ("charmm36/water.xml",)
    charmm = {"nonbondedCutoff": 1.2 * NM, "switchDistance": 1.0 * NM}
    engine = OpenMMEngine.from_pdb(path, *field)
    assert xml(engine.system) == spelled_out(path, field, **(PME | charmm))
    renamed = tmp_path / "mine.xml"
    renamed.write_text((Path(app.__file__).parent / "data" / field[0]).read_text())
    assert xml(OpenMMEngine.from_pdb(path, renamed).system) == xml(engine.system)


@pytest.mark.filterwarnings("ignore:Non-optimal GB parameters")
def test_amber(tmp_path: Path):
    prmtop, inpcrd = argon_prmtop(tmp_path)
    inpcrd.write_text(inpcrd.read_text() + "".join(f"{x:12.7f}" for x in [30] * 3 + [90] * 3))
    box = app.AmberInpcrdFile(str(inpcrd)).boxVectors
    top = app.AmberPrmtopFile(str(prmtop), periodicBoxVectors=box)
    engine = OpenMMEngine.from_amber(prmtop, inpcrd, create_system={"removeCMMotion": False})
    assert xml(engine.system) == xml(top.createSystem(**PME, removeCMMotion=False))
    with pytest.warns(UserWarning, match=r"prmtop has a box, which is not used"):
        engine = OpenMMEngine.from_amber(
            prmtop, inpcrd, create_system={"implicitSolvent": app.OBC2}
        )
    assert engine.system_settings.implicit_solvent == "GBSAOBC"
    assert not engine.periodic


def test_charmm_in_the_format_of_amber(tmp_path: Path):
    prmtop, inpcrd = argon_prmtop(tmp_path)
    inpcrd.write_text(inpcrd.read_text() + "".join(f"{x:12.7f}" for x in [30] * 3 + [90] * 3))
    rows = "%FLAG LENNARD_JONES_14_{}COEF\n%FORMAT(5E16.8)\n  0.10000000E+01\n"
    text = prmtop.read_text().replace("%FLAG TITLE", "%FLAG CTITLE")
    prmtop.write_text(text + rows.format("A") + rows.format("B"))
    settings = OpenMMEngine.from_amber(prmtop, inpcrd).system_settings
    assert (settings.cutoff, settings.switching_distance) == (1.2, pytest.approx(1.0))


def test_gromacs(tmp_path: Path):
    gro, path = argon_gro(tmp_path), argon_top(tmp_path)
    box = app.GromacsGroFile(str(gro)).getPeriodicBoxVectors()
    top = app.GromacsTopFile(str(path), periodicBoxVectors=box)
    engine = OpenMMEngine.from_gromacs(path, gro, create_system={"removeCMMotion": False})
    assert xml(engine.system) == xml(top.createSystem(**PME, removeCMMotion=False))


REFUSED = {
    "implicit solvent and PME": (
        ALANINE,
        FORCE_FIELD,
        {"nonbondedMethod": app.PME},
        "PME can't be",
    ),
    "no box": (
        ALANINE,
        VACUUM,
        {"nonbondedMethod": app.LJPME},
        r"LJPME needs a box.*alanine.*CRYST1",
    ),
    "a cut-off alone": (
        ALANINE,
        VACUUM,
        {"nonbondedCutoff": 0.8},
        "no effect.*holds without a box",
    ),
    "a cut-off with implicit solvent": (
        ALANINE,
        FORCE_FIELD,
        {"nonbondedCutoff": 0.8},
        "no effect.*holds with implicit solvent.*CutoffNonPeriodic",
    ),
    "a cut-off without one": (
        None,
        WATER,
        {"nonbondedMethod": app.NoCutoff, "nonbondedCutoff": 0.8},
        "0.8 nm has no effect with nonbondedMethod=NoCutoff, which is given",
    ),
    "switching behind the cut-off": (
        None,
        WATER,
        {"switchDistance": 1.0},
        r"switchDistance=1.0 nm has to be less than nonbondedCutoff=1.0 nm \(the default\)",
    ),
    "a box that is too small": (None, WATER, {"nonbondedCutoff": 1.2}, r"half of the box.*2\.2 nm"),
    "a cut-off of zero": (None, WATER, {"nonbondedCutoff": 0}, "positive"),
    "unknown constraints": (
        ALANINE,
        VACUUM,
        {"constraints": "hbonds"},
        "'hbonds' is unknown.*HBonds",
    ),
    "a number": (ALANINE, VACUUM, {"nonbondedMethod": 4}, "4 is unknown.*LJPME of openmm.app"),
    "misspelt": (None, WATER, {"nonbondedMethd": app.PME}, "nonbondedMethd"),
}


@pytest.mark.parametrize(("path", "field", "given", "why"), REFUSED.values(), ids=REFUSED)
def test_contradictions_are_refused(water: Path, path, field, given, why: str):
    with pytest.raises(ValueError, match=why):
        OpenMMEngine.from_pdb(path or water, *field, create_system=given)


KINDS = {
    "HBonds": (app.HBonds, 12),
    "AllBonds": (app.AllBonds, 21),
    "HAngles": (app.HAngles, 30),
    "None": (None, 0),
}


@pytest.mark.parametrize(("kind", "given"), KINDS.items())
def test_settings_tell_the_constraints(kind: str, given):
    engine = OpenMMEngine.from_pdb(ALANINE, *VACUUM, create_system={"constraints": given[0]})
    settings = engine.system_settings
    assert (settings.constraints, settings.n_constraints) == (kind, given[1])
    assert (settings.nonbonded_method, settings.cutoff, settings.rigid_water) == (
        "NoCutoff",
        None,
        None,
    )


def test_settings_of_any_system(water: Path):
    given = {"rigidWater": False, "switchDistance": 0.9, "useDispersionCorrection": False}
    engine = OpenMMEngine.from_pdb(water, *WATER, create_system=given)
    assert engine.system_text == str(engine.system_settings)
    assert engine.system_text == (
        "PME, cut-off 1 nm, switching from 0.9 nm, no dispersion correction, constraints HBonds "
        f"({engine.n_atoms * 2 // 3}), flexible water, box 2.2 x 2.2 x 2.2 nm"
    )
    again = OpenMMEngine(engine.system, engine.topology)
    assert again.system_settings == engine.system_settings
    assert double_well_engine().system_text == "no nonbonded force, constraints None, no box"
    system = engine.system
    system.removeConstraint(0)
    assert OpenMMEngine(system, engine.topology).system_settings.constraints == "some"
    assert alanine_engine().clone(1).system_settings == alanine_engine().system_settings


def test_heavy_hydrogens_are_told(water: Path):
    heavy = {"hydrogenMass": 3}
    told = OpenMMEngine.from_pdb(ALANINE, *VACUUM, create_system=heavy).system_settings
    assert told.hydrogen_mass == pytest.approx(3)
    assert "hydrogens of 3 amu" in str(told)
    assert OpenMMEngine.from_pdb(ALANINE, *VACUUM).system_settings.hydrogen_mass is None
    # OpenMM leaves those of rigid water as they are.
    engine = OpenMMEngine.from_pdb(water, *WATER, create_system=heavy)
    assert engine.system_settings.hydrogen_mass is None
    assert "constraints None" in engine.system_text
    assert "rigid water" in engine.system_text


def test_the_record_has_them(water: Path):
    told = OpenMMEngine.from_pdb(water, *WATER)._engine_facts().parameters
    assert told["nonbonded_method"] == "PME"
    assert (told["cutoff"], told["constraints"]) == (1.0, "None"), "water is rigid anyway"
    assert "switching_distance" not in told
    assert told["rigid_water"] is True
    assert np.allclose(told["box"], 2.2 * np.eye(3))
