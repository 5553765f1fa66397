"""Times, steps and speeds that are not those of the simulation."""

from __future__ import annotations

from .mutant import Mutant

TIME = (
    Mutant(
        "ns/day are halved",
        "sampling/speed.py",
        "return speed * dt * SECONDS_PER_DAY / 1000",
        "return speed * dt * SECONDS_PER_DAY / 2000",
        ("engines/test_variable_time_steps.py::test_the_speed_is_that_of_the_times",),
    ),
    Mutant(
        "the time step is ignored",
        "engines/openmm/physics.py",
        '    dt = positive("timestep", timestep, unit.picosecond)\n',
        "    dt = 0.002\n",
        ("engines/test_openmm_engine.py::TestParameters::test_quantities_of_any_unit",),
    ),
    Mutant(
        "times of frames are in fs",
        "engines/openmm/simulation.py",
        "self.context.getTime().value_in_unit(unit.picosecond)",
        "self.context.getTime().value_in_unit(unit.femtosecond)",
        ("engines/test_openmm_engine.py::TestPhysics::test_xtc_has_continuous_steps_and_times",),
    ),
)
