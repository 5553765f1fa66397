"""Functions of coordinates: of paths and snapshots at once, of files remembered."""

from __future__ import annotations

import asyncio
import pickle

import numpy as np
import pytest
from engine_systems import double_well_system

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.methods import CV, Path, Snapshot
from asyncmd_jupyter.methods import path as paths
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.sampling.states import Within


def x_of_first(positions):
    return positions[:, 0, 0]


async def test_the_same_of_path_snapshot_and_files(runtime, trajectory):
    cv = CV(x_of_first)
    view = Path.of(trajectory)
    values = await cv(trajectory)
    assert values.tolist() == cv(view).tolist() == [float(cv(each)) for each in view]
    assert cv(view[2]).shape == ()
    assert values.tolist() == view.positions[:, 0, 0].tolist()


async def test_values_of_files_are_remembered(runtime, trajectory, monkeypatch):
    read, calls = paths.read_frames, []
    monkeypatch.setattr(paths, "read_frames", lambda *asked: calls.append(1) or read(*asked))
    cv = CV(lambda positions: positions[:, 0], name="place")
    assert (await cv(trajectory)).shape == (7, 3)
    n_calls = len(calls)
    await asyncio.gather(cv(trajectory), cv(trajectory))
    assert len(calls) == n_calls > 0
    assert cv.name == "place"


def test_ids_follow_the_function():
    one, same, other = CV(x_of_first), CV(x_of_first, name="x"), CV(lambda x: x[:, 0, 1])
    assert one.id == same.id
    assert one.id != other.id
    assert pickle.loads(pickle.dumps(one)).id == one.id


def test_a_box_is_given_to_who_asks():
    def fraction(positions, box):
        return positions[:, 0, 0] / box[:, 0, 0]

    cv = CV(fraction)
    path = Path(np.full((3, 1, 3), 2.0), box=[4, 4, 4], dt=1.0)
    assert cv(path).tolist() == [0.5, 0.5, 0.5]
    assert cv(path[0]) == 0.5
    with pytest.raises(TypeError):
        cv(Snapshot([[0, 0, 0]]))


@pytest.mark.parametrize("value", [7, "a.trr", None, np.zeros((2, 2, 3))])
def test_what_has_no_values(value):
    with pytest.raises(TypeError, match="x takes a Path, a Snapshot or a Trajectory"):
        CV(x_of_first, name="x")(value)


@pytest.mark.parametrize(
    "function",
    [lambda x: 1.0, lambda x: x, lambda x: x[0], lambda x: [str(each) for each in x[:, 0, 0]]],
)
def test_what_is_no_value(function):
    with pytest.raises(ValueError, match=r"one number or row of numbers for each of 3 frames"):
        CV(function)(Path(np.zeros((3, 2, 3)), dt=1.0))


async def test_of_files_as_well(runtime, trajectory):
    with pytest.raises(ValueError, match="for each of 7 frames"):
        await CV(lambda x: x[:1, 0, 0])(trajectory)


@pytest.mark.parametrize("function", [None, 3])
def test_what_is_no_function(function):
    with pytest.raises(TypeError, match="not a function of positions"):
        CV(function)


def test_a_coroutine_is_none_either():
    async def late(positions):
        return positions[:, 0, 0]

    with pytest.raises(TypeError, match="at once"):
        CV(late)


async def test_makes_conditions(runtime, trajectory):
    values = Path.of(trajectory).positions[:, 0, 0]
    middle = float(np.median(values))
    over = Within(CV(x_of_first), low=middle)
    assert (await over(trajectory)).tolist() == (values >= middle).tolist()


def test_its_period_is_that_of_the_interval():
    angle = CV(x_of_first, name="psi", period=360)
    assert Within(angle, 120, -160).interval.period == 360
    assert Within(angle, 0, 1, period=2).interval.period == 2
    with pytest.raises(ValueError, match="period=0"):
        CV(x_of_first, period=0)


async def test_ends_a_propagation(manager, tmp_path):
    """At the first frame at which the condition holds, with values of the file that is written."""
    over = Within(CV(x_of_first, name="x"), low=-0.2, name="over")
    kwargs = {"system": double_well_system(), "topology": None, "positions": [[-0.25, 0, 0]]}
    propagator = ConditionalTrajectoryPropagator(
        [over],
        engine_cls=OpenMMEngine,
        engine_kwargs={**kwargs, "friction": 4.0, "timestep": 0.01, "nstout": 10, "seed": 5},
        walltime_per_part=1.0,
    )
    joined, met = await propagator.propagate_and_concatenate(
        None, tmp_path, "sim", tra_out=tmp_path / "joined.trr"
    )
    x = CV(x_of_first)(Path.of(joined))
    assert met == 0
    assert len(x) > 2
    assert (x >= -0.2).tolist() == [False] * (len(x) - 1) + [True]
