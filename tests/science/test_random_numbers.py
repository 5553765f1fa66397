"""Random numbers of OpenMM's worker and of GROMACS' draws: exact relations, and quick statistics.

All seeds are fixed, so that a test that has passed raises no false alarm; each says what its
chance would be with any seed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from engine_systems import ALANINE, alanine_engine
from gromacs_systems import gromacs_engine

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.engines.gromacs.parameters import with_velocities
from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.engines.openmm import worker as openmm_worker
from asyncmd_jupyter.engines.stepping.checkpoint import Checkpoint
from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.new_velocities import NewVelocities
from asyncmd_jupyter.testing import MemoryLauncher

pytestmark = pytest.mark.science

K = 0.00831446261815324  # kJ/(mol K)
LAUNCHER = "openmm in threads"


@pytest.fixture(autouse=True)
async def manager(runtime: runtimes.Runtime) -> AsyncIterator[JobManager]:
    manager = JobManager.current()
    manager.register(MemoryLauncher({openmm_worker.__name__: openmm_worker.main}, LAUNCHER))
    yield manager
    runtime.change_settings(end_local_jobs_on_shutdown=True)
    await manager.shutdown()


def free_particles(n: int, integrator, *forces, mass: float = 20.0, **options) -> OpenMMEngine:
    import openmm

    system = openmm.System()
    for _ in range(n):
        system.addParticle(mass)
    for force in forces:
        system.addForce(force)
    parameters = {"platform": "Reference", "nstout": 1, "seed": 1, "launcher": LAUNCHER, **options}
    return OpenMMEngine(system, None, np.zeros((n, 3)), integrator=integrator, **parameters)


def velocities_of(trajectory, frame: int = 0) -> np.ndarray:
    return read_frame(trajectory, frame).velocities.astype(float)


def mean_is(found: float, expected: float, relative_error: float) -> bool:
    """Within 4 errors: a chance of 6 in 10^5 that it is not."""
    return abs(found / expected - 1) < 4 * relative_error


class TestFourTimesTheTemperature:
    """The same seed gives velocities exactly doubled: no statistics, any mistake is seen."""

    async def test_openmm(self, tmp_path: Path):
        drawn = []
        for kelvin in (200.0, 800.0):
            engine = free_particles(100, "LangevinMiddle", temperature=kelvin)
            (tmp_path / f"{kelvin}").mkdir()
            made = await engine.generate_velocities(None, tmp_path / f"{kelvin}" / "v.trr")
            drawn.append(velocities_of(made))
        assert np.array_equal(2 * drawn[0], drawn[1])

    def test_extractor(self, tmp_path: Path):
        engine = alanine_engine()
        with (tmp_path / "start.trr").open("wb") as file:
            frame = TrrFrame(0, 0.0, np.zeros((3, 3)), engine.positions)
            write_trr_frame(file, frame)
        start = Trajectory(tmp_path / "start.trr", ALANINE)
        drawn = []
        for kelvin in (200.0, 800.0):
            draw = RandomVelocitiesFrameExtractor.of(engine, kelvin, seed=7)
            drawn.append(velocities_of(draw.extract(tmp_path / f"{kelvin}.trr", start, 0)))
        assert drawn[1] == pytest.approx(2 * drawn[0], rel=1e-6, abs=1e-6)

    @pytest.mark.gromacs
    async def test_gromacs(self, tmp_path: Path):
        drawn = []
        for kelvin in (200.0, 800.0):
            changes = {"gen-temp": None, "constraints": "none"}
            engine = gromacs_engine(temperature=kelvin, changes=changes)
            (tmp_path / f"{kelvin}").mkdir()
            made = await engine.generate_velocities(None, tmp_path / f"{kelvin}" / "v.trr")
            drawn.append(velocities_of(made))
        # Mdrun has done nothing but half a step of Langevin dynamics backwards and forwards.
        assert drawn[1] == pytest.approx(2 * drawn[0], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("phase", [0.2, 1.0])
async def test_oscillators_have_the_energy_of_their_temperature(tmp_path: Path, phase: float):
    """<x^2> k = <v^2> m = kT for any time step, up to one of a radian, with LangevinMiddle.

    20,000 oscillators in three dimensions and 4 frames, apart by five times the decay: 240,000
    values with an error of 0.29 %. Tolerance 1.15 %: 2 % are seen with a probability of 99.8 %.
    """
    import openmm

    n, mass, spring, kelvin = 20_000, 20.0, 1000.0, 300.0
    timestep = phase / np.sqrt(spring / mass)
    force = openmm.CustomExternalForce(f"0.5 * {spring} * (x^2 + y^2 + z^2)")
    for particle in range(n):
        force.addParticle(particle, [])
    nstout = round(10 / phase)
    options = {"friction": np.sqrt(spring / mass), "timestep": timestep, "nstout": nstout}
    engine = free_particles(n, "LangevinMiddle", force, mass=mass, temperature=kelvin, **options)
    await engine.prepare(None, tmp_path, "oscillators")
    part = await engine.run_steps(5 * nstout)
    frames = [read_frame(part, number) for number in range(2, 6)]
    error = np.sqrt(2 / (3 * n * len(frames)))
    for found in (
        spring * np.mean([(frame.positions.astype(float) ** 2).mean() for frame in frames]),
        mass * np.mean([(frame.velocities.astype(float) ** 2).mean() for frame in frames]),
    ):
        assert mean_is(found, K * kelvin, error)


def forget_exact_state(checkpoint: Path) -> None:
    """As if it were of another machine, where only the portable state can be read."""
    known = Checkpoint.read(checkpoint)
    progress = replace(known.progress, platform="Reference, OpenMM of another machine")
    replace(known, progress=progress).write(checkpoint)


def langevin():
    import openmm

    return openmm.LangevinMiddleIntegrator(300, 5000, 0.01)


def compound():
    import openmm

    made = openmm.CompoundIntegrator()
    made.addIntegrator(langevin())
    made.addIntegrator(openmm.VerletIntegrator(0.01))
    return made


def with_thermostat():
    import openmm

    return openmm.AndersenThermostat(300, 5000)


SOURCES = {
    "integrator": lambda: free_particles(500, langevin()),
    "one of several": lambda: free_particles(500, compound()),
    "thermostat": lambda: free_particles(500, "Verlet", with_thermostat(), timestep=0.01),
}


@pytest.mark.parametrize("source", SOURCES)
async def test_each_part_has_noise_of_its_own(tmp_path: Path, source: str):
    """With this friction velocities are nothing but the noise of their step.

    1,500 values: a correlation by chance has a width of 0.026, so that one of 0.15 has a chance
    below 1e-8; with the same noise in two parts it is 1.
    """
    engine = SOURCES[source]()
    await engine.prepare(None, tmp_path, "sim")
    first = await engine.run_steps(2)
    forget_exact_state(tmp_path / "sim.cpt")
    await engine.prepare_from_files(tmp_path, "sim")
    second = await engine.run_steps(4)
    noise = [velocities_of(first, n).ravel() for n in (1, 2)]
    noise += [velocities_of(second, n).ravel() for n in range(len(second))][-2:]
    correlation = np.corrcoef(noise) - np.eye(4)
    assert np.abs(correlation).max() < 0.15
    assert all(mean_is((one**2).mean(), K * 300 / 20, np.sqrt(2 / 1500)) for one in noise)


@pytest.mark.parametrize("source", SOURCES)
async def test_a_script_that_is_run_again_gives_the_same(tmp_path: Path, source: str):
    """In one process, where OpenMM's Reference platform has one generator for all."""
    ends = []
    for name in ("a", "b"):
        engine = SOURCES[source]()
        (tmp_path / name).mkdir()
        await engine.prepare(None, tmp_path / name, "sim")
        await engine.run_steps(2)
        ends.append(velocities_of(await engine.run_steps(4), -1))
    assert np.array_equal(*ends)


class TestDrude:
    """Oscillators move with a temperature of their own, which only the engine knows."""

    N = 2000

    def engine(self) -> OpenMMEngine:
        import openmm

        system, drude = openmm.System(), openmm.DrudeForce()
        for pair in range(self.N):
            core, shell = system.addParticle(15.6), system.addParticle(0.4)
            drude.addParticle(shell, core, -1, -1, -1, -1.0, 0.001, 1.0, 1.0)
            assert (core, shell) == (2 * pair, 2 * pair + 1)
        system.addForce(drude)
        integrator = openmm.DrudeLangevinIntegrator(300, 1, 1, 20, 0.001)
        # A thousandth apart from each other, as shells are from their cores.
        positions = np.repeat(0.3 * np.arange(self.N)[:, None] * [[1.0, 0, 0]], 2, axis=0)
        positions[1::2, 1] = 0.001
        options = {"integrator": integrator, "nstout": 1, "seed": 1, "platform": "Reference"}
        return OpenMMEngine(system, None, positions, launcher=LAUNCHER, **options)

    async def test_new_velocities_of_a_frame(self, tmp_path: Path):
        """6,000 degrees of freedom of each kind: an error of 1.8 %, at most 4 of them."""
        engine = self.engine()
        await engine.prepare(None, tmp_path, "sim")
        start = await engine.run_steps(1)
        drawn = [
            made
            async for made in NewVelocities(engine).write(
                [tmp_path / "new.trr"], start, 0, overwrite=False
            )
        ]
        core, shell = np.split(velocities_of(drawn[0]).reshape(self.N, 2, 3), 2, axis=1)
        error = np.sqrt(2 / (3 * self.N))
        whole = (15.6 * core + 0.4 * shell) / 16
        assert mean_is(16 * (whole**2).mean() / K, 300.0, error)
        reduced = 15.6 * 0.4 / 16
        assert mean_is(reduced * ((shell - core) ** 2).mean() / K, 1.0, error)


class TestKineticEnergyOfGromacs:
    """``grompp`` scales what it draws to ``gen-temp``, which therefore is drawn itself."""

    def test_it_follows_from_the_seed(self):
        mdp = gromacs_engine(seed=3).mdp
        assert with_velocities(mdp, 22) == with_velocities(mdp, 22)
        assert with_velocities(mdp, 22) != with_velocities(mdp, 33)
