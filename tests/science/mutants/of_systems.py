"""Another system, another box or another integrator than was asked for."""

from __future__ import annotations

from .mutant import Mutant

SYSTEMS = (
    Mutant(
        "the thermostat has 1.05 T",
        "engines/openmm/physics.py",
        "lambda: openmm.LangevinMiddleIntegrator(t, gamma, dt)",
        "lambda: openmm.LangevinMiddleIntegrator(1.05 * t, gamma, dt)",
        (
            "science/test_quick_physics.py"
            "::test_oscillators_keep_the_temperature_for_any_time_step[0.01]",
        ),
    ),
    Mutant(
        "positions given in Angstrom are taken as nm",
        "engines/openmm/physics.py",
        "values.value_in_unit(unit.nanometer) if unit",
        "values._value if unit",
        ("engines/test_openmm_engine.py::TestSources::test_amber",),
    ),
)
