"""Noise that is the same where it has to differ."""

from __future__ import annotations

from .mutant import Mutant

RANDOM_NUMBERS = (
    Mutant(
        "each part has the same noise",
        "engines/stepping/seeds.py",
        "entropy = None if seed is None else [seed, part]",
        "entropy = None if seed is None else [seed, 1]",
        ("science/test_random_numbers.py::test_each_part_has_noise_of_its_own[integrator]",),
        in_ci=True,
    ),
    Mutant(
        "a seed that is drawn is not on record",
        "engines/stepping/engine.py",
        "return secrets.randbits(_SEED_BITS) if self._seed is None else None",
        "return None",
        ("engines/test_drawn_seeds.py::test_the_one_on_record_gives_the_same_once_more[toy]",),
    ),
    Mutant(
        "walkers of dynamics without noise are alike",
        "sampling/start_velocities.py",
        'return "new", EqualWalkersWarning(',
        'return "keep", EqualWalkersWarning(',
        ("sampling/test_equal_walkers.py::test_they_are_different_at_frame_1[Verlet]",),
    ),
    Mutant(
        "of several integrators none gets a seed",
        "engines/openmm/simulation.py",
        "if isinstance(holder, openmm.CompoundIntegrator):",
        "if False:",
        (
            "science/test_random_numbers.py"
            "::test_a_script_that_is_run_again_gives_the_same[one of several]",
        ),
    ),
    Mutant(
        "walkers share their noise (OpenMM)",
        "engines/stepping/engine.py",
        "        if self._seed is not None and index:\n",
        "        if False:\n",
        ("engines/test_streams.py::test_each_kind_of_engine[openmm model]",),
    ),
    Mutant(
        "simulations that begin alike share their noise",
        "engines/streams.py",
        "json.dumps([seed, self.name, self.start, self.repeat])",
        "json.dumps([seed, self.name, self.start])",
        ("engines/test_streams.py::test_one_name_and_folder_for_all_shots",),
    ),
    Mutant(
        "simulations from different starts share their noise",
        "engines/streams.py",
        "json.dumps([seed, self.name, self.start, self.repeat])",
        "json.dumps([seed, self.name, self.repeat])",
        ("engines/test_streams.py::test_walkers_from_different_starts_stay_different",),
    ),
    Mutant(
        "walkers without noise compute the same",
        "sampling/start_velocities.py",
        "n_walkers > 1 and not engine.has_noise",
        "False",
        ("sampling/test_equal_walkers.py::test_they_are_different_at_frame_1[Verlet]",),
    ),
)
