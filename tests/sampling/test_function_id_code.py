"""Whatever can change what a function gives changes its id; the rest need not."""

import functools
import itertools
import linecache
import sys
import textwrap

import pytest

from asyncmd_jupyter.errors import FunctionIdError
from asyncmd_jupyter.sampling.function_id import derive_id

COUNT = itertools.count()


def define(source, *, name="f", known=True, module="__main__"):
    """Run source like a cell; `known` says whether its text can be looked up later."""
    text = textwrap.dedent(source)
    filename = f"<cell {next(COUNT)}>"
    if known:
        linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    space = {"__name__": module}
    exec(compile(text, filename, "exec"), space)
    return space[name]


def id_of(function, **kwargs):
    return derive_id(function, kwargs, name="f")


@pytest.fixture(params=[True, False], ids=["source", "no source"])
def known(request):
    return request.param


BASE = """
    k = 2
    def helper(x, factor=1):
        return x * k * factor
    def f(traj):
        return helper(traj.x)
"""

EDITS = {
    "own body": ("helper(traj.x)", "helper(traj.y)"),
    "constant": ("traj.x", "traj.x + 1"),
    "type of a constant": ("traj.x)", "traj.x, 1.0)"),
    "helper": ("x * k * factor", "x / k * factor"),
    "global of a helper": ("k = 2", "k = 3"),
    "default of a helper": ("factor=1", "factor=2"),
    "exact global": ("k = 2", "k = 2.0"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_edits_of_anything_that_is_used_count(edit, known):
    old, new = EDITS[edit]
    assert old in BASE
    edited = define(BASE.replace(old, new), known=known)
    assert id_of(edited) != id_of(define(BASE, known=known))


SAME = {
    "again": lambda text: text,
    "comment": lambda text: text.replace("return x", "# a thought\n        return x"),
    "blank lines": lambda text: text.replace("\n    def", "\n\n\n    def"),
    "unused": lambda text: text + "    unused = object()\n",
    "attribute of the name of an unused global": lambda text: text + "    x = object()\n",
}


@pytest.mark.parametrize("change", SAME)
def test_what_means_nothing_does_not_count(change, known):
    assert id_of(define(SAME[change](BASE), known=known)) == id_of(define(BASE, known=known))


def test_layout_does_not_count_where_there_is_source():
    spread = BASE.replace("helper(traj.x)", "helper(\n            traj.x,\n        )")
    assert id_of(define(spread)) == id_of(define(BASE))


def test_the_name_of_the_module_does_not_count(known):
    text = BASE + "    class C:\n        a = 1\n    def g(traj):\n        return f(traj) + C.a\n"
    ids = {
        id_of(define(text, name="g", module=module, known=known)) for module in ("__main__", "mine")
    }
    assert len(ids) == 1


def test_edits_are_noticed_at_the_next_call(known):
    function = define(BASE, known=known)
    space = function.__globals__
    seen = {id_of(function)}
    space["k"] = 5
    seen.add(id_of(function))
    space["helper"] = define(BASE.replace("x * k", "x + k"), name="helper", known=known)
    seen.add(id_of(function))
    del space["helper"]
    seen.add(id_of(function))
    assert len(seen) == 4


ALIKE = [
    "f = [lambda t: t.x, lambda t: t.y][0]",
    "f = [lambda t: t.x, lambda t: t.y][1]",
    "f = (lambda: lambda t: t.w)()",
    "f = (lambda: lambda t: t.z)()",
    "f = lambda: lambda t: t.x",
    "f = (lambda a: lambda t: a)(1)",
    "f = (lambda a: lambda t: a)(2)",
    "f = (lambda a: lambda t: a)(1.0)",
    "f = lambda t, a=1: a",
    "f = lambda t, a=2: a",
    "f = lambda t, *, a=1: a",
    "f = lambda t, *, a=2: a",
    "f = lambda t: -0.0",
    "f = lambda t: 0.0",
    "f = lambda t: t in {1, 2}",
    "f = lambda t: t in {1, 3}",
    "f = lambda t: [x for x in t if x]",
    "f = lambda t: [x for x in t if not x]",
    "f = lambda t: sum(t)",
    "f = lambda t: max(t)",
    "async def f(t):\n    return 1",
    "def f(t):\n    return 1",
    "def f(t):\n    yield 1",
    "def f(t):\n    return None",
    "def f(t):\n    return ...",
    "def f(t):\n    def g(u):\n        return 1\n    return g",
    "def f(t):\n    def g(u):\n        return 2\n    return g",
    "import numpy as np\nf = lambda t: np.sin(t)",
    "import numpy as np\nf = lambda t: np.cos(t)",
    "import math as np\nf = lambda t: np.sin(t)",
    "def f(t):\n    import math\n    return math.sin(t)",
    "def f(t):\n    import cmath as math\n    return math.sin(t)",
    "def f(t):\n    return g\ng = [1, {2: (3, {4})}]",
    "def f(t):\n    return g\ng = [1, {2: (3, {5})}]",
    "def f(t):\n    return g",
    "def f(t):\n    return g\ng = None",
    "def f(t):\n    return [g for _ in t]\ng = 1",
    "def f(t):\n    return [g for _ in t]\ng = 2",
    "def f(t):\n    return (lambda: g)\ng = 1",
    "def f(t):\n    return (lambda: g)\ng = 2",
    "def f(t):\n    return 1\nf.note = 1",
    "def f(t):\n    return 1\nf.note = 2",
    "import functools\ndef g(t, a):\n    return a\nf = functools.partial(g, a=1)",
    "import functools\ndef g(t, a):\n    return a\nf = functools.partial(g, a=2)",
    "import functools\n@functools.lru_cache\ndef f(t):\n    return 1",
    "import functools\n@functools.lru_cache\ndef f(t):\n    return 2",
    "def deco(a):\n    def outer(g):\n        def inner(t):\n            return g(t) * a\n"
    "        return inner\n    return outer\n@deco(2)\ndef f(t):\n    return t",
    "def deco(a):\n    def outer(g):\n        def inner(t):\n            return g(t) * a\n"
    "        return inner\n    return outer\n@deco(3)\ndef f(t):\n    return t",
    "def deco(a):\n    def outer(g):\n        def inner(t):\n            return g(t) * a\n"
    "        return inner\n    return outer\n@deco(3)\ndef f(t):\n    return -t",
]


def test_functions_that_look_alike_have_ids_of_their_own(known):
    ids = [id_of(define(source, known=known)) for source in ALIKE]
    twice = [[ALIKE[i] for i in range(len(ids)) if ids[i] == one] for one in set(ids)]
    assert [group for group in twice if len(group) > 1] == []


def test_each_alike_function_keeps_its_id(known):
    for source in ALIKE:
        assert id_of(define(source, known=known)) == id_of(define(source, known=known))


CLASS = """
    scale = 2
    class Base:
        def shift(self):
            return 1
    class Phi(Base):
        limit = 3
        def __init__(self, a):
            self.a = a
        def __call__(self, traj):
            return self.inner(traj)
        def inner(self, traj):
            return traj.x * self.a * scale + self.shift() + self.limit
        @staticmethod
        def fixed(traj):
            return 1
        @property
        def half(self):
            return self.a / 2
    f = Phi(4)
    g = f.inner
    h = Phi.fixed
"""
CLASS_EDITS = {
    "attribute": ("Phi(4)", "Phi(5)"),
    "method": ("* self.a *", "/ self.a *"),
    "global": ("scale = 2", "scale = 3"),
    "base class": ("return 1\n    class", "return 2\n    class"),
    "class attribute": ("limit = 3", "limit = 4"),
    "property": ("self.a / 2", "self.a / 3"),
}


@pytest.mark.parametrize("edit", CLASS_EDITS)
@pytest.mark.parametrize("name", ["f", "g"])
def test_instances_count_with_state_and_class(edit, name, known):
    old, new = CLASS_EDITS[edit]
    assert CLASS.count(old) == 1
    edited = define(CLASS.replace(old, new), name=name, known=known)
    assert id_of(edited) != id_of(define(CLASS, name=name, known=known))


@pytest.mark.parametrize("name", ["f", "g", "h"])
def test_instances_made_alike_have_one_id(name, known):
    ids = {id_of(define(CLASS, name=name, known=known)) for _ in range(2)}
    assert len(ids) == 1


def test_a_change_of_state_is_noticed():
    function = define(CLASS)
    before = id_of(function)
    function.a = 7
    assert id_of(function) != before


def test_values_that_a_cached_property_keeps_do_not_count():
    function = define(
        """
        import functools
        class F:
            @functools.cached_property
            def table(self):
                return [1, 2]
            def __call__(self, traj):
                return self.table
        f = F()
        """
    )
    before = id_of(function)
    assert function(None) == [1, 2]
    assert id_of(function) == before


RICH = """
    import abc, dataclasses, enum, functools, threading, typing, collections
    import numpy as np
    class Kind(enum.Enum):
        A = 1
    @dataclasses.dataclass(order=True)
    class Box:
        x: float
        y: list = dataclasses.field(default_factory=list)
        kind: Kind = Kind.A
    @dataclasses.dataclass(frozen=True, slots=True)
    class Fixed(typing.Generic[typing.TypeVar("T")]):
        x: int = 1
    class Shape(abc.ABC):
        lock = threading.Lock()
        __slots__ = ("a",)
        @abc.abstractmethod
        def area(self): ...
    class Square(Shape):
        def area(self):
            return super().area()
    Named = collections.namedtuple("Named", "a b", defaults=[1])
    class Typed(typing.NamedTuple):
        a: int = 1
    @functools.singledispatch
    def one(x):
        return 1
    @one.register
    def _(x: int):
        return 2
    @functools.cache
    def cached(n):
        return n if n < 2 else cached(n - 1) + f(n)
    def even(n):
        return n == 0 or odd(n - 1)
    def odd(n):
        return n != 0 and even(n - 1)
    def f(traj):
        used = [Box(1.0), Fixed(2), Square(), Named(1), Typed(), one(1), cached(3), even(4)]
        return np.array([len(used), Kind.A.value])
"""
RICH_EDITS = {
    "deep in a circle": ("n != 0 and", "n != 1 and"),
    "registered": ("return 2", "return 3"),
    "field": ("x: float", "x: float = 1.0"),
    "member": ("A = 1", "A = 2"),
    "default": ("defaults=[1]", "defaults=[2]"),
    "typed default": ("a: int = 1", "a: int = 2"),
    "slots": ('("a",)', '("b",)'),
    "method with super": ("return super().area()", "return 4"),
    "cached": ("n if n < 2", "n if n < 3"),
}


def test_rich_code_has_an_id_that_does_not_change_by_use(known):
    function = define(RICH, known=known)
    before = id_of(function)
    function.__globals__["one"](3)
    function.__globals__["cached"].cache_clear()
    function.__globals__["Box"](1.0)
    assert id_of(function) == before == id_of(define(RICH, known=known))


@pytest.mark.parametrize("edit", RICH_EDITS)
def test_edits_of_rich_code_count(edit, known):
    old, new = RICH_EDITS[edit]
    assert old in RICH
    edited = define(RICH.replace(old, new), known=known)
    assert id_of(edited) != id_of(define(RICH, known=known))


def test_source_that_is_not_that_of_the_code_is_not_believed(tmp_path, monkeypatch):
    """An edited file tells nothing of the code that was read from it before."""
    path = tmp_path / "edited_module.py"
    path.write_text("def f(t):\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import edited_module

    path.write_text("def f(t):\n    return 2\n")
    old = id_of(edited_module.f)
    new = {}
    exec(compile(path.read_text(), str(path), "exec"), new)
    assert id_of(new["f"]) != old
    assert id_of(new["f"]) == id_of(define("def f(t):\n    return 2\n"))


def test_id_of_the_same_text_is_the_same_in_a_file_and_a_cell(tmp_path, monkeypatch):
    path = tmp_path / "text_module.py"
    path.write_text(textwrap.dedent(RICH))
    monkeypatch.syspath_prepend(tmp_path)
    import text_module

    assert id_of(text_module.f) == id_of(define(RICH))


@pytest.fixture
def user_module(tmp_path, monkeypatch):
    """Writes ``usermod`` anew and makes the process read it again."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text, name="usermod"):
        for known in [key for key in sys.modules if key.partition(".")[0] == name]:
            del sys.modules[known]
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
        for cached in tmp_path.glob("__pycache__/*"):
            cached.unlink()

    yield write
    for known in [key for key in sys.modules if key.startswith("usermod")]:
        del sys.modules[known]


MODULE = """
    factor = 2
    unused = open("/dev/null")
    unused.close()
    def inner(x):
        return x * factor
    def helper(x):
        return inner(x)
"""
USES = {
    "attribute": "import usermod\ndef f(t):\n    return usermod.helper(t)",
    "from": "from usermod import helper\ndef f(t):\n    return helper(t)",
    "alias": "import usermod as um\ndef f(t):\n    return um.helper(t)",
    "inside": "def f(t):\n    from usermod import helper\n    return helper(t)",
}


@pytest.mark.parametrize("use", USES)
def test_modules_of_the_user_count_as_far_as_they_are_used(use, user_module):
    ids = set()
    for text in (MODULE, MODULE.replace("x * factor", "x / factor"), MODULE.replace("2", "3")):
        user_module(text)
        ids.add(id_of(define(USES[use])))
    assert len(ids) == 3
    user_module(MODULE + "    more = object()\n")
    assert id_of(define(USES[use])) in ids


def test_a_module_used_as_a_whole_counts_as_a_whole(user_module):
    uses = "def f(t):\n    import usermod\n    return getattr(usermod, t)"
    whole = "a = 1\nb = 2\n"
    user_module(whole)
    before = id_of(define(uses))
    user_module(whole.replace("2", "3"))
    assert id_of(define(uses)) != before
    user_module(MODULE)
    with pytest.raises(FunctionIdError, match=r"its attribute 'unused' is a TextIOWrapper"):
        id_of(define(uses))


def test_a_module_that_fails_is_named(user_module):
    user_module("1 / 0")
    with pytest.raises(FunctionIdError, match="imports usermod, which fails: division by zero"):
        id_of(define("def f(t):\n    import usermod"))


def test_a_function_that_uses_its_own_wrapper_has_an_id():
    from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper

    function = define("async def f(traj):\n    return await wrapper(traj)")
    wrapper = PyTrajectoryFunctionWrapper(function)
    function.__globals__["wrapper"] = wrapper
    assert wrapper.id == wrapper.id


def test_a_wrapper_that_is_used_counts_by_its_own_id():
    from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper

    ids = set()
    for id in ("one", "other"):
        function = define("async def f(traj):\n    return await phi(traj)")
        function.__globals__["phi"] = PyTrajectoryFunctionWrapper((i for i in ()).__next__, id=id)
        ids.add(id_of(function))
    assert len(ids) == 2


def test_a_ufunc_made_of_a_function_is_refused():
    import numpy as np

    with pytest.raises(FunctionIdError, match="ufunc"):
        id_of(np.frompyfunc(id_of, 1, 1))


GENERATOR = "(i for i in ())"
UNKNOWABLE = {
    "global 'file' is a TextIOWrapper": """
        file = open('/dev/null')
        file.close()
        f = lambda t: file
    """,
    "global 'gen' is a generator": f"gen = {GENERATOR}\nf = lambda t: gen",
    "global 'g', its closure variable 'gen' is a generator": f"""
        g = (lambda gen: lambda t: gen)({GENERATOR})
        def f(t):
            return g(t)
    """,
    "global 'data', its key 'x', its item 1 is a generator": f"""
        data = {{'x': [1, {GENERATOR}]}}
        f = lambda t: data
    """,
    "bound object, its attribute 'source' is a generator": f"""
        class A:
            def m(self, t):
                return 1
        a = A()
        a.source = {GENERATOR}
        f = a.m
    """,
    "partial function, its default 0 is a generator": f"""
        import functools
        f = functools.partial(lambda t, a={GENERATOR}: 1)
    """,
    r"it calls eval\(\)": "def f(t):\n    return eval('t')",
    r"it calls exec\(\)": "def f(t):\n    exec('t')",
    r"it calls globals\(\)": "def f(t):\n    return globals()['f']",
    r"it calls __import__\(\)": "def f(t):\n    return __import__('os')",
    r"it calls import_module\(\)": """
        import importlib
        f = lambda t: importlib.import_module('os')
    """,
    r"its global 'm' calls import_module\(\)": """
        from importlib import import_module as m
        f = lambda t: m(t)
    """,
    "global 'rng' is a SystemRandom": """
        import random
        rng = random.SystemRandom()
        f = lambda t: rng
    """,
}


@pytest.mark.parametrize("culprit", UNKNOWABLE)
def test_what_can_not_be_known_is_refused_by_name(culprit):
    with pytest.raises(FunctionIdError, match=rf"lasts .* for f: .*{culprit}.*id='"):
        id_of(define(UNKNOWABLE[culprit]))


def test_arguments_that_can_not_be_known_are_named():
    with pytest.raises(FunctionIdError, match="its key 'call_kwargs', its key 'log' is a TextIOW"):
        id_of(define("f = lambda t, log: 1"), log=sys.__stdout__)


def test_the_error_is_a_value_error():
    assert issubclass(FunctionIdError, ValueError)


def test_callables_of_libraries_count_by_name():
    import numpy as np

    functions = [np.sin, np.linalg.norm, np.mean, len, str.upper, functools.partial(np.mean)]
    assert len({id_of(function) for function in functions}) == len(functions)
