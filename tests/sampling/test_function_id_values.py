"""Arguments count by name and exact value, in whatever order and wherever they lie."""

import collections
import copy
import dataclasses
import enum
import functools
import logging
import math
import operator
import re
import struct
import threading
from decimal import Decimal
from pathlib import Path

import handmade
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncmd_jupyter.sampling.function_id import digest, kwargs_id

BUSY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.builds(Path, st.text("abc", min_size=1, max_size=3)),
)
HASHABLE = st.one_of(st.integers(-3, 3), st.text("ab", max_size=2), st.booleans(), st.just(1.0))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.sets(HASHABLE, max_size=4),
        st.frozensets(HASHABLE, max_size=4),
    ),
    max_leaves=12,
)
KWARGS = st.dictionaries(st.text("abc", min_size=1, max_size=3), VALUES, max_size=4)


def exact(value):
    """What has to be equal for the ids to be equal, written down in another way."""
    kind = type(value).__name__
    if isinstance(value, float):
        return kind, struct.pack(">d", value).hex()
    if isinstance(value, complex):
        return kind, exact(value.real), exact(value.imag)
    if isinstance(value, list | tuple):
        return (kind, *(exact(part) for part in value))
    if isinstance(value, dict):
        return kind, tuple(sorted(repr((exact(k), exact(v))) for k, v in value.items()))
    if isinstance(value, set | frozenset):
        return kind, tuple(sorted(repr(exact(part)) for part in value))
    return kind, repr(value)


@BUSY_MACHINE
@given(KWARGS, KWARGS)
def test_ids_differ_exactly_where_arguments_do(one, other):
    same = kwargs_id(one, name="f") == kwargs_id(other, name="f")
    assert same == (exact(one) == exact(other))


@BUSY_MACHINE
@given(KWARGS)
def test_a_copy_in_another_order_has_the_same_id(kwargs):
    turned = copy.deepcopy(dict(reversed(kwargs.items())))
    assert kwargs_id(turned, name="f") == kwargs_id(kwargs, name="f")


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Flags(enum.IntFlag):
    A = 1
    B = 2


@dataclasses.dataclass
class Point:
    x: float
    y: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Fixed:
    x: float


Pair = collections.namedtuple("Pair", "a b")


def cyclic(value):
    ring = [value]
    ring.append(ring)
    return ring


def late():
    return 0


DISTINCT = {
    "zeros": [0.0, -0.0, 0, False, "0", b"0", None, "", (), [], {}, set(), frozenset(), 0j, -0j],
    "close": [1.0, math.nextafter(1, 2), np.float32(1), np.float64(1), np.int64(1), True, 1],
    "not finite": [math.nan, math.inf, -math.inf],
    "array types": [np.zeros(2, t) for t in ("f4", "f8", ">f8", "i8", "u8", "M8[ns]", "M8[s]")],
    "shapes": [np.zeros(shape) for shape in ((4,), (2, 2), (4, 1), (1, 4), (0,), (0, 2), ())],
    "array values": [np.array([0.0]), np.array([-0.0]), np.array([math.nan])],
    "array or not": [np.array([1, 2]), [1, 2], (1, 2)],
    "records": [np.zeros(1, [("a", "f8")]), np.zeros(1, [("b", "f8")])],
    "objects": [np.array([1, "a"], object), np.array([1, "b"], object)],
    "nesting": [[[1], 2], [[1, 2]], [1, 2], [1, [2]], {"a": [1]}, {"a": {1}}, [[[1], 2]]],
    "keys": [{"a": 1, "b": 2}, {"a": 2, "b": 1}, {1: "a"}, {"1": "a"}, {(1,): "a"}],
    "ordered": [collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)],
    "enums": [Colour.RED, Colour.BLUE, Flags.A, Flags.B, Flags.A | Flags.B, 1],
    "data classes": [Point(1.0), Point(1.0, [1]), Point(-1.0), Fixed(1.0), Fixed(2.0)],
    "made data classes": [
        dataclasses.make_dataclass("A", ["x"])(1),
        dataclasses.make_dataclass("A", ["y"])(1),
        dataclasses.make_dataclass("A", [("x", int, 2)])(1),
    ],
    "getters": [operator.itemgetter(1), operator.itemgetter(2), operator.attrgetter("a")],
    "methods of libraries": [[1].index, [2].index, re.compile("a").match, re.compile("b").match],
    "classes": [int, float, Point, Fixed, Colour, Flags, type, object, np.float64, Path],
    "tuples with names": [Pair(1, 2), Pair(2, 1), (1, 2)],
    "paths": [Path("a"), Path("b"), "a"],
    "numbers": [Decimal("1.0"), Decimal("1.00"), range(3), range(0, 3, 2), slice(3)],
    "rings": [cyclic(1), cyclic(2), [1, [1]]],
    "functions": [late, len, np.sin, np.cos, math.sin, functools.partial(late), late.__name__],
    "partials": [functools.partial(pow, 2), functools.partial(pow, 3), functools.partial(late)],
    "counters": [collections.Counter("ab"), collections.Counter("abb"), {"a": 1, "b": 1}],
    "random": [np.random.default_rng(1), np.random.default_rng(2)],
    "masked": [np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])],
}


@pytest.mark.parametrize("name", DISTINCT)
def test_values_that_look_alike_have_ids_of_their_own(name):
    ids = [digest(value) for value in DISTINCT[name]]
    assert len(set(ids)) == len(ids)
    assert ids == [digest(value) for value in DISTINCT[name]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
        (np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
        ({"b": 1, "a": [{2, 1}]}, {"a": [{1, 2}], "b": 1}),
        (Point(1.0, [2]), Point(1.0, [2])),
        (cyclic(3), cyclic(3)),
        (np.random.default_rng(1), np.random.default_rng(1)),
        (collections.Counter("ab"), collections.Counter("ba")),
    ],
    ids=repr,
)
def test_equal_values_have_one_id(one, other):
    assert digest(one) == digest(other)


def test_one_object_twice_is_as_good_as_two_equal_ones():
    part = [1, {"a": Point(2.0)}]
    assert digest([part, part]) == digest([part, copy.deepcopy(part)])


def test_what_lies_deep_in_a_circle_counts():
    """Rings of equal parts that differ only far from where one begins to look."""

    def ring(last):
        first = ["a", "b", None]
        first[2] = ["c", ["d", ["e", ["f", last, first]]]]
        return first

    assert digest(ring(1)) == digest(ring(1))
    assert digest(ring(1)) != digest(ring(2))


def test_wiring_of_a_circle_counts():
    def three(target):
        nodes = [["a"], ["b"], ["c"]]
        nodes[0] += [nodes[1], nodes[1]]
        nodes[1] += [nodes[2], nodes[2]]
        nodes[2] += [nodes[0], nodes[target]]
        return nodes[0]

    assert len({digest(three(target)) for target in range(3)}) == 3


def test_loggers_and_locks_mean_nothing():
    assert digest([logging.getLogger("a")]) == digest([logging.getLogger("b")])
    assert digest([threading.Lock()]) == digest([threading.Lock()])


def test_trajectories_count_by_content(tmp_path, runtime):
    one, copied = (handmade.trajectory(tmp_path / folder, [0.5, 1.0]) for folder in "ab")
    other = handmade.trajectory(tmp_path / "c", [0.5, 1.5])
    assert kwargs_id({"ref": one}, name="f") == kwargs_id({"ref": copied}, name="f")
    assert kwargs_id({"ref": one}, name="f") != kwargs_id({"ref": other}, name="f")


def test_a_universe_counts_with_its_coordinates(tmp_path, runtime):
    import MDAnalysis

    traj = handmade.trajectory(tmp_path, [0.5, 1.0])
    one, same, other = (
        MDAnalysis.Universe(traj.structure_file, traj.trajectory_files[0]) for _ in range(3)
    )
    other.trajectory[1]
    assert digest(one) == digest(same) != digest(other)
    assert digest(one.atoms) == digest(same.atoms) != digest(one.atoms[[]])


def test_a_large_array_costs_a_look_at_its_bytes():
    array = np.zeros(3_000_000)
    before = digest(array)
    array[-1] = 1
    assert digest(array) != before
