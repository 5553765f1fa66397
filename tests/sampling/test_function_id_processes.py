"""Ids outlive the process, wherever the code was typed."""

import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

STATES = '''
import functools
import dataclasses
import numpy as np
from helpers import wrap

CENTRES = {"alpha": {3, 1, 2}, "beta": frozenset("xyz"), ("t", 1): np.arange(4.0)}

@dataclasses.dataclass
class Box:
    low: float
    names: set = dataclasses.field(default_factory=lambda: {"a", "b", "c"})

def phi(traj, box=Box(0.5)):
    """An angle."""
    return wrap(np.sin(traj.x)) + len(CENTRES) + box.low

even, odd = lambda t: odd(t - 1) if t else True, lambda t: even(t - 1) if t else False

class Distance:
    kinds = {"x", "y", "z"}
    def __init__(self, *pair):
        self.pair = pair
    def __call__(self, traj):
        return np.linalg.norm(traj[self.pair])

FUNCTIONS = [phi, even, odd, Distance(1, 2), Distance(1, 2).__call__,
             functools.partial(phi, box=Box(2.0)), functools.lru_cache(phi)]
'''
HELPERS = """
    OFFSETS = {"one", "two", "three"}
    def wrap(x):
        return x - len(OFFSETS)
"""
PRINT_IDS = """
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
for function in FUNCTIONS:
    print(PyTrajectoryFunctionWrapper(function, {"kinds": {"a", "b"}, "x": 1.5}).id)
"""
AS_CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
if sys.argv[1:]:
    from ipykernel.compiler import XCachingCompiler
    shell.compile = XCachingCompiler()
for cell in [{states!r}, "%alias_magic t time\\n" + {print_ids!r}]:
    shell.run_cell(cell, store_history=True).raise_error()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "helpers.py").write_text(textwrap.dedent(HELPERS))
    (tmp_path / "mystates.py").write_text(STATES)
    (tmp_path / "script.py").write_text(STATES + PRINT_IDS)
    (tmp_path / "importing.py").write_text("from mystates import *\n" + PRINT_IDS)
    (tmp_path / "cells.py").write_text(AS_CELLS.format(states=STATES, print_ids=PRINT_IDS))
    return tmp_path


def run(folder, *command, seed="0"):
    environment = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    result = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return [line for line in result.stdout.splitlines() if len(line) == 32]


def test_ids_are_the_same_in_every_process_and_place(folder):
    ids = run(folder, "script.py")
    assert len(ids) == 7
    assert run(folder, "script.py", seed="1") == ids
    assert run(folder, "importing.py", seed="random") == ids
    assert run(folder, "cells.py", seed="2") == ids
    assert run(folder, "cells.py", "kernel", seed="3") == ids


def test_typed_code_without_source_keeps_its_id(folder):
    code = "exec(compile(open('script.py').read(), '<typed>', 'exec'), {'__name__': '__main__'})"
    ids = run(folder, "-c", code, seed="1")
    assert len(ids) == 7
    assert run(folder, "-c", code, seed="2") == ids


def test_an_edited_helper_is_noticed_by_the_next_process(folder):
    before = run(folder, "script.py")
    (folder / "helpers.py").write_text(textwrap.dedent(HELPERS).replace("x - len", "x + len"))
    after = run(folder, "script.py")
    changed = [old != new for old, new in zip(before, after, strict=True)]
    assert changed == [True, False, False, False, False, True, True]


def test_ids_without_source_notice_the_same_edits(folder):
    code = (
        "import sys, types\n"
        "helpers = types.ModuleType('helpers')\n"
        "exec(open('helpers.py').read(), vars(helpers))\n"
        "sys.modules['helpers'] = helpers\n"
        "exec(compile(open('script.py').read(), '<typed>', 'exec'), {'__name__': '__main__'})"
    )
    before = run(folder, "-c", code)
    (folder / "helpers.py").write_text(textwrap.dedent(HELPERS).replace("x - len", "x + len"))
    assert before[0] != run(folder, "-c", code)[0]
    assert before[1] == run(folder, "-c", code)[1]


def test_a_pickled_wrapper_has_the_same_id_elsewhere(folder):
    make = (
        "import mystates, pickle\n"
        "from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper as W\n"
        "ws = [W(mystates.phi, {'a': 1}), W(mystates.Distance(1, 2)), W(mystates.phi, id='mine')]\n"
        "pickle.dump(ws, open('pickled', 'wb'))\n"
        "for w in ws: print(w.id.rjust(32))\n"
    )
    load = "import pickle\nfor w in pickle.load(open('pickled', 'rb')): print(w.id.rjust(32))\n"
    ids = run(folder, "-c", make, seed="1")
    assert len(ids) == 3
    assert run(folder, "-c", load, seed="2") == ids


def test_ids_come_without_loading_anything_heavy(folder):
    code = (
        "import sys\n"
        + PRINT_IDS.replace("FUNCTIONS", "[len]")
        + "\nheavy = {'MDAnalysis', 'openmm', 'matplotlib', 'IPython'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    assert len(run(folder, "-c", code)) == 1


def test_a_function_that_can_not_be_pickled_says_so():
    from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper

    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(PyTrajectoryFunctionWrapper(lambda t: 1))
