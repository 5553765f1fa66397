"""A watch notices whatever changes the id, and lets repeated values be found at once."""

import functools
import sys
import textwrap
import types

import handmade
import numpy as np
import pytest

from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.sampling.function_id import derive_id
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.watch import Watch

pytestmark = pytest.mark.usefixtures("runtime")

SOURCE = """
import functools
import math
import numpy as np
import watched_helpers

SCALE = 1.5
PAIRS = [(1, 2), (3, 4)]
TABLE = {"a": 1, "b": [1, 2]}
CENTRES = np.array([1.0, 2.0])

class Base:
    offset = 1

    @property
    def doubled(self):
        return 2 * self.offset

class Box(Base):
    def __init__(self, low):
        self.low = low

    @staticmethod
    def wrap(x):
        return x % 3

    def __call__(self, traj):
        return self.wrap(self.low) * SCALE

    def method(self, traj):
        return self.low + self.doubled

BOX = Box(0.5)

def helper(x, power=2):
    return math.sin(x) ** power * SCALE

def keyword(traj, *, shift=(1, 2)):
    return shift

def f(traj, box=BOX, n=3):
    near = CENTRES.sum() + watched_helpers.inner.CONSTANT + box.low
    return helper(len(PAIRS)) + TABLE["a"] + near

def closed(by, names):
    count = 0
    def inner(traj):
        return by + len(names) + count
    def change(value):
        nonlocal by
        by = value
    return inner, change

inner, change = closed(2, ["x"])
bound = BOX.method
part = functools.partial(helper, power=3)
"""

CHANGES = {
    "global number": ("f", "SCALE = 1.6"),
    "global of equal value and another type": ("f", "TABLE['a'] = True"),
    "list that is added to": ("f", "PAIRS.append((5, 6))"),
    "list of which an item is replaced": ("f", "PAIRS[0] = (1, 3)"),
    "nested list": ("f", "TABLE['b'].append(3)"),
    "dict with another key": ("f", "TABLE['c'] = 1"),
    "key renamed": ("f", "TABLE['z'] = TABLE.pop('b')"),
    "array element": ("f", "CENTRES[0] = 1.5"),
    "array shape": ("f", "CENTRES.shape = (2, 1)"),
    "array type": ("f", "CENTRES.dtype = np.int64"),
    "helper replaced": ("f", "def helper(x, power=2): return math.cos(x) ** power * SCALE"),
    "code of helper": ("f", "helper.__code__ = (lambda x, power=2: x).__code__"),
    "defaults of helper": ("f", "helper.__defaults__ = (4,)"),
    "library function in its place": ("f", "math.sin, old = math.cos, math.sin"),
    "builtin shadowed": ("f", "len = lambda x: 7"),
    "default object": ("f", "BOX.low = 0.75"),
    "attribute added to it": ("f", "BOX.high = 2"),
    "module of the user": ("f", "watched_helpers.inner.CONSTANT = 5"),
    "attribute of a function": ("f", "f.unit = 'nm'"),
    "keyword default": ("keyword", "keyword.__kwdefaults__['shift'] = (1, 3)"),
    "keyword defaults": ("keyword", "keyword.__kwdefaults__ = {'shift': (1, 3)}"),
    "closure variable": ("inner", "change(3)"),
    "list in a closure": ("inner", "inner.__closure__[2].cell_contents.append('y')"),
    "closure variable unset": ("inner", "del inner.__closure__[0].cell_contents"),
    "instance": ("BOX", "BOX.low = 1"),
    "class attribute": ("BOX", "Base.offset = 2"),
    "method": ("BOX", "Box.__call__ = lambda self, traj: 3"),
    "static method": ("BOX", "Box.wrap = staticmethod(lambda x: x % 4)"),
    "property": ("bound", "Base.doubled = property(lambda self: 3)"),
    "state of the bound object": ("bound", "BOX.low = 1"),
    "class of the object": ("BOX", "BOX.__class__ = type('Box', (Box,), {})"),
    "base classes": ("BOX", "Box.__bases__ = (type('Base', (Base,), {'offset': 9}),)"),
    "argument of a partial": ("part", "part.keywords['power'] = 4"),
    "function of a partial": ("part", "helper.__defaults__ = (1,)\nSCALE = 2"),
}


@pytest.fixture
def space(monkeypatch):
    helpers, inner = types.ModuleType("watched_helpers"), types.ModuleType("inner")
    helpers.inner, inner.CONSTANT = inner, 4
    monkeypatch.setitem(sys.modules, "watched_helpers", helpers)
    import math

    monkeypatch.setattr(math, "sin", math.sin)  # put back after the test
    space = {"__name__": "watched"}
    exec(SOURCE, space)
    return space


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_id_is_noticed(change, space):
    name, statement = CHANGES[change]
    function = space[name]
    watch, before = Watch.of(function), derive_id(function, {}, name=name)
    assert watch is not None
    assert watch.holds()
    exec(textwrap.dedent(statement), space)
    after = derive_id(function, {}, name=name)
    assert after != before or change == "library function in its place"
    assert watch.holds() == (after == before)


def test_a_watch_holds_while_everything_is_used(space):
    for name in ("f", "keyword", "inner", "BOX", "bound", "part"):
        function = space[name]
        watch = Watch.of(function)
        function(0)
        assert watch.holds()


def test_functions_of_libraries_are_watched_by_their_name():
    from asyncmd_jupyter.frames.xdr import index_frames

    def uses_libraries(traj):
        return np.linalg.norm([index_frames(path).offsets for path in traj.paths])

    assert Watch.of(uses_libraries) is not None


class Slotted:
    __slots__ = ("x",)


class OwnPickling:
    def __reduce__(self):
        return (OwnPickling, ())


UNWATCHED = {
    "slots": Slotted(),
    "own pickling": OwnPickling(),
    "large array": np.zeros(10_000),
    "array of objects": np.array([None, 1]),
    "set": {1, 2},
    "bytearray": bytearray(b"x"),
    "subclass of list": type("Mine", (list,), {})(),
    "generator": (i for i in ()),
    "many objects": [[i] for i in range(1000)],
    "cached": functools.lru_cache(handmade.frame),
}


@pytest.mark.parametrize("kind", UNWATCHED)
def test_what_can_not_be_watched_is_not(kind):
    kept = UNWATCHED[kind]
    assert Watch.of(lambda traj: kept) is None


async def values_at_hand(wrapper, traj):
    await wrapper(traj)
    await wrapper(traj)
    return wrapper._values_at_hand(traj)


@pytest.mark.parametrize("cache", ["npz", "memory", "h5py"])
async def test_repeated_values_are_at_hand(cache, tmp_path):
    import h5py

    traj = handmade.trajectory(tmp_path, [0.5, 1.5])
    with h5py.File(tmp_path / "v.h5", "w") as file:
        ValueCaches.current().register_h5py(file)
        ValueCaches.current().use(cache)
        for wrapper in (
            PyTrajectoryFunctionWrapper(handmade.places),
            PyTrajectoryFunctionWrapper(lambda t, by: handmade.places(t), {"by": [1, 2.5]}),
            PyTrajectoryFunctionWrapper(handmade.places, id="mine"),
        ):
            found = await values_at_hand(wrapper, traj)
            np.testing.assert_allclose(found, [0.5, 1.5])
            found[:] = 7
            np.testing.assert_allclose(await wrapper(traj), [0.5, 1.5])
            traj.clear_all_cache_values()
            assert wrapper._values_at_hand(traj) is None


async def test_other_arguments_and_other_files_are_not_at_hand(tmp_path):
    traj = handmade.trajectory(tmp_path, [0.5, 1.5])
    wrapper = PyTrajectoryFunctionWrapper(lambda t, by=0: handmade.places(t) + by, {"by": 1})
    assert await values_at_hand(wrapper, traj) is not None
    wrapper.call_kwargs = {"by": 2}
    assert wrapper._values_at_hand(traj) is None
    np.testing.assert_allclose(await wrapper(traj), [2.5, 3.5])
    handmade.trajectory(tmp_path, [0.5, 1.5, 2.5])
    assert wrapper._values_at_hand(traj) is None
    with pytest.raises(RuntimeError, match="was changed"):
        await wrapper(traj)


async def test_a_subclass_with_an_id_of_its_own_is_always_asked(tmp_path):
    traj, version = handmade.trajectory(tmp_path, [0.5]), [1]

    class Own(PyTrajectoryFunctionWrapper):
        def _get_id_str(self):
            return f"version {version[0]}"

    assert await values_at_hand(Own(handmade.places), traj) is None
