"""What a simulation begins with and how warm it stays, quick and sharp.

Most run what the worker runs in this process, so that there can be many particles. False alarms
are below 1 in 10^4: each tolerance is at least four standard errors, which are said beside it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openmm
import pytest

from asyncmd_jupyter.engines.gromacs.maxwell import drawn_temperature
from asyncmd_jupyter.engines.openmm.physics import make_integrator
from asyncmd_jupyter.engines.openmm.simulation import OpenMMSimulation
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame

pytestmark = pytest.mark.science

K = 0.00831446261815324  # kJ/(mol K)
MASS, STIFFNESS = 40.0, 2000.0  # amu, kJ/(mol nm^2): a period of 0.9 ps


def simulation(folder: Path, n_particles: int, *, part: int = 1, **changes) -> OpenMMSimulation:
    """Particles that feel nothing but a spring to the origin."""
    system, force = openmm.System(), openmm.CustomExternalForce("k * (x^2 + y^2 + z^2) / 2")
    force.addGlobalParameter("k", STIFFNESS)
    for _ in range(n_particles):
        force.addParticle(system.addParticle(MASS), [])
    system.addForce(force)
    dt = changes.pop("dt", 0.01)
    integrator = make_integrator("LangevinMiddle", 300, 2, dt)
    made = worker_simulation(folder, system, integrator, part, **changes)
    made.load(Configuration(np.zeros((n_particles, 3))))
    return made


def worker_simulation(
    folder: Path, system: openmm.System, integrator: openmm.Integrator, part: int = 1, **changes
) -> OpenMMSimulation:
    """What the worker makes of these."""
    for name, made in (("system", system), ("integrator", integrator)):
        (folder / f"{name}.xml").write_text(openmm.XmlSerializer.serialize(made))
    spec = {
        "system": "system.xml",
        "integrator": "integrator.xml",
        "platform": "Reference",
        "properties": {},
        "cores": 1,
        "temperature": 300.0,
        "seed": 7,
    }
    return OpenMMSimulation.from_spec(spec | changes, part, folder)


def kelvin(velocities: np.ndarray) -> float:
    return float(MASS * np.mean(velocities**2) / K)


def test_drawn_velocities(tmp_path: Path):
    """300,000 degrees of freedom, so that the error is 0.26 % and 2 % are seen."""
    made, drawn = simulation(tmp_path, 20_000), []
    for _ in range(5):
        made.draw_velocities()
        drawn.append(made.configuration().velocities)
    assert kelvin(np.array(drawn)) == pytest.approx(300, rel=0.0105)


@pytest.mark.usefixtures("runtime")
def test_velocities_of_an_extractor(tmp_path: Path):
    """As many."""
    structure, start = tmp_path / "conf.gro", tmp_path / "start.trr"
    structure.write_text("nobody\nreads\nthis\n")
    with start.open("wb") as file:
        write_trr_frame(file, TrrFrame(0, 0.0, np.zeros((3, 3)), np.zeros((100_000, 3))))
    draw = RandomVelocitiesFrameExtractor(300, masses=np.full(100_000, MASS), seed=1)
    made = draw.extract(tmp_path / "drawn.trr", Trajectory(start, structure), 0)
    assert kelvin(read_frame(made, 0).velocities) == pytest.approx(300, rel=0.0105)


def test_gen_temp_has_the_mean_and_the_width_of_a_small_molecule():
    """66 degrees of freedom, 5,000 draws: the errors are 0.25 % and 1 %."""
    drawn = np.array([drawn_temperature(300, 22, seed) for seed in range(5_000)])
    assert drawn.mean() == pytest.approx(300, rel=0.01)
    assert drawn.std() == pytest.approx(300 * np.sqrt(2 / 66), rel=0.05)


def dumbbells(folder: Path, *forces: openmm.Force) -> OpenMMSimulation:
    """Ten pairs of atoms at a fixed distance of 0.1 nm along x."""
    system = openmm.System()
    for number in range(10):
        pair = system.addParticle(12.0), system.addParticle(1.0)
        system.addConstraint(*pair, 0.1)
        assert pair[0] == 2 * number
    for force in forces:
        system.addForce(force)
    made = worker_simulation(folder, system, make_integrator("LangevinMiddle", 300, 2, 0.001))
    positions = np.zeros((20, 3))
    positions[:, 1] = np.repeat(np.arange(10), 2)
    positions[1::2, 0] = 0.1
    made.load(Configuration(positions, np.random.default_rng(1).normal(0, 1, (20, 3))))
    return made


def along_bonds(velocities: np.ndarray) -> np.ndarray:
    return velocities[1::2, 0] - velocities[::2, 0]


def test_velocities_are_moved_onto_constraints(tmp_path: Path):
    made = dumbbells(tmp_path)
    assert np.abs(along_bonds(made.configuration().velocities)).max() > 1
    made.fulfil_constraints()
    assert along_bonds(made.configuration().velocities) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("is_removed", [True, False])
def test_the_whole_is_at_rest_where_the_dynamics_keep_it_so(tmp_path: Path, is_removed: bool):
    made = dumbbells(tmp_path, *([openmm.CMMotionRemover()] if is_removed else []))
    made.draw_velocities()
    drawn = made.configuration().velocities
    assert along_bonds(drawn) == pytest.approx(0, abs=1e-4)
    momentum = np.tile([12.0, 1.0], 10) @ drawn
    assert bool(np.abs(momentum).max() < 1e-9) is is_removed
