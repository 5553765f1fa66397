"""Functions in processes of their own: right, replaced when they die, never left behind."""

import asyncio
import functools
import gc
import importlib
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import handmade
import numpy as np
import psutil
import pytest

from asyncmd_jupyter import config
from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.errors import FunctionCrashedError
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.processes import FunctionProcesses

X = [0.5, -0.25, 1.5]
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def pool(runtime):
    config.set_max_process(2)
    pool = FunctionProcesses.current()
    yield pool
    for worker in tuple(pool._all):
        pool.dismiss(worker)


@pytest.fixture
def traj(tmp_path):
    return handmade.trajectory(tmp_path, X)


def apart(function, kwargs=None, **options):
    return PyTrajectoryFunctionWrapper(function, kwargs, use_processes=True, **options)


def pids(traj):
    return np.full(len(traj), os.getpid())


def shifted(traj, by=0.0):
    return handmade.places(traj) + by


async def shifted_later(traj):
    await asyncio.sleep(0)
    return shifted(traj)


class Shifted:
    def __init__(self, by):
        self.by = by

    def __call__(self, traj):
        return shifted(traj, self.by)

    def method(self, traj):
        return shifted(traj, self.by)


def closure(by):
    return lambda traj: shifted(traj, by)


CALLABLES = {
    "function": shifted,
    "coroutine function": shifted_later,
    "lambda": lambda traj: shifted(traj),
    "partial": functools.partial(shifted, by=0.0),
    "method": Shifted(0.0).method,
    "object": Shifted(0.0),
    "closure": closure(0.0),
}


@pytest.mark.parametrize("kind", CALLABLES)
async def test_any_callable_gives_the_same_values_there(kind, traj):
    function = CALLABLES[kind]
    np.testing.assert_allclose(await apart(function)(traj), X)
    assert apart(function).id == PyTrajectoryFunctionWrapper(function).id


async def test_it_is_another_process_which_is_used_again(traj):
    first = await apart(pids, id="first")(traj)
    second = await apart(pids, id="first")(traj)
    third = await apart(shifted, {"by": 1.0})(traj)
    assert os.getpid() not in first
    assert np.array_equal(first, second)
    np.testing.assert_allclose(third, np.array(X) + 1)


async def test_processes_are_kept_for_functions_with_an_id_of_their_own(pool, traj):
    one = await apart(pids).evaluate(traj, store=False)
    other = await apart(lambda traj: pids(traj)).evaluate(traj, store=False)
    assert np.array_equal(one, other)
    assert len(pool._all) == 1


async def test_errors_come_through_with_what_happened_there(traj):
    def failing(traj):
        return {}["phi"]

    class OwnError(Exception):
        def __init__(self, one, two):
            super().__init__("no message")

    def failing_in_its_own_way(traj):
        raise OwnError(1, 2)

    with pytest.raises(KeyError, match="phi") as raised:
        await apart(failing, id="failing")(traj)
    assert 'return {}["phi"]' in raised.value.__notes__[0]
    with pytest.raises(RuntimeError, match=r"(?s)OwnError in another process:.*in failing_in_its"):
        await apart(failing_in_its_own_way, id="failing")(traj)
    with pytest.raises(RuntimeError, match="ended by SystemExit"):
        await apart(lambda traj: sys.exit(3), id="leaving")(traj)


async def test_results_are_checked_as_ever(traj):
    with pytest.raises(ValueError, match="one row for each of the 3 frames"):
        await apart(lambda traj: [1, 2])(traj)


DEATHS = {
    "exit": (lambda traj: os._exit(7), "ended with exit code 7"),
    "exit that looks well": (lambda traj: os._exit(0), "ended with exit code 0"),
    "crash": (lambda traj: os.kill(os.getpid(), signal.SIGSEGV), "ended by SIGSEGV"),
    "killed": (lambda traj: os.kill(os.getpid(), signal.SIGKILL), "ended by SIGKILL"),
}


@pytest.mark.parametrize("used_before", [False, True])
@pytest.mark.parametrize("death", DEATHS)
async def test_a_death_is_a_clear_error_of_that_call_alone(death, used_before, traj, pool):
    function, message = DEATHS[death]
    if used_before:
        await apart(shifted)(traj)
    dying, living = (
        apart(function, id="dying").evaluate(traj, store=False),
        apart(shifted, {"by": 2.0}).evaluate(traj, store=False),
    )
    died, lived = await asyncio.gather(dying, living, return_exceptions=True)
    assert isinstance(died, FunctionCrashedError)
    assert message in str(died)
    np.testing.assert_allclose(lived, np.array(X) + 2)
    np.testing.assert_allclose(await apart(shifted).evaluate(traj, store=False), X)
    assert len(pool._all) <= 2


async def test_what_can_not_be_pickled_is_said_before_anything_starts(traj, pool):
    lock = threading.Lock()
    with pytest.raises(TypeError, match=r"can't be sent to another process: .*lock"):
        await apart(lambda traj: lock and X)(traj)
    assert not pool._all


async def test_a_cancelled_call_ends_with_its_process(traj, pool, tmp_path):
    started = tmp_path / "pid"

    def endless(traj):
        import time

        started.with_suffix(".new").write_text(str(os.getpid()))
        started.with_suffix(".new").rename(started)
        while True:
            time.sleep(0.01)

    task = asyncio.create_task(apart(endless, id="endless")(traj))
    while not started.exists():
        await asyncio.sleep(0.01)
    process = psutil.Process(int(started.read_text()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while pool._all:
        await asyncio.sleep(0.01)
    assert not process.is_running()
    np.testing.assert_allclose(await apart(shifted)(traj), X)


async def test_no_more_processes_than_allowed_and_the_limit_can_change(tmp_path, pool):
    trajs = [handmade.trajectory(tmp_path, [float(i)], name=f"t{i}") for i in range(6)]
    await asyncio.gather(*(apart(pids)(traj) for traj in trajs))
    assert len(pool._all) == 2
    config.set_max_process(1)
    await asyncio.gather(*(apart(pids, id="again")(traj) for traj in trajs))
    assert len(pool._all) <= 2


def test_event_loops_one_after_the_other_share_the_processes(traj):
    seen = [asyncio.run(apart(pids).evaluate(traj, store=False))[0] for _ in range(2)]
    assert seen[0] == seen[1] != os.getpid()


def test_none_outlives_its_runtime(traj):
    with runtimes.use(runtimes.Runtime()):
        (pid, *_) = asyncio.run(apart(pids).evaluate(traj, store=False))
        assert psutil.pid_exists(int(pid))
    gc.collect()
    assert not psutil.pid_exists(int(pid))


MODULE = (
    "import numpy as np\nOFFSET = 1.0\ndef value(traj):\n    return np.full(len(traj), OFFSET)\n"
)


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "editable.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    yield importlib.import_module("editable")
    del sys.modules["editable"]


async def test_a_reloaded_module_is_never_computed_with_the_old_code(traj, module, tmp_path):
    uses = lambda traj: module_value()(traj)  # noqa: E731

    def module_value():
        return module.value

    for wrapper in (lambda: apart(module.value), lambda: apart(uses)):
        assert (await wrapper()(traj)).tolist() == [1.0] * 3
    (tmp_path / "editable.py").write_text(MODULE.replace("1.0", "2.0"))
    importlib.reload(module)
    for wrapper in (lambda: apart(module.value), lambda: apart(uses)):
        assert (await wrapper()(traj)).tolist() == [2.0] * 3


async def test_a_module_that_was_not_reloaded_is_an_error(traj, module, tmp_path):
    (tmp_path / "editable.py").write_text(MODULE.replace("1.0", "2.0"))
    with pytest.raises(RuntimeError, match=r"is not the same in another process.*reload"):
        await apart(module.value)(traj)
    assert ValueCaches.current().load(traj, apart(module.value).id) is None


async def test_a_module_changed_in_memory_alone_is_an_error(traj, module):
    module.OFFSET = 3.0
    with pytest.raises(RuntimeError, match="is not the same in another process"):
        await apart(module.value)(traj)


def test_wrappers_stay_what_they_are_when_pickled(traj):
    wrapper = apart(shifted, {"by": 1.0}, id="mine")
    again = pickle.loads(pickle.dumps(wrapper))
    assert again.use_processes
    assert again.id == wrapper.id
    np.testing.assert_allclose(asyncio.run(again(traj)), np.array(X) + 1)


async def test_the_folder_and_the_limits_of_the_caller_are_in_force_there(
    traj, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)

    def look(traj):
        from asyncmd_jupyter import runtime
        from asyncmd_jupyter.frames.cache import ValueCaches

        assert Path.cwd() == expected
        assert ValueCaches.current().type == "memory"
        return [runtime.current().settings.max_processes] * len(traj)

    expected = tmp_path
    config.set_trajectory_cache_type("memory")
    assert (await apart(look)(traj)).tolist() == [2] * 3


AS_SCRIPT = """
import asyncio, sys
import numpy as np
from asyncmd_jupyter import Trajectory
from asyncmd_jupyter.trajectory import PyTrajectoryFunctionWrapper

FACTOR = 2.0

def helper(n):
    return np.arange(n) * FACTOR

def values(traj):
    return helper(len(traj))

print("run")
traj = Trajectory(sys.argv[1], sys.argv[2])
wrapper = PyTrajectoryFunctionWrapper(values, use_processes=True)
print(asyncio.run(wrapper(traj)).tolist())
"""
IN_CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
script = {script!r}
for cell in script.split("\\n\\n"):
    shell.run_cell(cell, store_history=True).raise_error()
"""
WAITING = """
import os, time
def values(traj):
    print("computing", os.getpid(), flush=True)
    while True:
        time.sleep(0.01)
"""


def python(folder, code, *arguments):
    (folder / "script.py").write_text(textwrap.dedent(code))
    return subprocess.Popen(
        [sys.executable, str(folder / "script.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


@pytest.mark.parametrize("code", [AS_SCRIPT, IN_CELLS.format(script=AS_SCRIPT)], ids=["file", "ip"])
def test_a_script_without_a_guard_and_a_notebook(code, traj, tmp_path):
    process = python(tmp_path, code, *traj.trajectory_files, traj.structure_file)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert [line for line in out.splitlines() if line] == ["run", "[0.0, 2.0, 4.0]"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_none_outlives_its_kernel(how, traj, tmp_path):
    script = AS_SCRIPT.replace('print("run")', WAITING)
    with python(tmp_path, script, *traj.trajectory_files, traj.structure_file) as process:
        worker = psutil.Process(int(process.stdout.readline().split()[1]))
        process.send_signal(how)
        process.communicate(timeout=60)
    worker.wait(timeout=60)
    assert not worker.is_running()
