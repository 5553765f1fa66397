"""Energies, temperature, volume and density of a Context, as OpenMM's own reporter has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from openmm import unit

from asyncmd_jupyter.engines.energies.names import (
    DENSITY,
    KINETIC,
    POTENTIAL,
    TEMPERATURE,
    TOTAL,
    VOLUME,
)
from asyncmd_jupyter.engines.openmm.particles import Particles

_GAS_CONSTANT = unit.MOLAR_GAS_CONSTANT_R.value_in_unit(unit.kilojoule_per_mole / unit.kelvin)
# kg/m^3 of one amu in a nm^3
_KILOGRAMS = 1e24 / unit.AVOGADRO_CONSTANT_NA.value_in_unit(unit.mole**-1)


class Energies:
    """What is said of a Context; knows what does not change.

    Parameters
    ----------
    system : openmm.System
    """

    def __init__(self, system: Any) -> None:
        particles = Particles.of(system)
        self.degrees_of_freedom = degrees_of_freedom(particles)
        self._mass = float(particles.masses.sum())
        self._is_periodic = system.usesPeriodicBoundaryConditions()

    def of(self, context: Any) -> dict[str, float]:
        """Title of each column with its unit -> number."""
        integrator = context.getIntegrator()
        state = context.getState(energy=True, groups=integrator.getIntegrationForceGroups())
        potential = float(state.getPotentialEnergy()._value)
        kinetic = float(state.getKineticEnergy()._value)
        found = {
            f"{POTENTIAL} (kJ/mol)": potential,
            f"{KINETIC} (kJ/mol)": kinetic,
            f"{TOTAL} (kJ/mol)": potential + kinetic,
        }
        if self.degrees_of_freedom > 0:
            found[f"{TEMPERATURE} (K)"] = self._temperature(integrator, kinetic)
        if self._is_periodic:
            found |= self._volume(state)
        return found

    def _temperature(self, integrator: Any, kinetic: float) -> float:
        # Such as of Drude oscillators, whose relative motion is that of a colder bath.
        if hasattr(integrator, "computeSystemTemperature"):
            return float(integrator.computeSystemTemperature().value_in_unit(unit.kelvin))
        return 2 * kinetic / (self.degrees_of_freedom * float(_GAS_CONSTANT))

    def _volume(self, state: Any) -> dict[str, float]:
        box = state.getPeriodicBoxVectors(asNumpy=True)._value
        volume = float(np.prod(np.diag(box)))  # its vectors are a lower triangle
        density = self._mass / volume * _KILOGRAMS
        return {f"{VOLUME} (nm^3)": volume, f"{DENSITY} (kg/m^3)": density}


def degrees_of_freedom(particles: Particles) -> int:
    """Those that carry kinetic energy.

    Three for each particle with mass, less one for each constraint on any, less three where
    the centre of mass is kept at rest.
    """
    moves = particles.masses > 0
    n_constraints = int(moves[particles.constraints].any(axis=1).sum())
    return 3 * int(moves.sum()) - n_constraints - 3 * particles.removes_com
