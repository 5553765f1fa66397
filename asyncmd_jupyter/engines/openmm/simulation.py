"""An OpenMM Context made from a specification. Runs in the worker only."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Self
from xml.etree.ElementTree import iterparse

import numpy as np
import openmm
from openmm import unit

from asyncmd_jupyter.engines.openmm.barostats import Barostats
from asyncmd_jupyter.engines.openmm.described import described
from asyncmd_jupyter.engines.openmm.energies import Energies
from asyncmd_jupyter.engines.openmm.particles import Particles
from asyncmd_jupyter.engines.openmm.spec import SystemSpec
from asyncmd_jupyter.engines.stepping.checkpoint import Checkpoint
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.seeds import random_seeds
from asyncmd_jupyter.engines.stepping.unchanged import read_unchanged
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.velocities import without_com_motion

# Measured: the Reference platform is faster than the CPU platform up to about this many
# particles, unless there are reciprocal-space sums.
SMALL_SYSTEM = 60
_ACCELERATORS = ("CUDA", "HIP", "OpenCL")


class OpenMMSimulation:
    """A Context with its integrator, in terms of steps, ps and nm."""

    @classmethod
    def from_spec(cls, physics: dict[str, Any], part: int, folder: Path) -> Self:
        """Make the simulation that a specification describes."""
        return cls(SystemSpec(**physics), part, folder)

    def __init__(self, physics: SystemSpec, part: int, folder: Path) -> None:
        self._physics = physics
        self._integrator_file = folder / physics.integrator
        self._seeds = random_seeds(physics.seed, part)
        self._system = _deserialize(folder / physics.system, physics.system_digest)
        self._seed(*self._system.getForces())
        self._barostats = Barostats(self._system)
        self._is_periodic = self._system.usesPeriodicBoundaryConditions()
        self._energies = Energies(self._system)
        self.context = self._open(physics.platform)

    def _seed(self, *holders: Any) -> None:
        for holder in holders:
            if isinstance(holder, openmm.CompoundIntegrator):
                self._seed(*map(holder.getIntegrator, range(holder.getNumIntegrators())))
            elif hasattr(holder, "setRandomNumberSeed"):
                holder.setRandomNumberSeed(next(self._seeds))

    def _open(self, platform: str) -> Any:
        if platform != "auto":
            return self._open_on(platform)
        for name in self._preferred_platforms():
            try:
                return self._open_on(name)
            except openmm.OpenMMException:
                # Not compiled in, or this machine has no such device.
                continue
        return self._open_on("CPU")

    def _preferred_platforms(self) -> tuple[str, ...]:
        small = self._system.getNumParticles() <= SMALL_SYSTEM
        if small and not _has_reciprocal_space(self._system):
            return ("Reference",)
        return _ACCELERATORS

    def _open_on(self, name: str) -> Any:
        platform = openmm.Platform.getPlatformByName(name)
        # An integrator can't be used again after a context that failed.
        self._integrator = _deserialize(self._integrator_file, self._physics.integrator_digest)
        self._seed(self._integrator)
        properties = dict(self._physics.properties)
        if name == "CPU":
            properties.setdefault("Threads", str(self._physics.cores))
        known = platform.getPropertyNames()
        if self._physics.platform == "auto":
            properties = {key: value for key, value in properties.items() if key in known}
        return openmm.Context(self._system, self._integrator, platform, properties)

    @property
    def platform(self) -> str:
        """Where a binary checkpoint of this simulation can be read again."""
        name = self.context.getPlatform().getName()
        return f"{name}, OpenMM {openmm.version.version}"

    @property
    def step_count(self) -> int:
        """MD steps since step 0 of the whole simulation."""
        return int(self.context.getStepCount())

    @property
    def time(self) -> float:
        """Simulated time in ps."""
        return float(self.context.getTime().value_in_unit(unit.picosecond))

    def advance(self, n_steps: int) -> None:
        """Take MD steps."""
        if not self._barostats:
            self._integrator.step(n_steps)
            return
        while n_steps > 0:
            alike = self._barostats.steps_alike(self.step_count) or n_steps
            self._integrator.step(min(alike, n_steps))
            self._barostats.passed(self.step_count)
            n_steps -= alike

    def energies(self) -> dict[str, float]:
        """Energies, temperature, volume and density now; see `KnowsEnergies`."""
        return self._energies.of(self.context)

    def description(self) -> list[str]:
        """What is computed, and where; see `Described`."""
        return described(self.context, self._energies.degrees_of_freedom, self._physics.seed)

    def load(self, configuration: Configuration) -> None:
        """Take over positions, box and, where there are any, velocities."""
        if configuration.box is not None:
            self.context.setPeriodicBoxVectors(*configuration.box)
        self.context.setPositions(configuration.positions)
        # Their atoms may be rounded (XTC, GRO, PDB), and forces act where the sites are.
        self.context.computeVirtualSites()
        if configuration.velocities is not None:
            self.context.setVelocities(configuration.velocities)

    def begin_again(self, start: Configuration, seed: int | None) -> None:
        """Begin at step 0, with noise that is decided by the seed and with nothing left over.

        Making the kernels anew is the only documented way to a new seed; it also resets
        thermostats, variables of integrators and parameters.
        """
        if seed is None:
            self.context.setStepCount(0)
            self.context.setTime(0.0)
            self.load(start)
            return
        self._seeds = random_seeds(seed, 1)
        self._seed(*self._system.getForces(), self._integrator)
        self.context.reinitialize(preserveState=False)
        self._barostats = Barostats(self._system)
        self.load(start)

    def draw_velocities(self) -> None:
        """Maxwell-Boltzmann velocities that fulfil the constraints.

        Without motion of the centre of mass, if the dynamics keep that at rest.
        """
        self.context.setVelocitiesToTemperature(
            self._physics.temperature * unit.kelvin, next(self._seeds)
        )
        particles = Particles.of(self._system)
        if particles.removes_com:
            drawn = self.context.getState(velocities=True).getVelocities(asNumpy=True)._value
            self.context.setVelocities(without_com_motion(drawn, particles.masses))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on exactly where this platform allows it, with fresh noise elsewhere."""
        if checkpoint.progress.platform == self.platform:
            self.context.loadCheckpoint(checkpoint.exact)
        else:
            self.context.setState(_state(checkpoint.portable))
        self.context.setStepCount(checkpoint.progress.step)
        self._barostats.begin_at(checkpoint.progress.step)

    def save(self) -> tuple[bytes, str]:
        """The exact state for the same platform and the portable one for any."""
        state = self.context.getState(
            positions=True, velocities=True, parameters=True, integratorParameters=True
        )
        return self.context.createCheckpoint(), openmm.XmlSerializer.serialize(state)

    def fulfil_constraints(self) -> None:
        """Move positions and velocities onto the constraints."""
        tolerance = self._integrator.getConstraintTolerance()
        self.context.applyConstraints(tolerance)
        self.context.applyVelocityConstraints(tolerance)

    def minimize(self, tolerance: float, max_iterations: int) -> None:
        """Go to the nearest minimum of the energy."""
        openmm.LocalEnergyMinimizer.minimize(self.context, tolerance, max_iterations)

    def configuration(self) -> Configuration:
        """Positions, velocities and box now.

        Raises
        ------
        FloatingPointError
            If any of them is not finite.
        """
        state = self.context.getState(positions=True, velocities=True)
        positions = state.getPositions(asNumpy=True)._value
        velocities = state.getVelocities(asNumpy=True)._value
        for name, values in (("positions", positions), ("velocities", velocities)):
            if not np.isfinite(values).all():
                raise FloatingPointError(
                    f"The simulation blew up: {name} are not finite at step {self.step_count} "
                    f"({self.time:g} ps). A shorter time step or a minimized start may help."
                )
        box = None
        if self._is_periodic:
            box = state.getPeriodicBoxVectors(asNumpy=True)._value
        return Configuration(positions, velocities, box)


def _deserialize(file: Path, digest: str) -> Any:
    return openmm.XmlSerializer.deserialize(read_unchanged(file, digest).decode())


def _state(xml: str) -> Any:
    """Read the state in a checkpoint; what is called so may be a System, with code in it."""
    events = iterparse(io.BytesIO(xml.encode()), events=["start"])  # noqa: S314 - its beginning
    _, root = next(events)
    if (root.tag, root.get("type")) != ("State", "State"):
        raise EngineError("The checkpoint holds something else than a state: remove it.")
    return openmm.XmlSerializer.deserialize(xml)


def _has_reciprocal_space(system: Any) -> bool:
    methods = {openmm.NonbondedForce.Ewald, openmm.NonbondedForce.PME, openmm.NonbondedForce.LJPME}
    forces = (f for f in system.getForces() if isinstance(f, openmm.NonbondedForce))
    return any(force.getNonbondedMethod() in methods for force in forces)
