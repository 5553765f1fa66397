"""Conditions: what they say of each frame, and what they refuse."""

import asyncio
import functools
import math
import pickle

import handmade
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.intervals import Interval
from asyncmd_jupyter.sampling.states import (
    Condition,
    Within,
    as_condition,
    condition_name,
    examine,
    examine_all,
    observables,
    quantities,
)

pytestmark = pytest.mark.usefixtures("runtime")

X = [-170.0, -150.0, 0.0, 119.0, 130.0, 179.0]


@pytest.fixture
def traj(tmp_path):
    return handmade.trajectory(tmp_path, X)


def psi(traj):
    """The x in nm stands in for an angle in degrees."""
    return handmade.places(traj)


def both(traj):
    return np.stack([handmade.places(traj), -handmade.places(traj)], axis=1)


def right(traj):
    return handmade.places(traj) > 0


async def right_later(traj):
    await asyncio.sleep(0)
    return right(traj)


class Counting:
    def __init__(self, function, name):
        self.function = function
        self.calls = 0
        self.wrapper = PyTrajectoryFunctionWrapper(self, id=name)

    def __call__(self, traj):
        self.calls += 1
        return self.function(traj)


async def flags(condition, traj):
    values = await condition(traj)
    assert values.dtype == np.bool_
    return values.astype(int).tolist()


async def test_within_an_interval(traj):
    assert await flags(Within(psi, 0, 130), traj) == [0, 0, 1, 1, 1, 0]
    assert await flags(Within(psi, high=-150), traj) == [1, 1, 0, 0, 0, 0]
    assert await flags(Within(psi, 119.5), traj) == [0, 0, 0, 0, 1, 1]
    assert await flags(Within(psi), traj) == [1] * 6


@pytest.mark.parametrize("limits", [(120, 200), (120, -160), (480, 560), (-240, -160)])
async def test_within_an_interval_over_the_seam(limits, traj):
    assert await flags(Within(psi, *limits, period=360), traj) == [1, 0, 0, 0, 1, 1]


async def test_an_open_limit_of_an_angle_is_half_a_turn(traj):
    assert await flags(Within(psi, high=0, period=360), traj) == [1, 1, 1, 0, 0, 0]
    assert await flags(Within(psi, 1, period=360), traj) == [0, 0, 0, 1, 1, 1]
    assert await flags(Within(psi, period=360), traj) == [1] * 6


async def test_within_a_column(traj):
    assert await flags(Within(both, 0, 150, column=1), traj) == [0, 1, 1, 0, 0, 0]


async def test_combinations(traj):
    a, b = Within(psi, -160, 125), Within(psi, 100, 200)
    assert await flags(a & b, traj) == [0, 0, 0, 1, 0, 0]
    assert await flags(a | b, traj) == [0, 1, 1, 1, 1, 1]
    assert await flags(~a, traj) == [1, 0, 0, 0, 1, 1]
    assert await flags(~(a | ~b) & right, traj) == [0, 0, 0, 0, 1, 1]
    assert await flags(right | a, traj) == [0, 1, 1, 1, 1, 1]
    assert (a & b).parts == (a, b)
    assert (~a).parts == (a,)


@pytest.mark.parametrize(
    "function",
    [right, right_later, lambda t: right(t), functools.partial(right), lambda t: right_later(t)],
)
async def test_any_function_that_gives_bools_is_a_condition(function, traj):
    assert await flags(as_condition(function), traj) == [0, 0, 0, 1, 1, 1]
    wrapper = PyTrajectoryFunctionWrapper(function)
    assert await flags(as_condition(wrapper), traj) == [0, 0, 0, 1, 1, 1]


NO_CONDITIONS = {
    "number": 3,
    "text": "alphaR",
    "nothing": None,
    "values": np.array([True, False]),
    "list": [right],
}


@pytest.mark.parametrize("kind", NO_CONDITIONS)
def test_what_is_no_function_is_named(kind):
    value = NO_CONDITIONS[kind]
    with pytest.raises(TypeError, match=r"A condition has to be a function .* of type") as caught:
        as_condition(value)
    assert repr(value)[:20] in str(caught.value)
    assert type(value).__name__ in str(caught.value)


async def test_a_called_coroutine_function_is_explained(traj):
    with pytest.raises(TypeError, match="give the condition itself, right_later without the call"):
        as_condition(right_later(traj))


NO_BOOLS = {
    "floats": (np.array([0.0, 1, 0, 1, 0, 1]), r"dtype float64 and shape \(6,\)"),
    "integers": (np.array([0, 1, 0, 1, 0, 1]), r"dtype int64 and shape \(6,\)"),
    "NaN": (np.full(6, np.nan), "dtype float64"),
    "columns": (np.ones((6, 1), bool), r"dtype bool and shape \(6, 1\)"),
}


@pytest.mark.parametrize("kind", NO_BOOLS)
async def test_one_bool_per_frame_is_needed(kind, traj):
    values, what = NO_BOOLS[kind]
    condition = as_condition(lambda _: values, "alphaR")
    with pytest.raises(ValueError, match=rf"^The condition alphaR .*one bool .*{what}.*Compare"):
        await condition(traj)
    with pytest.raises(ValueError, match=r"^The condition alphaR"):
        await examine_all([("alphaR", condition), ("ok", right)], traj)


@pytest.mark.parametrize("values", [True, [True], np.ones(7, bool), None, [None] * 6])
async def test_one_row_per_frame_is_needed(values, traj):
    with pytest.raises(ValueError, match=r"^<lambda> gave .* one row for each of the 6 frames"):
        await as_condition(lambda _: values)(traj)


async def test_nan_is_no_answer(traj):
    def broken(traj):
        return np.where(handmade.places(traj) == 0, np.nan, 1.0)

    message = r"^broken is NaN in frame 2 \(1 of 6 frames\), so nobody can say whether broken in"
    with pytest.raises(ValueError, match=message):
        await Within(broken, 0, 2)(traj)
    with pytest.raises(ValueError, match="NaN in frame 2"):
        await (~Within(broken, 0, 2))(traj)


@pytest.mark.parametrize(
    ("function", "column", "message"),
    [
        (both, None, r"both gives an array of shape \(6, 2\), .* no column"),
        (both, 2, r"both gives an array of shape \(6, 2\), .* column=2"),
        (psi, 0, r"psi gives an array of shape \(6,\), .* column=0"),
        (right, None, "right gives bool, which can't be compared"),
    ],
)
async def test_one_number_per_frame_is_needed(function, column, message, traj):
    with pytest.raises(ValueError, match=message):
        await Within(function, 0, 1, column=column)(traj)


@pytest.mark.parametrize(
    ("limits", "options", "error", "message"),
    [
        ((2, 1), {}, ValueError, "low=2 is above high=1"),
        ((math.nan, 1), {}, ValueError, "low has to be a number, not nan"),
        (("a", 1), {}, TypeError, "low has to be a number, not 'a'"),
        ((0, None), {}, TypeError, "high has to be a number, not None"),
        ((0, True), {}, TypeError, "high has to be a number, not True"),
        ((0, 1), {"period": 0}, ValueError, "period has to be positive and finite, not 0"),
        ((0, 1), {"period": -360}, ValueError, "period has to be positive and finite, not -360"),
        ((0, 1), {"period": math.inf}, ValueError, "period has to be positive and finite"),
        ((0, 400), {"period": 360}, ValueError, "more than the period of 360 apart"),
        ((0, 1), {"column": -1}, TypeError, "column .*, not -1"),
        ((0, 1), {"column": True}, TypeError, "column .*, not True"),
    ],
)
def test_limits_that_mean_nothing_are_refused(limits, options, error, message):
    with pytest.raises(error, match=message):
        Within(psi, *limits, **options)


def test_within_needs_a_function():
    with pytest.raises(TypeError, match="A function has to be a function that takes a trajectory"):
        Within([1.0, 2.0], 0, 1)


def test_a_condition_has_no_arguments_of_its_own():
    condition = Within(psi, 0, 1)
    assert condition.call_kwargs == {}
    with pytest.raises(TypeError, match="set call_kwargs on its function"):
        condition.call_kwargs = {"a": 1}


async def test_functions_are_shared(traj):
    one, other = Counting(psi, "one"), Counting(right, "other")
    a = Within(one.wrapper, 0, 50) & other.wrapper
    b = Within(one.wrapper, 100, 200, period=360) | ~as_condition(other.wrapper)
    for calls, store in ((1, False), (2, True), (2, True), (3, False)):
        examinations = await examine_all([("a", a), ("b", b)], traj, store=store)
        assert [e.fulfilled.sum() for e in examinations] == [0, 6]
        assert (one.calls, other.calls) == (calls, calls)
    await a(traj)
    assert one.calls == 3


async def test_equal_functions_are_shared_even_if_wrapped_twice(traj):
    conditions = [("a", Within(psi, 0, 1)), ("b", Within(psi, 1, 2))]
    assert len(quantities(conditions)) == 1
    (one, other) = await examine_all(conditions, traj)
    assert set(one.observables) == set(other.observables) == {"psi"}


async def test_the_first_error_is_raised_as_it_is(traj):
    with pytest.raises(ZeroDivisionError):
        await examine_all([("a", lambda _: 1 / 0), ("b", right)], traj)


def test_names():
    assert condition_name(right) == "right"
    assert condition_name(as_condition(right, "state A")) == "state A"
    assert condition_name(Within(psi, 0, 1, name="beta")) == "beta"
    assert condition_name(Within(psi, 0, 1)) == "psi in [0, 1]"
    assert condition_name(Within(both, 0, column=1)) == "both[1] in [0, inf]"
    assert condition_name(functools.partial(right)) == "right"
    beta = Within(psi, 0, 1, name="beta")
    assert condition_name(beta & right) == "(beta and right)"
    assert condition_name(~beta | right) == "(not beta or right)"
    assert repr(beta) == "<condition beta: psi in [0, 1]>"
    assert repr(~beta) == "<condition not beta>"
    assert (beta & right).renamed("C7eq").name == "C7eq"


def test_ids_follow_what_is_judged():
    ids = [
        condition.id
        for condition in (
            Within(psi, 0, 1),
            Within(psi, 0, 2),
            Within(psi, 0, 1, period=360),
            Within(both, 0, 1, column=0),
            Within(both, 0, 1, column=1),
            ~Within(psi, 0, 1),
            Within(psi, 0, 1) & right,
            Within(psi, 0, 1) | right,
            as_condition(right),
        )
    ]
    assert len(set(ids)) == len(ids)
    assert Within(psi, 0, 1, name="a").id == Within(psi, 0, 1, name="b").id
    assert as_condition(right).id == PyTrajectoryFunctionWrapper(right).id


def test_whether_the_whole_part_is_needed_follows_the_functions():
    whole = PyTrajectoryFunctionWrapper(right, needs_whole_part=True)
    assert as_condition(whole).needs_whole_part
    assert (Within(psi, 0, 1) | whole).needs_whole_part
    assert not (Within(psi, 0, 1) | right).needs_whole_part


def test_conditions_can_be_pickled():
    condition = Within(psi, 0, 1, name="a") & ~as_condition(right)
    again = pickle.loads(pickle.dumps(condition))
    assert (again.id, again.name) == (condition.id, condition.name)


# What plots show


async def test_examination_gives_the_values_behind_a_condition(traj):
    condition = Within(psi, 120, 200, period=360) & Within(both, column=1) & right
    examination = await examine(condition, traj)
    assert examination.fulfilled.tolist() == [False, False, False, False, True, True]
    assert list(examination.observables) == ["psi", "both[1]"]
    np.testing.assert_array_equal(examination.observables["psi"], X)
    np.testing.assert_array_equal(examination.observables["both[1]"], -np.array(X))
    assert (await examine(right, traj)).observables == {}


async def test_angles_are_shown_where_the_bands_are(traj):
    def turned(traj):
        return handmade.places(traj) + 720

    condition = Within(turned, 120, 200, period=360)
    np.testing.assert_array_equal((await examine(condition, traj)).observables["turned"], X)
    mixed = [("a", condition), ("b", Within(turned, 0, 800))]
    values = (await examine_all(mixed, traj))[0].observables["turned"]
    np.testing.assert_array_equal(values, np.array(X) + 720)


def bands(condition):
    return [[(band.low, band.high) for band in q.bands] for q in observables(condition, "c")]


def test_bands_of_intervals():
    inf = math.inf
    assert bands(right) == []
    assert bands(Within(psi, 0, 1)) == [[(0, 1)]]
    assert bands(Within(psi, high=1)) == [[(-inf, 1)]]
    assert bands(~Within(psi, 0, 1)) == [[(-inf, 0), (1, inf)]]
    assert bands(~Within(psi, high=1)) == [[(1, inf)]]
    assert bands(~Within(psi)) == [[]]
    assert bands(Within(psi, 120, 200, period=360)) == [[(-180, -160), (120, 180)]]
    assert bands(~Within(psi, 120, 200, period=360)) == [[(-160, 120)]]
    assert bands(Within(psi, -50, 50, period=360)) == [[(-50, 50)]]
    assert bands(~Within(psi, -50, 50, period=360)) == [[(-180, -50), (50, 180)]]
    assert bands(Within(psi, high=0, period=360)) == [[(-180, 0)]]
    assert bands(Within(psi, 180, 190, period=360)) == [[(-180, -170)]]


def test_bands_of_combinations_name_the_condition():
    condition = ~(Within(psi, 0, 1, name="part") | Within(both, 0, column=0)) & right
    first, second = observables(condition, "C7eq")
    assert {band.condition for band in (*first.bands, *second.bands)} == {"C7eq"}
    assert (first.name, second.name) == ("psi", "both[0]")
    assert [(band.low, band.high) for band in second.bands] == [(-math.inf, 0)]
    assert second.column == 0
    assert first.function.name == "psi"


def test_bands_of_several_conditions_lie_on_one_quantity():
    (quantity,) = quantities([("a", Within(psi, 0, 1)), ("b", Within(psi, 3, 4, period=8))])
    assert [(b.condition, b.low, b.high, b.period) for b in quantity.bands] == [
        ("a", 0, 1, None),
        ("b", 3, 4, 8),
    ]


def test_different_functions_of_one_name_are_kept_apart():
    def other():
        def psi(traj):
            return handmade.places(traj) * 2

        return psi

    conditions = [("a", Within(psi, 0, 1)), ("b", Within(other(), 0, 1))]
    assert [quantity.name for quantity in quantities(conditions)] == ["psi", "psi (2)"]


LIMITS = st.floats(-1000, 1000)
BUSY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@BUSY_MACHINE
@given(LIMITS, LIMITS, st.floats(1, 720), st.lists(LIMITS, min_size=1))
def test_bands_and_gaps_say_the_same_as_the_interval(low, high, period, values):
    assume(high - low <= period)
    interval = Interval.make(low, high, period)
    wrapped = interval.wrap(np.array(values))
    pieces, gaps = interval.pieces(), interval.gaps()
    assert all(-period / 2 <= a <= b <= period / 2 for a, b in [*pieces, *gaps])
    assert np.all((-period / 2 <= wrapped) & (wrapped <= period / 2))
    for value, inside in zip(wrapped, interval.contains(np.array(values)), strict=True):
        assert inside == any(a <= value <= b for a, b in pieces)
        assert inside or any(a <= value <= b for a, b in gaps)
    total = sum(b - a for a, b in [*pieces, *gaps])
    assert total == pytest.approx(period)


@BUSY_MACHINE
@given(LIMITS, st.floats(0, 360), st.floats(-0.001, 1.001), st.integers(-3, 3))
def test_an_interval_holds_at_every_turn(low, width, share, turns):
    assume(min(abs(share), abs(1 - share)) > 1e-4 and width * 1e-4 > 1e-9 and width < 359)
    value = np.array([low + share * width + turns * 360])
    inside = Interval.make(low, low + width, 360).contains(value)
    assert inside == [0 < share < 1]


def test_condition_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Condition()


def distance(traj):
    return np.zeros(len(traj))


def test_a_quantity_has_the_unit_that_somebody_has_said(monkeypatch):
    def unit(*conditions):
        (quantity,) = quantities([(str(i), one) for i, one in enumerate(conditions)])
        return quantity.unit

    assert unit(Within(distance, 0, 1)) == ""
    assert unit(Within(distance, 0, 1), Within(distance, 2, 3, unit="nm")) == "nm"
    assert unit(Within(distance, 0, 1, period=360)) == "°"
    assert unit(Within(distance, 0, 1, period=2 * math.pi)) == "rad"
    assert unit(Within(distance, 0, 1, period=8)) == ""
    monkeypatch.setattr(distance, "unit", "Å", raising=False)
    assert unit(Within(distance, 0, 1)) == unit(Within(distance, 0, 1, period=360)) == "Å"
    assert unit(Within(distance, 0, 1).with_limits(2, 3)) == "Å"
    assert unit(Within(distance, 0, 1, unit="nm")) == "nm"
    assert Within(distance, 0, 1).id == Within(distance, 0, 1, unit="nm").id


def test_a_unit_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="unit has to be a text such as 'nm', not 3"):
        Within(distance, 0, 1, unit=3)
