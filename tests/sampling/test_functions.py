"""Values of functions on trajectories: right, checked, remembered, out of reach of users."""

import asyncio
import functools
import logging
import pickle
import threading

import handmade
import numpy as np
import pytest

from asyncmd_jupyter.errors import FunctionIdError
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.sampling.functions import (
    PyTrajectoryFunctionWrapper,
    TrajectoryFunctionWrapper,
)

pytestmark = pytest.mark.usefixtures("runtime")

X = [0.5, -0.25, 1.5]


@pytest.fixture
def traj(tmp_path):
    return handmade.trajectory(tmp_path, X)


class Counting:
    """Wraps a function and counts its evaluations."""

    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, traj, **kwargs):
        self.calls += 1
        return self.function(traj, **kwargs)

    def wrapper(self, **options):
        return PyTrajectoryFunctionWrapper(self, id="counting", **options)


class Own(TrajectoryFunctionWrapper):
    """What a downstream package derives."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.calls = 0

    def _get_id_str(self):
        return f"own-{self.factor}-{sorted(self.call_kwargs.items())}"

    async def _get_values_for_trajectory(self, traj):
        self.calls += 1
        return handmade.places(traj) * self.factor


def shifted(traj, by=0.0):
    return handmade.places(traj) + by


async def shifted_later(traj, by=0.0):
    await asyncio.sleep(0)
    return shifted(traj, by)


class Shifted:
    def __init__(self, by):
        self.by = by

    def __call__(self, traj):
        return shifted(traj, self.by)

    def method(self, traj):
        return shifted(traj, self.by)

    async def later(self, traj):
        return shifted(traj, self.by)


class ShiftedLater(Shifted):
    async def __call__(self, traj):
        return shifted(traj, self.by)


def closure(by):
    return lambda traj: shifted(traj, by)


CALLABLES = {
    "function": shifted,
    "coroutine function": shifted_later,
    "lambda": lambda traj: shifted(traj),
    "lambda that gives a coroutine": lambda traj: shifted_later(traj),
    "partial": functools.partial(shifted, by=0.0),
    "partial of a coroutine function": functools.partial(shifted_later, by=0.0),
    "method": Shifted(0.0).method,
    "coroutine method": Shifted(0.0).later,
    "object": Shifted(0.0),
    "object with a coroutine": ShiftedLater(0.0),
    "closure": closure(0.0),
    "cached": functools.lru_cache(shifted),
}


@pytest.mark.parametrize("kind", CALLABLES)
async def test_any_callable_gives_values(kind, traj):
    function = PyTrajectoryFunctionWrapper(CALLABLES[kind])
    np.testing.assert_allclose(await function(traj), X)
    np.testing.assert_allclose(await function.evaluate(traj, store=False), X)


async def test_arguments_are_passed_on(traj):
    function = PyTrajectoryFunctionWrapper(shifted, {"by": 1.0})
    np.testing.assert_allclose(await function(traj), np.array(X) + 1)


async def test_other_arguments_are_another_function(traj):
    function = PyTrajectoryFunctionWrapper(shifted, {"by": 1.0})
    before = function.id
    await function(traj)
    function.call_kwargs = {"by": 2.0}
    assert function.id != before
    np.testing.assert_allclose(await function(traj), np.array(X) + 2)
    function.call_kwargs = {"by": 1.0}
    assert function.id == before


def test_arguments_are_handed_out_as_copies():
    given = {"pairs": [1, 2]}
    function = PyTrajectoryFunctionWrapper(shifted, given)
    before = function.id
    given["pairs"].append(3)
    function.call_kwargs["pairs"].append(3)
    function.call_kwargs["by"] = 1
    assert function.call_kwargs == {"pairs": [1, 2]}
    assert function.id == before


@pytest.mark.parametrize("wrong", [None, [("by", 1)], "by", {1: 2}])
def test_arguments_that_are_no_dict_of_names_are_refused(wrong):
    function = PyTrajectoryFunctionWrapper(shifted)
    with pytest.raises(TypeError, match="call_kwargs has to be a dict with names as keys, not"):
        function.call_kwargs = wrong


@pytest.mark.parametrize("wrong", [None, 3, "phi", np.zeros(3)])
def test_what_can_not_be_called_is_refused(wrong):
    with pytest.raises(TypeError, match="can't be called"):
        PyTrajectoryFunctionWrapper(wrong)


def test_the_id_can_not_be_set():
    with pytest.raises(AttributeError):
        PyTrajectoryFunctionWrapper(shifted).id = "mine"


@pytest.mark.parametrize("wrong", ["", " ", 3, b"x"])
def test_an_explicit_id_is_a_text(wrong):
    with pytest.raises(TypeError, match="id has to be a text"):
        PyTrajectoryFunctionWrapper(shifted, id=wrong)


def test_an_explicit_id_is_kept_and_arguments_added():
    assert PyTrajectoryFunctionWrapper(shifted, id="mine").id == "mine"
    ids = {PyTrajectoryFunctionWrapper(shifted, {"by": by}, id="mine").id for by in (0, 1, 1.0)}
    assert len(ids) == 3
    assert all(id.startswith("mine-") for id in ids)


async def test_without_an_id_nothing_is_computed(traj):
    source = (i for i in ())
    function = PyTrajectoryFunctionWrapper(lambda traj: source)
    with pytest.raises(FunctionIdError, match="closure variable 'source' is a generator"):
        await function(traj)


@pytest.mark.parametrize("wrong", [None, "traj.trr", 3])
async def test_only_trajectories_are_taken(wrong):
    with pytest.raises(TypeError, match="shifted takes a Trajectory, not"):
        await PyTrajectoryFunctionWrapper(shifted)(wrong)


REFUSED = {
    "scalar": (1.0, r"gave 1.0, but an array .* 3 frames"),
    "nothing": (None, "gave None, but"),
    "text": ("abc", "gave 'abc', but"),
    "too short": ([1, 2], r"dtype int64 and shape \(2,\), but"),
    "too long": (np.zeros((4, 3)), r"shape \(4, 3\), but"),
    "rows in the wrong axis": (np.zeros((1, 3)), r"shape \(1, 3\), but"),
    "objects": (np.array([1, 2, None]), "dtype object"),
    "texts": (["a", "b", "c"], "dtype <U1"),
    "ragged": ([[1], [2, 3], [4]], "rows of unequal lengths"),
    "masked": (np.ma.array([1, 2, 3], mask=[1, 0, 0]), "masked array"),
    "dict": ({"a": 1}, "gave {'a': 1}, but"),
}


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize("kind", REFUSED)
async def test_results_without_a_row_per_frame_are_refused_and_not_kept(kind, store, traj):
    result, message = REFUSED[kind]
    function = Counting(lambda _: result)
    wrapper = function.wrapper()
    for calls in (1, 2):
        with pytest.raises(ValueError, match=f"^Counting .*{message}"):
            await wrapper.evaluate(traj, store=store)
        assert function.calls == calls
    assert ValueCaches.current().load(traj, "counting") is None


@pytest.mark.parametrize(
    "result", [np.zeros((3, 2, 2)), [True, False, True], [1j, 2, 3], np.zeros((3, 0))], ids=repr
)
async def test_any_numbers_or_bools_with_a_row_per_frame_are_taken(result, traj):
    values = await PyTrajectoryFunctionWrapper(lambda _: result)(traj)
    np.testing.assert_array_equal(values, result)


async def test_values_are_remembered(traj):
    function = Counting(handmade.places)
    for _ in range(3):
        np.testing.assert_allclose(await function.wrapper()(traj), X)
    assert function.calls == 1


async def test_values_are_remembered_by_content(traj, tmp_path):
    function = Counting(handmade.places)
    await function.wrapper()(traj)
    await function.wrapper()(handmade.trajectory(tmp_path, X))
    assert function.calls == 1
    await function.wrapper()(handmade.trajectory(tmp_path, [0.0, 1.0, 2.0], name="other"))
    assert function.calls == 2


async def test_an_evaluation_that_is_not_stored_leaves_no_trace(traj, tmp_path):
    function = Counting(handmade.places)
    before = sorted(tmp_path.iterdir())
    for calls in (1, 2):
        await function.wrapper().evaluate(traj, store=False)
        assert function.calls == calls
    assert sorted(tmp_path.iterdir()) == before
    await function.wrapper()(traj)
    assert function.calls == 3


async def test_nobody_can_change_what_is_remembered(traj):
    kept = np.array(X)
    wrapper = PyTrajectoryFunctionWrapper(lambda _: kept, id="kept")
    one, other = await asyncio.gather(wrapper(traj), wrapper(traj))
    one += 100
    kept -= 7
    np.testing.assert_allclose(other, X)
    np.testing.assert_allclose(await wrapper(traj), X)


async def test_an_error_of_the_function_comes_through_and_is_not_kept(traj):
    function = Counting(lambda _: 1 / 0)
    for calls in (1, 2):
        with pytest.raises(ZeroDivisionError):
            await function.wrapper()(traj)
        assert function.calls == calls


@pytest.mark.parametrize("end", [StopIteration, SystemExit, KeyboardInterrupt])
async def test_a_function_can_not_end_the_event_loop(end, traj):
    def ending(_):
        raise end("now")

    with pytest.raises(RuntimeError, match=rf"ended by {end.__name__}\(now\)"):
        await PyTrajectoryFunctionWrapper(ending)(traj)


async def test_a_function_edited_while_it_runs_is_not_remembered(traj, caplog):
    began, go_on = threading.Event(), threading.Event()
    space = {"places": handmade.places, "began": began.set, "wait": go_on.wait, "factor": 1.0}
    exec(
        "def scaled(traj):\n    began()\n    wait(60)\n    return places(traj) * factor\n",
        space,
    )

    class Edited(PyTrajectoryFunctionWrapper):
        """Its id sees the factor; the events are of no interest."""

        def _get_id_str(self):
            return f"scaled by {space['factor']}"

    wrapper = Edited(space["scaled"])
    running = asyncio.create_task(wrapper(traj))
    await asyncio.to_thread(began.wait, 60)
    space["factor"] = 2.0
    go_on.set()
    np.testing.assert_allclose(await running, np.array(X) * 2)
    assert "was changed while it ran" in caplog.text
    space["factor"] = 1.0
    np.testing.assert_allclose(await wrapper(traj), X)


async def test_arguments_set_during_an_evaluation_wait_for_the_next(traj):
    began, go_on = threading.Event(), threading.Event()

    def held(traj, by):
        began.set()
        go_on.wait(60)
        return shifted(traj, by)

    wrapper = PyTrajectoryFunctionWrapper(held, {"by": 1.0}, id="held")
    running = asyncio.create_task(wrapper(traj))
    await asyncio.to_thread(began.wait, 60)
    wrapper.call_kwargs = {"by": 5.0}
    go_on.set()
    np.testing.assert_allclose(await running, np.array(X) + 1)
    np.testing.assert_allclose(await wrapper(traj), np.array(X) + 5)


async def test_nothing_is_logged_for_usual_functions(traj, caplog):
    with caplog.at_level(logging.WARNING):
        await PyTrajectoryFunctionWrapper(shifted)(traj)
    assert caplog.text == ""


async def test_synchronous_functions_leave_the_event_loop_alone(traj):
    threads = []

    def function(traj):
        threads.append(threading.current_thread())
        return X

    await PyTrajectoryFunctionWrapper(function, id="threads")(traj)
    assert threads[0] is not threading.main_thread()


async def test_a_subclass_only_says_id_and_values(traj):
    own = Own(2)
    np.testing.assert_allclose(await own(traj), np.array(X) * 2)
    np.testing.assert_allclose(await own(traj), np.array(X) * 2)
    assert own.calls == 1
    assert own.id == "own-2-[]"
    own.call_kwargs = {"a": 1}
    assert own.id == "own-2-[('a', 1)]"


def test_the_base_class_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        TrajectoryFunctionWrapper()


def test_wrappers_can_be_pickled():
    for wrapper in (
        PyTrajectoryFunctionWrapper(shifted, {"by": 1.0}),
        PyTrajectoryFunctionWrapper(Shifted(1.0), id="mine", needs_whole_part=True),
        Own(3, call_kwargs={"a": 1}),
    ):
        again = pickle.loads(pickle.dumps(wrapper))
        assert again.id == wrapper.id
        assert again.call_kwargs == wrapper.call_kwargs
        assert again.needs_whole_part == wrapper.needs_whole_part


def test_reprs_name_the_function():
    assert repr(PyTrajectoryFunctionWrapper(shifted)) == "PyTrajectoryFunctionWrapper(shifted)"
    assert "by" in repr(PyTrajectoryFunctionWrapper(functools.partial(shifted), {"by": 1}))
