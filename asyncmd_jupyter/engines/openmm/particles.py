"""What a System says of its particles that new velocities depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Particles:
    """Masses, constraints, and what else decides how velocities are drawn.

    Attributes
    ----------
    masses : array
        amu, shape (n_atoms,).
    constraints : array of int
        Pairs of particles at a fixed distance, shape (n_constraints, 2).
    has_drude : bool
        Whether there are Drude oscillators, whose velocities are those of a cold bath.
    removes_com : bool
        Whether the dynamics keep the centre of mass at rest.
    """

    masses: NDArray[np.float64]
    constraints: NDArray[np.int64]
    has_drude: bool
    removes_com: bool

    @classmethod
    def of(cls, system: Any) -> Self:
        """Read them from an openmm.System."""
        kinds = {type(force).__name__ for force in system.getForces()}
        return cls(
            masses=_masses(system),
            constraints=_constraints(system),
            has_drude="DrudeForce" in kinds,
            removes_com="CMMotionRemover" in kinds,
        )


def _masses(system: Any) -> NDArray[np.float64]:
    numbers = range(system.getNumParticles())
    return np.array([system.getParticleMass(number)._value for number in numbers], np.float64)


def _constraints(system: Any) -> NDArray[np.int64]:
    numbers = range(system.getNumConstraints())
    pairs = [system.getConstraintParameters(number)[:2] for number in numbers]
    return np.array(pairs, np.int64).reshape(-1, 2)
