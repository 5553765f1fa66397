"""The first frame of a simulation is its start: box, positions, velocities, as GROMACS sees it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openmm
import pytest
from gromacs_systems import gromacs_engine
from openmm import app, unit

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.engines.openmm.boxes import reduced_box
from asyncmd_jupyter.frames.read import Frame, read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame

pytestmark = pytest.mark.gromacs  # gmx dump is the witness
ROUNDED = 2e-5  # of what gmx dump prints, in nm and nm/ps
PROJECTED = 1e-3  # nm/ps, of 0.5 to 3, as exactly as LINCS fulfils the constraints once more


def dodecahedron(length: float) -> np.ndarray:
    return reduced_box(length * np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, np.sqrt(0.5)]]))


BOXES = {"rectangular": np.diag([5.0, 5.2, 5.4]), "triclinic": dodecahedron(5.5)}


def openmm_npt(**options: Any) -> OpenMMEngine:
    """Rigid dumbbells in a box of 4 nm, whose volume the barostat tries to change at each step."""
    system, topology = openmm.System(), app.Topology()
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    chain, argon = topology.addChain(), app.Element.getBySymbol("Ar")
    for molecule in range(11):
        residue = topology.addResidue("ARG", chain)
        for _ in range(2):
            topology.addAtom("AR", argon, residue)
            system.addParticle(39.948)
            force.addParticle(0, 0.34, 0.996)
        system.addConstraint(2 * molecule, 2 * molecule + 1, 0.4)
    system.addForce(force)
    system.addForce(openmm.MonteCarloBarostat(1 * unit.bar, 300, 1))
    system.setDefaultPeriodicBoxVectors(*(4.0 * np.eye(3)))
    return OpenMMEngine(system, topology, dumbbells(), platform="Reference", seed=4, **options)


def dumbbells() -> np.ndarray:
    sites = np.mgrid[0:3, 0:2, 0:2].reshape(3, -1).T[:11] * 1.2 + 0.3
    return np.repeat(sites, 2, axis=0) + np.tile([[0, 0, 0], [0, 0, 0.4]], (11, 1))


def gromacs_npt(**options: Any) -> Any:
    """Alanine dipeptide in a box of its own."""
    pressure = {"pcoupl": "C-rescale", "tau-p": 1.0, "ref-p": [1.0], "compressibility": [4.5e-5]}
    changes = pressure | {"nstpcouple": 1, "nstcalcenergy": 1, "nstcomm": 1}
    return gromacs_engine(changes=changes, output_traj_type="trr", **options)


ENGINES: dict[str, Callable[..., Any]] = {"openmm": openmm_npt, "gromacs": gromacs_npt}


async def start_in(box: np.ndarray, engine: Any, folder: Path) -> Trajectory:
    """A start that fulfils the constraints, moves, and is in another box than the engine's."""
    moving = await engine.generate_velocities(None, folder / "moving.trr", workdir=folder)
    frame = read_frame(moving, 0)
    assert not np.allclose(frame.box, box, atol=0.5)
    path = folder / "start.trr"
    with path.open("wb") as file:
        write_trr_frame(file, TrrFrame(7, 3.0, box, frame.positions, frame.velocities))
    return Trajectory(path, moving.structure_path)


def dumped(path: Path) -> dict[str, np.ndarray]:
    """Box, positions and velocities of the first frame, as ``gmx dump`` prints them."""
    command = ["gmx", "-quiet", "dump", "-f", str(path)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    first = re.split(r"frame 1:", text)[0]
    rows = re.findall(r"^ +(box|x|v)\[ *\d+\]=\{([^}]*)\}", first, re.MULTILINE)
    names = ("box", "x", "v")
    return {
        name: np.array([[float(x) for x in row.split(",")] for key, row in rows if key == name])
        for name in names
    }


def assert_is(told: dict[str, np.ndarray], start: Frame, of_velocities: float) -> None:
    assert np.allclose(told["box"], start.box, atol=ROUNDED)
    assert np.allclose(told["x"], start.positions, atol=ROUNDED)
    assert np.abs(told["v"] - start.velocities).max() < of_velocities


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
async def test_the_first_frame_is_the_start(manager, tmp_path: Path, make, box):
    engine = make(nstout=10)
    start = await start_in(box, engine, tmp_path)
    await engine.prepare(start, tmp_path, "sim")
    part = await engine.run_steps(10)
    given, first, last = read_frame(start, 0), read_frame(part, 0), read_frame(part, -1)
    assert (first.step, first.time) == (0, 0.0)
    close = PROJECTED if make is gromacs_npt else ROUNDED
    assert_is(dumped(part.paths[0]), given, close)
    assert_is({"box": first.box, "x": first.positions, "v": first.velocities}, given, close)
    assert not np.array_equal(last.box, first.box), "the barostat acts"
    assert np.allclose(last.box, given.box, rtol=0.1, atol=1e-3), "on the box of the start"


async def test_without_a_start_it_is_that_of_the_engine(manager, tmp_path: Path):
    moving = np.random.default_rng(2).normal(0, 0.2, (22, 3))
    engine = openmm_npt(nstout=1, velocities=moving)
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.run_steps(1)
    told = dumped(part.paths[0])
    assert np.allclose(told["box"], 4.0 * np.eye(3), atol=ROUNDED)
    assert np.allclose(told["x"], engine.positions, atol=ROUNDED)
    assert np.allclose(told["v"], moving, atol=ROUNDED)
