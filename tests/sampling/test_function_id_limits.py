"""Libraries by version, packages of the user, and what is too much."""

import dis
import sys
import textwrap

import numpy as np
import pytest

from asyncmd_jupyter.errors import FunctionIdError
from asyncmd_jupyter.sampling.function_id import derive_id, digest
from asyncmd_jupyter.sampling.graph_digest import MAX_OBJECTS
from asyncmd_jupyter.sampling.libraries import Libraries


def id_of(function):
    return derive_id(function, {}, name="f")


@pytest.mark.parametrize(
    ("module", "described"),
    [
        ("numpy.linalg", f"numpy {np.__version__}"),
        ("dateutil", "dateutil python-dateutil "),
        ("json", f"json {sys.version_info.major}.{sys.version_info.minor}"),
        ("asyncmd_jupyter.sampling", "asyncmd_jupyter "),
    ],
)
def test_libraries_are_known_by_distribution_and_version(module, described):
    libraries = Libraries()
    assert libraries.has_module(module)
    assert libraries.describe(module).startswith(described)


def test_code_of_the_user_is_no_library(tmp_path, monkeypatch):
    libraries = Libraries()
    (tmp_path / "not_yet_imported.py").touch()
    (tmp_path / "in_a_namespace").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("__main__", "handmade", "not_yet_imported", "in_a_namespace", "nowhere"):
        assert not libraries.has_module(name)
    assert not libraries.has_file(str(tmp_path / "not_yet_imported.py"))
    assert not libraries.has_file("<ipython-input-1>")
    assert libraries.has_file(dis.__file__)
    assert libraries.has_file(np.__file__)
    assert "not_yet_imported" not in sys.modules


def test_a_module_of_the_user_may_be_called_like_one_of_python(tmp_path, monkeypatch):
    module = tmp_path / "statistics.py"
    module.write_text("def mean(x):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "statistics", raising=False)
    assert not Libraries().has_module("statistics")
    import statistics

    def f(traj):
        return statistics.mean(traj)

    assert statistics.__file__ == str(module)
    assert not Libraries().has_module("statistics")
    before = id_of(f)
    statistics.mean = lambda x: x + 1
    assert id_of(f) != before
    del sys.modules["statistics"]


def test_modules_of_python_are_libraries_imported_or_not():
    libraries = Libraries()
    for name in ("statistics", "this", "sys", "_heapq", "os", "zipimport", "xml.dom.minidom"):
        assert libraries.has_module(name)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the user with a function that imports within itself."""
    folder = tmp_path / "userpackage"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("from .states import f, g, h")
    (folder / "inner" / "__init__.py").write_text("value = 1")
    (folder / "inner" / "deep.py").write_text("def helper(x):\n    return x + 1\n")
    (folder / "states.py").write_text(
        textwrap.dedent(
            """
            def f(traj):
                from .inner.deep import helper
                return helper(traj)
            def g(traj):
                from . import inner
                return inner.value
            def h(traj):
                import userpackage.inner.deep
                return userpackage.inner.deep.helper(traj)
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)

    def load():
        for name in [name for name in sys.modules if name.startswith("userpackage")]:
            del sys.modules[name]
        import userpackage

        return [id_of(userpackage.f), id_of(userpackage.g), id_of(userpackage.h)]

    yield folder, load
    for name in [name for name in sys.modules if name.startswith("userpackage")]:
        del sys.modules[name]


def test_imports_within_functions_are_followed(package):
    folder, load = package
    before = load()
    assert load() == before
    (folder / "inner" / "deep.py").write_text("def helper(x):\n    return x + 22\n")
    (folder / "inner" / "__init__.py").write_text("value = 22")
    for cached in folder.rglob("*.pyc"):
        cached.unlink()
    assert [a != b for a, b in zip(before, load(), strict=True)] == [True, True, True]


def test_a_module_that_is_not_there_may_come():
    def f(traj):
        import not_there_at_all

        return not_there_at_all

    assert id_of(f) == id_of(f)


def test_closures_that_are_not_set_yet():
    def outer():
        def inner(traj):
            return later

        before = id_of(inner)
        later = 1
        return before, id_of(inner)

    before, after = outer()
    assert before != after


def test_what_a_compiler_made_of_a_function_counts_by_the_function():
    """Dispatchers of numba get an id of their own in each process when they are pickled."""

    class Dispatcher:
        def __init__(self, py_func):
            self.py_func = py_func

        def __reduce__(self):
            raise AssertionError("not to be asked")

    ids = {id_of(Dispatcher(function)) for function in (lambda t: 1, lambda t: 2)}
    assert len(ids) == 2


def test_objects_that_never_end_are_refused():
    class Endless:
        def __reduce__(self):
            return Endless, (Endless(),)

    with pytest.raises(FunctionIdError, match=f"more than {MAX_OBJECTS} objects"):
        digest(Endless())


def test_deep_lists_are_no_problem_and_deep_tuples_are_named():
    deep = []
    for _ in range(5000):
        deep = [deep]
    assert digest(deep) == digest(deep)
    nested = ()
    for _ in range(100_000):
        nested = (nested,)
    with pytest.raises(FunctionIdError, match="nested too deeply"):
        digest(nested)


def test_an_object_that_fails_when_it_is_asked_is_named():
    class Rude:
        def __reduce_ex__(self, protocol):
            raise ValueError("no")

    with pytest.raises(FunctionIdError, match=r"its item 0 is a Rude, whose state .* \(no\)"):
        digest(Rude())
