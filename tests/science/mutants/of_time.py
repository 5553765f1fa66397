"""Times, steps and speeds that are not those of the simulation."""

from __future__ import annotations

from .mutant import Mutant

TIME = (
    Mutant(
        "ns/day are halved",
        "sampling/speed.py",
        "return speed * dt * SECONDS_PER_DAY / 1000",
        "return speed * dt * SECONDS_PER_DAY / 2000",
        ("sampling/test_time_left.py::test_speed_by_a_fake_clock",),
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
    Mutant(
        "the time that is left is twice as long",
        "sampling/speed.py",
        "max(0, last_step - step) / speed",
        "2 * max(0, last_step - step) / speed",
        ("sampling/test_time_left.py::test_speed_by_a_fake_clock",),
    ),
    Mutant(
        "walkers that wait for cores take no time",
        "sampling/time_left.py",
        "        if walker.state in _TO_COME:\n",
        "        if False:\n",
        ("sampling/test_time_left.py::test_time_left[one waits for one]",),
    ),
    Mutant(
        "the spacing of frames is that of their rounded times",
        "frames/step_time.py",
        "    since_step_0 = _shortest(_interval(steps, times, half))\n",
        "    since_step_0 = None\n",
        ("frames/test_times_from_steps.py::test_spacing_beyond_2_us[2-0.0]",),
    ),
)
