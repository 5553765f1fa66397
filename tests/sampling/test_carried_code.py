"""Ids travel with functions, whatever a library that pickles them makes of their code.

Runs with any supported cloudpickle: put another one first on PYTHONPATH to try that.
"""

import inspect
import json
import linecache
import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.sampling import carried_code
from asyncmd_jupyter.sampling.function_id import derive_id

HERE = Path(__file__).parent
TYPED = ["cell", "exec", "script"]


def python(*command):
    places = [str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(reversed(places))}
    result = subprocess.run(
        [sys.executable, *map(str, command)], env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def sent(folder, typed):
    if typed == "script":
        shutil.copy(HERE / "carried_kinds.py", folder / "script.py")
        return python(folder / "script.py", folder / "first")
    return python(HERE / "carried_ids.py", "send", folder / "first", typed)


def received(folder, names, first="first", again="again"):
    return python(HERE / "carried_ids.py", "receive", folder / first, names, folder / again)


@pytest.fixture(scope="module", params=TYPED)
def journey(request, tmp_path_factory):
    """Ids of all kinds: where they were made, where they came to, with other names, and on."""
    folder = tmp_path_factory.mktemp("journey")
    made = sent(folder, request.param)
    return made, received(folder, "as they are"), received(folder, "renamed", again="second")


def test_ids_of_all_kinds_of_callables_are_the_same_in_another_process(journey):
    made, there, _ = journey
    assert there == made
    assert len(set(made.values())) == len(made), "each is something else"


def test_names_of_files_may_be_replaced(journey):
    made, _, there = journey
    assert there == made


@pytest.mark.parametrize("names", ["as they are", "renamed"])
def test_ids_stay_on_a_second_journey(names, tmp_path):
    made = sent(tmp_path, "cell")
    assert received(tmp_path, names) == made
    assert received(tmp_path, "as they are", first="again") == made


def typed(text, name):
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    space = {"__name__": "__main__"}
    exec(compile(text, name, "exec"), space)
    return space["f"]


def test_code_keeps_the_name_and_the_lines_that_tracebacks_show(tmp_path):
    name = str(tmp_path / "ipykernel_1" / "1.py")
    function = typed(
        "def f(t):\n    def inner():\n        return {}[t]\n    return inner()\n", name
    )
    pickled = carried_code.dumps(function)
    del linecache.cache[name]
    again = carried_code.loads(pickled)
    assert again.__code__.co_filename == name
    with pytest.raises(KeyError) as raised:
        again("phi")
    assert "return {}[t]" in "".join(traceback.format_exception(raised.value))
    assert "return {}[t]" in inspect.getsource(again)
    del linecache.cache[name]


def test_lines_of_a_cell_of_this_kernel_are_not_replaced(tmp_path):
    name = str(tmp_path / "<cell>")
    pickled = carried_code.dumps(typed("f = lambda t: 1 + 1\n", name))
    typed("f = lambda t: 2 + 2\n", name)
    carried_code.loads(pickled)
    assert linecache.getlines(name) == ["f = lambda t: 2 + 2\n"]


def test_what_is_learned_of_code_is_not_said_of_other_code(tmp_path):
    """The same lines elsewhere have the same id; others have their own."""
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    pickled = carried_code.dumps(typed("f = lambda t: t + 60 * 60\n", here))
    with runtimes.use(runtimes.Runtime()):
        alone = derive_id(typed("f = lambda t: t +  3600  \n", there), {}, name="f")
    with runtimes.use(runtimes.Runtime()):
        carried_code.loads(pickled)
        assert derive_id(typed("f = lambda t: t +  3600  \n", there), {}, name="f") == alone
