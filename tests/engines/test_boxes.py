"""Boxes of any writer mean the same lattice to OpenMM."""

from __future__ import annotations

import math
import warnings
from itertools import product
from pathlib import Path

import numpy as np
import openmm
import pytest
from openmm import app, unit
from topology_files import argon_gro, argon_top

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.engines.openmm.boxes import real_box, reduced_box
from asyncmd_jupyter.frames.extract import NoModificationFrameExtractor
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory

# OpenMM's reader leaves the closing of the file to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:.*argon\.top:pytest.PytestUnraisableExceptionWarning", "ignore:unclosed file"
)

LENGTHS = [3 + 0.001 * number for number in range(1460)]


def octahedron(length: float) -> np.ndarray:
    """Vectors as ``gmx editconf -bt octahedron`` makes them."""
    a, b = length * math.sqrt(2) / 3, length / 3
    return np.array([[length, 0, 0], [b, 2 * a, 0], [-b, a, length * math.sqrt(6) / 3]])


def dodecahedron(length: float) -> np.ndarray:
    """Vectors as ``gmx editconf -bt dodecahedron`` makes them."""
    return length * np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, math.sqrt(0.5)]])


def rounded_to_text(box: np.ndarray) -> np.ndarray:
    """As a GRO file rounds it."""
    return np.array([[float(f"{x:.5f}") for x in row] for row in box])


def rounded_to_single(box: np.ndarray) -> np.ndarray:
    """As TRR files round it, and XTC."""
    return box.astype(np.float32).astype(float)


def rounded_to_angles(box: np.ndarray) -> np.ndarray:
    """As a PDB file rounds it: 0.001 Å and 0.01 degrees."""
    from MDAnalysis.lib.mdamath import triclinic_box, triclinic_vectors

    return triclinic_vectors(np.round(triclinic_box(*(10 * box)), 2)).astype(float) / 10


ROUNDING = (rounded_to_text, rounded_to_single, rounded_to_angles)


def is_reduced(box: np.ndarray) -> bool:
    (ax, *_), (bx, by, _), (cx, cy, _) = box
    return ax >= 2 * abs(bx) and ax >= 2 * abs(cx) and by >= 2 * abs(cy)


@pytest.mark.parametrize("round_box", ROUNDING)
@pytest.mark.parametrize("shape", [octahedron, dodecahedron])
def test_reducing_keeps_the_lattice(shape, round_box):
    refused = 0
    context = context_of_ideal_gas()
    for length in LENGTHS:
        box = round_box(shape(length))
        refused += not is_reduced(box)
        reduced = reduced_box(box)
        context.setPeriodicBoxVectors(*reduced)  # raises unless it is reduced
        app.Topology().setPeriodicBoxVectors([openmm.Vec3(*row) for row in reduced])
        combinations = np.linalg.solve(box.T, reduced.T)
        assert np.allclose(combinations, np.round(combinations), atol=1e-9)
        assert math.isclose(np.linalg.det(reduced), np.linalg.det(box), rel_tol=1e-12)
    if (shape, round_box) == (octahedron, rounded_to_text):
        assert refused > len(LENGTHS) / 5, "otherwise this tests nothing"


def context_of_ideal_gas() -> openmm.Context:
    system = openmm.System()
    system.addParticle(1.0)
    platform = openmm.Platform.getPlatformByName("Reference")
    return openmm.Context(system, openmm.VerletIntegrator(0.001), platform)


def test_no_box():
    assert real_box(None) is None
    assert real_box(np.zeros((3, 3))) is None
    assert real_box(0.1 * np.eye(3)) is None  # CRYST1 1 1 1: there is no crystal
    assert real_box(0.11 * np.eye(3)) is not None


@pytest.mark.parametrize(
    "box",
    [
        np.diag([1.0, 1.0, 0.0]),
        np.diag([1.0, -1.0, 1.0]),
        np.array([[1.0, 0.1, 0], [0, 1, 0], [0, 0, 1]]),
        np.full((3, 3), np.nan),
    ],
)
def test_what_spans_no_box_is_refused(box):
    with pytest.raises(ValueError, match=r"The box .* can't be used"):
        reduced_box(box)


# The fifth decimal of c_y was rounded up and that of b_y down.
UNREDUCED = next(one for one in LENGTHS if not is_reduced(rounded_to_text(octahedron(one))))
SEVERAL = (UNREDUCED, 4.0, 4.2)
WRITERS = ("gro", "pdb", "xtc", "trr")


def octahedral_argon(folder: Path, length: float) -> Path:
    gro = argon_gro(folder)
    (ax, *_), (bx, by, _), (cx, cy, cz) = octahedron(length)
    numbers = (ax, by, cz, 0, 0, bx, 0, cx, cy)
    # MDAnalysis warns of masses that it can't guess of such a name.
    *atoms, _ = gro.read_text().replace("      AR", "       C").splitlines()
    gro.write_text("\n".join([*atoms, "".join(f"{x:10.5f}" for x in numbers)]) + "\n")
    return gro


def written(gro: Path, ending: str) -> Path:
    path = gro.with_suffix(f".{ending}")
    if ending != "gro":
        NoModificationFrameExtractor().extract(path, Trajectory(gro, gro), 0)
    return path


@pytest.mark.filterwarnings("ignore:The start has no velocities")
@pytest.mark.parametrize(("length", "ending"), list(product(SEVERAL, WRITERS)))
async def test_a_start_of_any_writer_in_a_truncated_octahedron(
    manager, tmp_path: Path, length: float, ending: str
):
    gro = octahedral_argon(tmp_path, length)
    engine = OpenMMEngine.from_gromacs(argon_top(tmp_path), gro, nstout=1, platform="Reference")
    start = Trajectory(written(gro, ending), gro)
    await engine.prepare(start, tmp_path, "sim")
    frame = read_frame(await engine.run_steps(1), 0)
    volume = np.linalg.det(octahedron(length))
    assert math.isclose(np.linalg.det(frame.box), volume, rel_tol=5e-4)


def test_energies_are_those_of_the_same_lattice():
    box = rounded_to_text(octahedron(UNREDUCED))
    positions = np.random.default_rng(1).uniform(0, 4, (20, 3))
    reduced = reduced_box(box)
    # Pairs over all images near, by hand, with the vectors as they stand in the file.
    shifts = np.array(list(product((-2, -1, 0, 1, 2), repeat=3))) @ box
    difference = positions[:, None] - positions[None]
    distances = np.linalg.norm(difference[:, :, None] + shifts, axis=-1)
    pairs = np.triu(np.ones((20, 20), bool), 1)
    expected = np.sum(np.where(distances < 1.2, (1.2 - distances) ** 2, 0)[pairs])
    system = openmm.System()
    force = openmm.CustomNonbondedForce("(1.2 - r)^2")
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(1.2)
    for _ in positions:
        system.addParticle(1.0)
        force.addParticle([])
    system.addForce(force)
    system.setDefaultPeriodicBoxVectors(*reduced)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(positions)
    found = context.getState(energy=True).getPotentialEnergy()
    assert math.isclose(found.value_in_unit(unit.kilojoule_per_mole), expected, rel_tol=1e-6)


@pytest.mark.filterwarnings("ignore:The start has no velocities")
async def test_a_start_without_a_box_gets_the_one_of_the_engine(manager, tmp_path: Path):
    gro = argon_gro(tmp_path)
    engine = OpenMMEngine.from_gromacs(argon_top(tmp_path), gro, nstout=1, platform="Reference")
    start = tmp_path / "start.xyz"
    start.write_text("2\nno box\nAr 10 10 10\nAr 14 10 10\n")
    said = r"start\.xyz has no box: that of the engine .*3 x 3 x 3 nm"
    with pytest.warns(UserWarning, match=said):
        await engine.prepare(Trajectory(start, gro), tmp_path, "sim")
    part = await engine.run_steps(1)
    assert np.allclose(read_frame(part, 0).box, 3 * np.eye(3))
    assert "CRYST1   30.000   30.000   30.000" in (tmp_path / "sim.pdb").read_text()


def argon_in_a_box(box: np.ndarray) -> openmm.System:
    """Two atoms whose periodic boundaries only the System knows."""
    system = openmm.System()
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    for _ in range(2):
        system.addParticle(39.948)
        force.addParticle(0, 0.34, 0.996)
    system.addForce(force)
    system.setDefaultPeriodicBoxVectors(*box)
    return system


def topology_in_a_box(box) -> app.Topology:
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(2):
        residue = topology.addResidue("ARG", chain)
        topology.addAtom("AR", app.Element.getBySymbol("Ar"), residue)
    topology.setPeriodicBoxVectors(box)
    return topology


TRICLINIC = reduced_box(dodecahedron(3.2))
PAIR = np.array([[0.1, 0.1, 0.1], [0.5, 0.1, 0.1]])


def quantities_of(box: np.ndarray) -> dict[str, object]:
    """The same box in all the ways in which a topology takes it."""
    return {
        "array": box * unit.nanometer,
        "array in angstrom": 10 * box * unit.angstrom,
        "vectors": [openmm.Vec3(*row) for row in box] * unit.nanometer,
        "quantities": [openmm.Vec3(*row) * unit.nanometer for row in box],
        "plain": [openmm.Vec3(*row) for row in box],
    }


async def box_of_frame_0(engine: OpenMMEngine, folder: Path) -> np.ndarray:
    await engine.prepare(None, folder, "sim")
    return read_frame(await engine.run_steps(1), 0).box


@pytest.mark.parametrize(
    "box", [np.diag([3.0, 3.2, 3.4]), TRICLINIC], ids=["diagonal", "triclinic"]
)
@pytest.mark.parametrize("topology", [None, topology_in_a_box(None)], ids=["none", "without"])
async def test_a_box_that_only_the_system_has(manager, tmp_path: Path, topology, box):
    engine = OpenMMEngine(argon_in_a_box(box), topology, PAIR, nstout=1, platform="Reference")
    assert np.allclose(engine.system_settings.box, box, atol=1e-12)
    assert np.allclose(await box_of_frame_0(engine, tmp_path), box, atol=1e-6)


@pytest.mark.parametrize("kind", quantities_of(TRICLINIC))
def test_a_box_in_any_form(kind: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        topology = topology_in_a_box(quantities_of(TRICLINIC)[kind])
        engine = OpenMMEngine(argon_in_a_box(TRICLINIC), topology, PAIR)
    assert np.allclose(engine.system_settings.box, TRICLINIC, atol=1e-12)


@pytest.mark.parametrize("round_box", ROUNDING)
def test_a_box_that_a_file_has_rounded_is_the_same(round_box):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        topology = topology_in_a_box(quantities_of(reduced_box(round_box(TRICLINIC)))["array"])
        OpenMMEngine(argon_in_a_box(TRICLINIC), topology, PAIR)


def energy_in_openmm(system: openmm.System, positions: np.ndarray, box=None) -> float:
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    if box is not None:
        context.setPeriodicBoxVectors(*box)
    context.setPositions(positions)
    energy = context.getState(energy=True).getPotentialEnergy()
    return energy.value_in_unit(unit.kilojoule_per_mole)


async def test_of_two_boxes_the_one_of_the_system_counts(manager, tmp_path: Path):
    system, across = argon_in_a_box(np.diag([3.0] * 3)), np.array([[0.1] * 3, [2.75, 0.1, 0.1]])
    topology = topology_in_a_box(quantities_of(np.diag([4.0] * 3))["vectors"])
    with pytest.warns(UserWarning, match=r"another box.*4 x 4 x 4 nm and 3 x 3 x 3 nm.*System is"):
        engine = OpenMMEngine(system, topology, across, nstout=1, platform="Reference")
    box = await box_of_frame_0(engine, tmp_path)
    assert np.allclose(box, np.diag([3.0] * 3))
    # As in a simulation by OpenMM itself, where the atoms are 0.35 nm apart.
    expected = energy_in_openmm(system, across)
    assert energy_in_openmm(engine.system, engine.positions, box) == pytest.approx(expected)
    assert expected < -0.5
    assert abs(energy_in_openmm(system, across, np.diag([4.0] * 3))) < 0.1


def test_a_box_of_the_topology_alone_is_none():
    system = openmm.System()
    for _ in range(2):
        system.addParticle(39.948)
    topology = topology_in_a_box(quantities_of(TRICLINIC)["array"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert OpenMMEngine(system, topology, PAIR).system_settings.box is None
