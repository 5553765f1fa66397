"""What ids of functions and the magics rely on in Python, cloudpickle and argparse."""

import argparse
import asyncio
import linecache
import os
import subprocess
import sys
from pathlib import Path
from types import CodeType

import cloudpickle
import pytest
from reliance import relies_on

from asyncmd_jupyter.background import BackgroundTask
from asyncmd_jupyter.jupyter.parsers import _MISSING
from asyncmd_jupyter.sampling import carried_code
from asyncmd_jupyter.sampling.code_facts import _references


def code_of(text):
    space = {"__name__": "__main__"}
    exec(compile(text, "<habit>", "exec"), space)
    return space["f"].__code__


def function_of(text):
    space = {"__name__": "__main__"}
    exec(compile(text, "<habit>", "exec"), space)
    return space["f"]


def renamed(code):
    consts = [renamed(part) if isinstance(part, CodeType) else part for part in code.co_consts]
    return code.replace(co_filename="<other>", co_consts=tuple(consts))


def test_code_is_equal_whatever_its_file_is_called():
    code = code_of("def f(t):\n    return lambda: t\n")
    other = renamed(code)
    assert other.co_filename != code.co_filename
    relies_on(
        "Python compares code without the names of its files",
        (other, hash(other)) == (code, hash(code)),
        "sampling/code_facts.py",
    )


def test_lines_in_the_cache_of_linecache_are_believed():
    linecache.cache["<habit>"] = (3, None, ["f = 1\n"], "<habit>")
    linecache.checkcache()
    linecache.checkcache("<habit>")
    relies_on(
        "linecache believes entries (size, None, lines, name) of its cache until they are removed",
        linecache.getlines("<habit>") == ["f = 1\n"],
        "sampling/carried_code.py",
    )
    del linecache.cache["<habit>"]


READ = """
def f(t):
    import os.path as p
    from ..pkg import a, b
    return helper(t) + module.inner.value + (lambda: late)()
"""


def test_byte_code_tells_names_and_imports():
    names, imports = _references(code_of(READ))
    relies_on(
        "byte code loads globals by LOAD_GLOBAL or LOAD_NAME, their attributes right behind by "
        "LOAD_ATTR or LOAD_METHOD, and level and names of an import right before IMPORT_NAME",
        {("helper",), ("module", "inner", "value"), ("late",)} <= set(names)
        and set(imports) == {("os.path", 0, ()), ("pkg", 2, ("a", "b"))},
        "sampling/code_facts.py",
    )


def test_cloudpickle_asks_about_functions_and_their_code():
    asked = []

    class Pickler(carried_code._Pickler):
        def reducer_override(self, value):
            asked.append(type(value).__name__)
            return super().reducer_override(value)

    with Path(os.devnull).open("wb") as file:
        Pickler(file).dump(function_of("f = lambda t: 1\n"))
    relies_on(
        "cloudpickle.Pickler asks its reducer_override about each function and then about its code",
        "code" in asked[asked.index("function") :],
        "sampling/carried_code.py",
    )


def test_cloudpickle_keeps_the_name_of_the_module():
    function = function_of("f = lambda t: 1\n")
    function.__globals__.update(__package__="some", __name__="some.unknown")
    kept = cloudpickle.loads(cloudpickle.dumps(function)).__globals__
    relies_on(
        "cloudpickle keeps __name__ and __package__ of the globals of a function",
        (kept.get("__name__"), kept.get("__package__")) == ("some.unknown", "some"),
        "sampling/function_nodes.py",
    )


def test_argparse_lists_what_a_parser_takes():
    parser = argparse.ArgumentParser()
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--one")
    group.add_argument("--two")
    parser.add_argument("three")
    names = [action.dest for action in parser._actions]
    rivals = [
        [action.dest for action in group._group_actions]
        for group in parser._mutually_exclusive_groups
    ]
    relies_on(
        "argparse keeps what a parser takes in _actions and _mutually_exclusive_groups",
        (names, rivals) == (["help", "one", "two", "three"], [["one", "two"]]),
        "jupyter/parsers.py",
    )


def test_argparse_says_what_is_missing(capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument("start")
    with pytest.raises(SystemExit):
        parser.parse_args([])
    relies_on(
        f"argparse says {_MISSING!r} before names of arguments",
        f"{_MISSING}start" in capsys.readouterr().err,
        "jupyter/parsers.py",
    )


async def test_asyncio_complains_of_lost_tasks_when_they_are_deleted():
    said = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    for kind in (asyncio.Task, BackgroundTask):
        task = kind(asyncio.sleep(0), loop=asyncio.get_running_loop())
        task.__del__()
        await task
    relies_on(
        "asyncio complains of a task that is still pending in its method __del__",
        [context["message"] for context in said] == ["Task was destroyed but it is pending!"],
        "background.py",
    )


def test_frozen_modules_are_called_frozen():
    code = "import importlib._bootstrap as b; print(b._find_spec.__code__.co_filename)"
    name = subprocess.check_output([sys.executable, "-c", code], text=True)
    relies_on(
        "Python calls the files of modules that are part of it <frozen …>",
        name.startswith("<frozen "),
        "sampling/libraries.py",
    )
