"""Configurations made without a step of MD."""

from __future__ import annotations

from pathlib import Path

from asyncmd_jupyter.engines.stepping.configuration import Configuration, will_have_velocities
from asyncmd_jupyter.engines.stepping.output import open_output
from asyncmd_jupyter.engines.stepping.simulation import Simulation, SimulationFactory
from asyncmd_jupyter.engines.stepping.spec import ConfigurationSpec
from asyncmd_jupyter.files.writing import new_path


def make_configuration(spec: ConfigurationSpec, folder: Path, make: SimulationFactory) -> None:
    """Write one frame; the file appears by rename."""
    simulation = make(spec.physics, 0, folder)
    start = Configuration.read(folder / spec.start)
    simulation.load(start)
    _act(simulation, spec)
    _write(
        simulation.configuration(),
        will_have_velocities(spec.action, start),
        folder / spec.trajectory,
    )


def _act(simulation: Simulation, spec: ConfigurationSpec) -> None:
    if spec.action == "constraints":
        simulation.fulfil_constraints()
    elif spec.action == "velocities":
        simulation.draw_velocities()
    else:
        simulation.minimize(spec.tolerance, spec.max_iterations)


def _write(result: Configuration, with_velocities: bool, path: Path) -> None:
    if not with_velocities:
        result = Configuration(result.positions, None, result.box)
    with new_path(path, overwrite=True) as beside:
        open_output(beside, keep=0).write(result, step=0, time=0.0)
