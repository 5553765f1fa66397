"""Molecules that functions refer to are pickled and copied without a word of their library."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest

from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.sampling import carried_code
from asyncmd_jupyter.sampling.reduction import copied
from asyncmd_jupyter.trajectory import PyTrajectoryFunctionWrapper


@pytest.fixture
def universe(tmp_path: Path) -> mda.Universe:
    return mda.Universe(str(alanine_dipeptide(tmp_path)))


PARTS = {
    "universe": lambda universe: universe,
    "atoms": lambda universe: universe.atoms,
    "frame": lambda universe: universe.trajectory.ts,
}


@pytest.mark.parametrize("part", PARTS)
def test_a_function_that_refers_to_a_molecule_is_quiet(universe, part, recwarn):
    molecule = PARTS[part](universe)

    def distance(traj):
        return np.zeros(len(traj)) + molecule.n_atoms

    wrapper = PyTrajectoryFunctionWrapper(distance)
    again = carried_code.loads(carried_code.dumps(wrapper))
    assert again.id
    assert [str(each.message) for each in recwarn] == []


def test_what_users_ask_for_is_still_told(universe, recwarn):
    """The library's warning is kept from our own copies only."""
    carried_code.dumps(universe)
    with pytest.warns(UserWarning, match="Reader has no dt information"):
        _ = universe.trajectory.ts.dt


class Talking:
    def __reduce_ex__(self, _protocol):
        warnings.warn("the state is lossy", UserWarning, stacklevel=2)
        return Talking, ()


def test_other_warnings_are_told():
    with pytest.warns(UserWarning, match="the state is lossy"):
        carried_code.dumps(Talking())


@pytest.mark.parametrize("part", PARTS)
def test_arguments_that_hold_molecules_are_copied_without_tracebacks(universe, part, monkeypatch):
    written = []  # also on files that other tests have left open, which are no readers
    monkeypatch.setattr("sys.unraisablehook", lambda each: written.append(str(each.exc_value)))
    molecule, numbers = PARTS[part](universe), [1.0]
    given = {"reference": [molecule], "numbers": numbers, "again": numbers}
    found = copied(given)
    assert found["reference"][0] is molecule
    assert found["numbers"] is found["again"]
    assert found["numbers"] is not numbers
    assert PyTrajectoryFunctionWrapper(len, call_kwargs=given).call_kwargs.keys() == given.keys()
    gc.collect()
    assert [text for text in written if "has no attribute" in text] == []
