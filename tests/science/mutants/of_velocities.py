"""New velocities that are not those of the temperature."""

from __future__ import annotations

from .mutant import Mutant

_THERMOSTATS = "engines/test_thermostats.py::"

VELOCITIES = (
    Mutant(
        "velocities are drawn at 1.05 T (OpenMM)",
        "engines/openmm/simulation.py",
        "self._physics.temperature * unit.kelvin, next(self._seeds)",
        "1.05 * self._physics.temperature * unit.kelvin, next(self._seeds)",
        ("science/test_quick_physics.py::test_drawn_velocities",),
        in_ci=True,
    ),
    Mutant(
        "velocities are proportional to the temperature",
        "engines/openmm/simulation.py",
        "self._physics.temperature * unit.kelvin, next(self._seeds)",
        "self._physics.temperature**2 / 300 * unit.kelvin, next(self._seeds)",
        ("science/test_random_numbers.py::TestFourTimesTheTemperature::test_openmm",),
    ),
    Mutant(
        "velocities are drawn at 1.1 T (GROMACS)",
        "engines/gromacs/maxwell.py",
        "return float(temperature * np",
        "return float(1.1 * temperature * np",
        (
            "science/test_quick_physics.py"
            "::test_gen_temp_has_the_mean_and_the_width_of_a_small_molecule",
        ),
    ),
    Mutant(
        "the kinetic energy of drawn velocities does not fluctuate (GROMACS)",
        "engines/gromacs/maxwell.py",
        "return float(temperature * np.random.default_rng(seed).chisquare(n_dof) / n_dof)",
        "return temperature",
        (
            "science/test_quick_physics.py"
            "::test_gen_temp_has_the_mean_and_the_width_of_a_small_molecule",
        ),
    ),
    Mutant(
        "velocities are drawn at 1.1 T of the parameters (GROMACS)",
        "engines/gromacs/parameters.py",
        '"gen-temp": temperature}',
        '"gen-temp": 1.1 * temperature}',
        ("gromacs/test_drawn_energies.py::test_it_is_that_of_atoms_with_a_mass[new-gro]",),
    ),
    Mutant(
        "virtual sites have kinetic energy (GROMACS)",
        "engines/gromacs/configurations.py",
        "return int(np.count_nonzero(self._read_run_input().masses))",
        "return len(self._read_run_input().masses)",
        ("gromacs/test_drawn_energies.py::test_it_is_that_of_atoms_with_a_mass[new-gro]",),
    ),
    Mutant(
        "velocities are drawn at 1.05 T (extractor)",
        "frames/extract.py",
        "            self.T, str(structure), frame.positions, frame.box, generator",
        "            1.05 * self.T, str(structure), frame.positions, frame.box, generator",
        ("science/test_quick_physics.py::test_velocities_of_an_extractor",),
    ),
    Mutant(
        "velocities are drawn at 1.05 T (extractor, by MDAnalysis)",
        "frames/extract.py",
        "            self.T, str(universe.filename), ts.positions / 10, box, generator",
        "            1.05 * self.T, str(universe.filename), ts.positions / 10, box, generator",
        ("frames/test_random_velocities.py::TestSeed::test_mdanalysis_writes_the_same",),
    ),
    Mutant(
        "velocities of MDAnalysis are in nm/ps",
        "frames/extract.py",
        "ts.velocities = 10 * drawn  # A/ps",
        "ts.velocities = drawn",
        ("frames/test_random_velocities.py::TestSeed::test_mdanalysis_writes_the_same",),
    ),
    Mutant(
        "k is in kcal",
        "frames/velocities.py",
        "_BOLTZMANN = 0.00831446261815324",
        "_BOLTZMANN = 0.00198720425864083",
        ("frames/test_extract.py::test_velocities_have_the_right_temperature",),
    ),
    Mutant(
        "masses are not the engine's but guessed",
        "frames/extract.py",
        "return cls(temperature, masses=masses, **rest)",
        "return cls(temperature, **rest)",
        ("engines/test_masses.py::test_an_extractor_takes_what_an_engine_knows",),
    ),
    Mutant(
        "velocities are not projected on constraints (extractor)",
        "frames/drawing.py",
        "        if self.constraints is None:\n            return drawn",
        "        return drawn",
        (
            "frames/test_random_velocities.py::TestConstraints"
            "::test_an_extractor_fulfils_them[options0-trr]",
        ),
    ),
    Mutant(
        "velocities are not projected on constraints (OpenMM)",
        "engines/openmm/simulation.py",
        "        self.context.applyVelocityConstraints(tolerance)\n",
        "",
        ("science/test_quick_physics.py::test_velocities_are_moved_onto_constraints",),
        in_ci=True,
    ),
    Mutant(
        "velocities are not projected on constraints (GROMACS)",
        "engines/gromacs/run_input.py",
        "    return found if counted == n_atoms else None\n",
        "    return found[:0] if counted == n_atoms else None\n",
        ("engines/test_masses.py::TestGromacs::test_they_are_those_of_the_topology",),
    ),
    Mutant(
        "constraints across the boundary are not to the nearest image",
        "frames/velocities.py",
        "apart -= np.round(apart @ np.linalg.inv(vectors)) @ vectors",
        "apart -= 0 * vectors[0]",
        (
            "frames/test_random_velocities.py::TestConstraints"
            "::test_across_the_boundary_they_are_those_to_the_nearest_image",
        ),
    ),
    Mutant(
        "the projection on constraints forgets the masses",
        "frames/velocities.py",
        "root = np.sqrt(np.asarray(masses, dtype=np.float64))[:, None]",
        "root = np.ones((len(masses), 1))",
        (
            "frames/test_random_velocities.py::TestConstraints"
            "::test_the_temperature_counts_the_degrees_of_freedom_that_are_left",
        ),
    ),
    Mutant(
        "the whole moves (extractor)",
        "frames/velocities.py",
        "        result[heavy] -= momentum / np.sum(masses[heavy])\n",
        "",
        ("frames/test_extract.py::test_velocities_have_the_right_temperature",),
    ),
    Mutant(
        "the whole moves (OpenMM)",
        "engines/openmm/simulation.py",
        "        if particles.removes_com:\n",
        "        if False:\n",
        (
            "science/test_quick_physics.py"
            "::test_the_whole_is_at_rest_where_the_dynamics_keep_it_so[True]",
        ),
    ),
    Mutant(
        "the whole is at rest where it may move (OpenMM)",
        "engines/openmm/simulation.py",
        "        if particles.removes_com:\n",
        "        if True:\n",
        (
            "science/test_quick_physics.py"
            "::test_the_whole_is_at_rest_where_the_dynamics_keep_it_so[False]",
        ),
    ),
    Mutant(
        "inverted velocities keep their sign",
        "frames/trr.py",
        "^= 0x80  # the sign bits",
        "^= 0x00",
        ("frames/test_extract.py::test_inverted_velocities",),
    ),
    Mutant(
        "velocities of reversed frames keep their sign",
        "frames/concatenate.py",
        "return segment.is_reversed and self.invert_v_for_negative_step",
        "return False",
        ("frames/test_concatenate.py::test_a_path_that_is_reversed_has_inverted_velocities[True]",),
    ),
    Mutant(
        "the temperature of a thermostat that is made of equations is ignored",
        "engines/openmm/thermostats.py",
        "isinstance(integrator, openmm.CustomIntegrator) and _KT in _variables(integrator)",
        "False",
        (f"{_THERMOSTATS}test_that_of_the_integrator[MTSLangevin]",),
    ),
    Mutant(
        "the temperature of the first of several integrators is taken",
        "engines/openmm/thermostats.py",
        "chosen(integrator.getIntegrator(integrator.getCurrentIntegrator()))",
        "chosen(integrator.getIntegrator(0))",
        (f"{_THERMOSTATS}test_that_of_the_integrator[Compound of the second]",),
    ),
    Mutant(
        "the temperature of an Andersen thermostat is ignored",
        "engines/openmm/thermostats.py",
        "if isinstance(force, openmm.AndersenThermostat):",
        "if False:",
        (f"{_THERMOSTATS}test_that_of_an_andersen_thermostat",),
    ),
    Mutant(
        "kT of a thermostat is in kcal",
        "engines/openmm/thermostats.py",
        "_BOLTZMANN = 0.00831446261815324",
        "_BOLTZMANN = 0.00198720425864083",
        (f"{_THERMOSTATS}test_that_of_the_integrator[MTSLangevin]",),
    ),
    Mutant(
        "a group of GROMACS that no thermostat couples counts",
        "engines/gromacs/thermostat.py",
        "strict=True) if time > 0]",
        "strict=True)]",
        (f"{_THERMOSTATS}TestGromacs::test_one_rule[changes8-350.0-]",),
    ),
    Mutant(
        "gen-temp is ignored",
        "engines/gromacs/thermostat.py",
        'return [float(mdp["gen-temp"])] if "gen-temp" in mdp else []',
        "return []",
        (f"{_THERMOSTATS}TestGromacs::test_one_rule[changes5-310.0-]",),
    ),
    Mutant(
        "velocities of Drude oscillators are drawn as if they were atoms",
        "engines/openmm/engine.py",
        "return None if particles.has_drude else particles.constraints.copy()",
        "return particles.constraints.copy()",
        ("science/test_random_numbers.py::TestDrude::test_new_velocities_of_a_frame",),
    ),
)
