"""Single configurations in memory."""

from __future__ import annotations

import pickle

import numpy as np
import openmm
import pytest
from engine_systems import alanine_engine, alanine_parts, double_well_engine
from frame_samples import BOX_NM

from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.methods import Snapshot

TWO = [[0.0, 0.0, 0.0], [0.1, 0.2, 0.3]]


def test_what_was_given_is_kept_in_single_precision():
    snapshot = Snapshot(TWO, np.ones((2, 3)), [1, 2, 3])
    assert snapshot.positions.dtype == np.float32
    assert snapshot.positions == pytest.approx(np.array(TWO))
    assert snapshot.box == pytest.approx(np.diag([1, 2, 3]))
    assert snapshot.n_atoms == 2


def test_nobody_changes_it():
    given = np.zeros((2, 3), np.float32)
    snapshot = Snapshot(given)
    given[0] = 7
    assert not snapshot.positions.any()
    with pytest.raises(ValueError, match="read-only"):
        snapshot.positions[0] = 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (([1, 2, 3],), r"positions has to have the shape \(n_atoms, 3\), not \(3,\)"),
        ((TWO, [[0, 0, 0]]), "positions of 2 atoms and velocities of 1"),
        (([[0, 0, 0], [0, np.nan, 0]],), r"positions of atom 1 .* are \[0.0, nan, 0.0\]"),
        ((TWO, None, [1, 2]), r"box=\[1, 2\] is not a box"),
        ((TWO, None, [1, 0, 2]), "is not a box"),
        ((np.zeros((0, 3)),), "shape"),
    ],
)
def test_what_can_be_none(given, told):
    with pytest.raises(ValueError, match=told):
        Snapshot(*given)


def test_of_a_trajectory(trajectory):
    for index in (2, -1):
        snapshot, frame = Snapshot.of(trajectory, index), read_frame(trajectory, index)
        assert np.array_equal(snapshot.positions, frame.positions.astype(np.float32))
        assert (snapshot.velocities is None) == (trajectory.paths[0].suffix == ".xtc")
        assert snapshot.box == pytest.approx(BOX_NM)
    assert np.array_equal(Snapshot.of(trajectory).positions, snapshot.positions), "the last one"


def test_reversed():
    snapshot = Snapshot(TWO, [[1, 2, 3], [4, 5, 6]])
    assert np.array_equal(snapshot.reversed().velocities, -snapshot.velocities)
    assert np.array_equal(snapshot.reversed().positions, snapshot.positions)
    with pytest.raises(ValueError, match=r"no velocities .* with_new_velocities"):
        Snapshot(TWO).reversed()


def test_new_velocities_are_those_of_the_engine():
    """The false-alarm rate of the mean kinetic energy is that of five sigma."""
    engine = double_well_engine(500)
    start = Snapshot(np.zeros((500, 3)))
    drawn = start.with_new_velocities(engine, np.random.default_rng(3))
    kinetic = 0.5 * 40 * (drawn.velocities.astype(float) ** 2).sum()
    expected, n = 0.00831446 * engine.temperature / 2, 1500
    assert kinetic / n == pytest.approx(expected, abs=5 * expected * np.sqrt(2 / n))
    again = start.with_new_velocities(engine, np.random.default_rng(3))
    assert np.array_equal(again.velocities, drawn.velocities)
    other = start.with_new_velocities(engine, np.random.default_rng(4))
    assert not np.array_equal(other.velocities, drawn.velocities)


def test_new_velocities_fulfil_constraints():
    engine = alanine_engine()
    start = Snapshot(alanine_parts()[2].value_in_unit(openmm.unit.nanometer))
    drawn = start.with_new_velocities(engine, np.random.default_rng(1))
    one, other = engine.constraints.T
    apart = start.positions[one] - start.positions[other]
    along = ((drawn.velocities[one] - drawn.velocities[other]) * apart).sum(axis=1)
    assert len(along) > 5
    assert np.abs(along).max() < 1e-5
    with pytest.raises(ValueError, match=r"atoms, the frame 2|has 22 atoms"):
        Snapshot(TWO).with_new_velocities(engine)


def test_is_saved_and_read_again(trajectory, tmp_path):
    snapshot = Snapshot.of(trajectory, 3)
    saved = snapshot.save(tmp_path / "one.trr", trajectory.structure_file)
    assert len(saved) == 1
    again = Snapshot.of(saved)
    assert np.array_equal(again.positions, snapshot.positions)
    assert (again.velocities is None) == (snapshot.velocities is None)
    with pytest.raises(FileExistsError):
        snapshot.save(tmp_path / "one.trr", trajectory.structure_file)


def test_goes_to_another_process_and_comes_back():
    snapshot = pickle.loads(pickle.dumps(Snapshot(TWO, TWO, [1, 1, 1])))
    assert np.array_equal(snapshot.velocities, np.array(TWO, np.float32))
    assert repr(snapshot) == "<Snapshot of 2 atoms, with velocities, in a box>"
