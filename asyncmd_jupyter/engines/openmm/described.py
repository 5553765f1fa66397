"""A simulation in words, for the log of its parts."""

from __future__ import annotations

from typing import Any

import openmm
from openmm import unit


def described(context: Any, degrees_of_freedom: int, seed: int | None) -> list[str]:
    """Program, platform, system, forces and integrator, a line for each."""
    system, integrator = context.getSystem(), context.getIntegrator()
    return [
        f"OpenMM {openmm.version.full_version}, platform {_platform(context)}",
        f"System: {_system(system, degrees_of_freedom)}",
        f"Forces: {', '.join(dict.fromkeys(f.getName() for f in system.getForces())) or 'none'}",
        f"Integrator: {_integrator(integrator)}, seed {seed}",
    ]


def _platform(context: Any) -> str:
    platform = context.getPlatform()
    values = {
        name: platform.getPropertyValue(context, name) for name in platform.getPropertyNames()
    }
    told = ", ".join(f"{name} {value}" for name, value in values.items() if value)
    return f"{platform.getName()} ({told})" if told else str(platform.getName())


def _system(system: Any, degrees_of_freedom: int) -> str:
    told = [
        f"{system.getNumParticles()} particles",
        f"{system.getNumConstraints()} constraints",
        f"{degrees_of_freedom} degrees of freedom",
    ]
    if system.usesPeriodicBoundaryConditions():
        told.append("periodic")
    return ", ".join(told)


def _integrator(integrator: Any) -> str:
    told = [type(integrator).__name__]
    told += [f"steps of {integrator.getStepSize().value_in_unit(unit.picosecond):g} ps"]
    if hasattr(integrator, "getTemperature"):
        told.append(f"{integrator.getTemperature().value_in_unit(unit.kelvin):g} K")
    if hasattr(integrator, "getFriction"):
        friction = integrator.getFriction().value_in_unit(unit.picosecond**-1)
        told.append(f"friction {friction:g}/ps")
    return ", ".join(told)
