"""One particle in a double well: a model with exactly known statistics."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from asyncmd_jupyter.engines.energies.names import KINETIC, POTENTIAL, TEMPERATURE, TOTAL
from asyncmd_jupyter.engines.stepping.checkpoint import Checkpoint
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.stepping.seeds import random_seeds

GAS_CONSTANT = 0.00831446261815324  # kJ/mol/K


@dataclass(frozen=True)
class DoubleWell:
    """Potential and dynamics of one particle.

    The potential is ``barrier * ((x / minimum)**2 - 1)**2 + spring * (y**2 + z**2)``.

    Attributes
    ----------
    barrier : float
        kJ/mol
    minimum : float
        Distance of both minima from x = 0 in nm.
    spring : float
        kJ/mol/nm^2
    mass : float
        amu
    temperature : float
        K
    friction : float
        1/ps
    timestep : float
        ps
    dynamics : str
        ``langevin`` (middle scheme) or ``brownian`` (Euler-Maruyama).
    seed : int or None
        None draws one.
    """

    barrier: float = 8.0
    minimum: float = 0.25
    spring: float = 500.0
    mass: float = 40.0
    temperature: float = 300.0
    friction: float = 4.0
    timestep: float = 0.01
    dynamics: str = "langevin"
    seed: int | None = None

    @property
    def thermal_energy(self) -> float:
        """KT in kJ/mol."""
        return GAS_CONSTANT * self.temperature

    def potential(self, x: float, y: float, z: float) -> float:
        """In kJ/mol."""
        along = self.barrier * ((x / self.minimum) ** 2 - 1) ** 2
        return float(along + self.spring * (y**2 + z**2))

    def force(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Negative gradient of the potential in kJ/mol/nm."""
        along = -4 * self.barrier * x * ((x / self.minimum) ** 2 - 1) / self.minimum**2
        return along, -2 * self.spring * y, -2 * self.spring * z


class DoubleWellSimulation:
    """Takes steps in plain Python: without any import that takes time."""

    def __init__(self, model: DoubleWell, part: int) -> None:
        self._model = model
        self._random = random.Random(next(random_seeds(model.seed, part)))  # noqa: S311
        self._position = [0.0, 0.0, 0.0]
        self._velocity = [0.0, 0.0, 0.0]
        self.step_count = 0

    @classmethod
    def from_spec(cls, physics: dict[str, Any], part: int, _folder: Path) -> Self:
        """Make the simulation that a specification describes."""
        return cls(DoubleWell(**physics), part)

    @property
    def platform(self) -> str:
        """Where an exact state can be read."""
        return "DoubleWell"

    @property
    def time(self) -> float:
        """Simulated time in ps."""
        return self.step_count * self._model.timestep

    def load(self, configuration: Configuration) -> None:
        """Take over position and velocity."""
        self._position = [float(value) for value in configuration.positions[0]]
        if configuration.velocities is not None:
            self._velocity = [float(value) for value in configuration.velocities[0]]

    def draw_velocities(self) -> None:
        """Maxwell-Boltzmann velocities."""
        width = math.sqrt(self._model.thermal_energy / self._model.mass)
        self._velocity = [self._random.gauss(0.0, width) for _ in range(3)]

    def advance(self, n_steps: int) -> None:
        """Take MD steps."""
        step = self._langevin if self._model.dynamics == "langevin" else self._brownian
        try:
            for _ in range(n_steps):
                step()
        except OverflowError:
            self._position = [math.inf] * 3
        self.step_count += n_steps

    def _langevin(self) -> None:
        # The middle scheme of Zhang et al., J. Phys. Chem. A 123, 6056 (2019).
        model, dt = self._model, self._model.timestep
        keep = math.exp(-model.friction * dt)
        noise = math.sqrt(model.thermal_energy * (1 - keep * keep) / model.mass)
        force = model.force(*self._position)
        for axis in range(3):
            kicked = self._velocity[axis] + dt * force[axis] / model.mass
            damped = keep * kicked + noise * self._random.gauss(0.0, 1.0)
            self._position[axis] += 0.5 * dt * (kicked + damped)
            self._velocity[axis] = damped

    def _brownian(self) -> None:
        model, dt = self._model, self._model.timestep
        mobility = dt / (model.mass * model.friction)
        noise = math.sqrt(2 * model.thermal_energy * mobility)
        force = model.force(*self._position)
        for axis in range(3):
            move = mobility * force[axis] + noise * self._random.gauss(0.0, 1.0)
            self._position[axis] += move
            self._velocity[axis] = move / dt

    def configuration(self) -> Configuration:
        """Position and velocity now."""
        if not all(map(math.isfinite, (*self._position, *self._velocity))):
            raise FloatingPointError(
                f"The simulation blew up: the position is not finite at step {self.step_count}."
            )
        return Configuration(np.array([self._position]), np.array([self._velocity]))

    def energies(self) -> dict[str, float]:
        """Energies now; Brownian dynamics have no velocities, and so none that is kinetic."""
        potential = self._model.potential(*self._position)
        if self._model.dynamics != "langevin":
            return {f"{POTENTIAL} (kJ/mol)": potential}
        kinetic = 0.5 * self._model.mass * sum(value**2 for value in self._velocity)
        return {
            f"{POTENTIAL} (kJ/mol)": potential,
            f"{KINETIC} (kJ/mol)": kinetic,
            f"{TOTAL} (kJ/mol)": potential + kinetic,
            f"{TEMPERATURE} (K)": 2 * kinetic / (3 * GAS_CONSTANT),
        }

    def save(self) -> tuple[bytes, str]:
        """Everything, with the state of the random numbers."""
        state = [self._position, self._velocity, self._random.getstate()]
        return json.dumps(state).encode(), ""

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on exactly."""
        self._position, self._velocity, noise = json.loads(checkpoint.exact)
        self._random.setstate((noise[0], tuple(noise[1]), noise[2]))
        self.step_count = checkpoint.progress.step

    def fulfil_constraints(self) -> None:
        """There are none."""

    def minimize(self, tolerance: float, max_iterations: int) -> None:
        """Go to the minimum of the well."""
        self._position = [math.copysign(self._model.minimum, self._position[0]), 0.0, 0.0]
