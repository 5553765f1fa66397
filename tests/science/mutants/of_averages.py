"""Errors of means that are not those of the mean."""

from __future__ import annotations

from .mutant import Mutant

AVERAGES = (
    Mutant(
        "frames are taken to be independent",
        "sampling/averages.py",
        "sums = float(products[0] + 2 * products[1:end].sum())",
        "sums = float(products[0])",
        ("science/test_averages.py::test_frames_that_resemble_each_other_count_less[1]",),
    ),
    Mutant(
        "the error of a mean is the spread of the values",
        "sampling/averages.py",
        "numbers.std(ddof=1) / math.sqrt(len(numbers))",
        "numbers.std(ddof=1)",
        ("science/test_averages.py::test_a_mean_of_independent_values",),
    ),
    Mutant(
        "a free energy is made of runs that stop on arrival",
        "jupyter/widgets/plane_paths.py",
        "return all(track.has_full_length for track in scene.tracks)",
        "return True",
        (
            "jupyter/test_condition_plot_plane.py::"
            "test_frames_of_runs_that_states_stop_give_a_density_and_no_free_energy",
        ),
    ),
)
