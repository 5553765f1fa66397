"""Callables of all kinds that users write: run as a cell, as a script, and without known text."""

import contextlib
import dataclasses
import functools
import sys

import carried_module

from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper

HOUR = 60 * 60  # numbers that are worked out beforehand are in the text alone
TABLE = {"of functions": [lambda t: t + 1, lambda t: t + 2]}


def helper(x, factor=2 * 3):
    return x * HOUR * factor


def plain(t):
    return helper(t) + 60 * 60


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def made(by):
    def inner(t):
        return t + by * (24 * 60)

    return inner


def keyword_only(t, *, scale=helper):
    return scale(t)


async def later(t):
    return plain(t)


def several(t):
    yield from (helper(x) for x in t if x > 24 * 60)


def marked(t):
    return t


marked.note = lambda: 7 * 7


@contextlib.contextmanager
def decorated(t):
    yield helper(t)


def timed(function):
    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        return function(*args, **kwargs) + 8 * 8

    return wrapped


@timed
def decorated_by_own(t):
    return t


class Base:
    shift = 5 * 5

    def shifted(self, t):
        return helper(t) + self.shift


class Distance(Base):
    kinds = frozenset({"x", "y"})

    def __init__(self, *pair):
        self.pair = pair

    def __call__(self, t):
        return super().shifted(t) + sum(self.pair) * (6 * 6)

    @property
    def half(self):
        return self.pair[0] / 2

    @staticmethod
    def fixed(t):
        return t * (11 * 11)

    @classmethod
    def named(cls, t):
        return cls(t)(t)


@dataclasses.dataclass
class Box:
    low: float = 1.5
    names: set = dataclasses.field(default_factory=lambda: {"a", 2 * "b"})

    def __call__(self, t):
        return t > self.low


def uses_classes(t):
    return Distance(1)(t) + Box()(t) + TABLE["of functions"][0](t)


first, second = lambda t: t + 2 * 2, lambda t: t + 2 * 3
spread = lambda t: (  # noqa: E731
    t  # a thought
    + 3 * 3
)
wrapper = PyTrajectoryFunctionWrapper(plain)


async def uses_wrapper(t):
    return await wrapper(t)


def take(t, **kwargs):
    return t


KINDS = {
    "function": plain,
    "lambda": lambda t: helper(t) - 60 * 60,
    "first lambda of a line": first,
    "second lambda of a line": second,
    "lambda of several lines": spread,
    "lambda in a list": TABLE["of functions"][1],
    "maker of closures": made,
    "closure": made(2.5),
    "closure of lambdas": (lambda by: lambda t: by(t) + 4 * 4)(lambda t: t * (5 * 5)),
    "circle": odd,
    "default": keyword_only,
    "async function": later,
    "generator function": several,
    "function with attribute": marked,
    "decorated by a library": decorated,
    "decorated": decorated_by_own,
    "partial": functools.partial(helper, factor=made(1)),
    "partial of a lambda": functools.partial(lambda t, by: t * by + 2 * 2, by=3),
    "bound method": Distance(1, 2).shifted,
    "class method": Distance.named,
    "static method": Distance.fixed,
    "object": Distance(1, 2),
    "dataclass": Box(2.5),
    "class": Distance,
    "uses classes": uses_classes,
    "uses a wrapper": uses_wrapper,
    "wrapper": wrapper,
    "module of the user": carried_module.imported,
    "closure of a module of the user": carried_module.made(3),
    "uses a module of the user": lambda t: carried_module.imported(t) + carried_module.made(1)(t),
}
KWARGS = {"names": [plain, {"x": (made(2), lambda t: t + 7 * 7)}], "box": Box()}

if __name__ == "__main__" and len(sys.argv) > 1:
    import carried_ids

    carried_ids.send(sys.argv[1], KINDS, KWARGS, script=__file__)
