"""Configurations made without a step of MD."""

from __future__ import annotations

from pathlib import Path

import openmm

from asyncmd_jupyter.engines.openmm.configuration import Configuration
from asyncmd_jupyter.engines.openmm.output import TrrOutput
from asyncmd_jupyter.engines.openmm.simulation import Simulation
from asyncmd_jupyter.engines.openmm.spec import ConfigurationSpec


def make_configuration(spec: ConfigurationSpec) -> None:
    """Write one frame; the file appears by rename."""
    simulation = Simulation(spec.physics, part=0)
    start = Configuration.read(Path(spec.start))
    simulation.load(start)
    _ACTIONS[spec.action](simulation, spec)
    _write(simulation.configuration(), _has_velocities(start, spec), Path(spec.trajectory))


def _has_velocities(start: Configuration, spec: ConfigurationSpec) -> bool:
    if spec.action == "constraints":
        return start.velocities is not None
    # Those of a start that was minimized belong to another place.
    return spec.action == "velocities"


def _fulfil_constraints(simulation: Simulation, spec: ConfigurationSpec) -> None:
    tolerance = simulation.context.getIntegrator().getConstraintTolerance()
    simulation.context.applyConstraints(tolerance)
    simulation.context.applyVelocityConstraints(tolerance)


def _draw_velocities(simulation: Simulation, spec: ConfigurationSpec) -> None:
    simulation.draw_velocities()


def _minimize(simulation: Simulation, spec: ConfigurationSpec) -> None:
    openmm.LocalEnergyMinimizer.minimize(simulation.context, spec.tolerance, spec.max_iterations)


_ACTIONS = {
    "constraints": _fulfil_constraints,
    "velocities": _draw_velocities,
    "minimize": _minimize,
}


def _write(result: Configuration, with_velocities: bool, path: Path) -> None:
    if not with_velocities:
        result = Configuration(result.positions, None, result.box)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    TrrOutput(temporary).write(result, step=0, time=0.0)
    temporary.replace(path)
