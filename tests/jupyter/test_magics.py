import asyncio

import pytest
from IPython.core.completer import CompletionContext
from IPython.core.interactiveshell import InteractiveShell
from pretend import PretendJobs

from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jupyter.awaiting import await_magics
from asyncmd_jupyter.jupyter.completion import complete_asyncmd
from asyncmd_jupyter.jupyter.magics import StoppedWaiting
from asyncmd_jupyter.jupyter.namespace import look_up, look_up_start, nearest
from asyncmd_jupyter.jupyter.outcome import outcome_record
from asyncmd_jupyter.jupyter.parsers import command_help, option_names
from asyncmd_jupyter.jupyter.registry import commands
from asyncmd_jupyter.jupyter.telling import one_line_errors
from asyncmd_jupyter.jupyter.waiting import Answer, FailedRunError


@pytest.fixture
def shell(here, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.run_line_magic("load_ext", "asyncmd_jupyter")
    yield shell
    shell.run_line_magic("unload_ext", "asyncmd_jupyter")
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def start(trajectory_file):
    return trajectory_file


@pytest.fixture
def engine():
    from asyncmd_jupyter.openmm import OpenMMEngine

    return OpenMMEngine.from_pdb(alanine_dipeptide(), "amber99sbildn.xml", "amber99_obc.xml")


def error_of(shell, cell, capsys):
    result = shell.run_cell(cell)
    assert not result.success
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%asyncmd propagte", "has no command 'propagte'. Did you mean 'propagate'?"),
        ("%asyncmd propagate", "needs ENGINE, --name, --until (or"),
        ("%asyncmd propagate engin --until isin --name a", "Did you mean 'engine'?"),
        ("%asyncmd propagate engine --until isinn --name a", "Did you mean 'isin'?"),
        ("%asyncmd propagate engine --from sart --until isin --name a", "called 'sart'"),
        ("%asyncmd propagate engine --until isin[3] --name a", "'isin[3]' can't be looked up"),
        ("%asyncmd propagate engine --until f() --name a", "'f()' is neither a name"),
        ("%asyncmd propagate engine --until isin --n x --name a", "'x' is no whole number"),
        ("%asyncmd propagate engine --until isin --name a --bogus", "--bogus (see '%asyncmd prop"),
        ("%asyncmd propagate engine --until isin --name a -o 1a", "can't be the name of a variab"),
        (
            "%asyncmd propagate engine --until isin --max-ps -1 --name a",
            "--max-ps -1 has to be mor",
        ),
        ("%asyncmd wait nobody", "There is no run called 'nobody'"),
        ("%asyncmd wait", "no run to wait for"),
        ("%asyncmd cancel", "Say what to cancel"),
        ("%asyncmd cancel nobody", "nobody"),
        ("%asyncmd help nothing", "no command 'nothing'"),
    ],
)
def test_errors_are_one_line_and_fail_the_cell(shell, engine, capsys, cell, said):
    shell.push({"engine": engine, "isin": lambda traj: [True]})
    assert said in error_of(shell, cell, capsys)


def test_without_a_loop_it_says_so(shell, engine, capsys):
    shell.push({"engine": engine, "isin": lambda traj: [True]})
    said = error_of(shell, "%asyncmd propagate engine --until isin --name a", capsys)
    assert "needs a running event loop" in said


def test_help_of_everything(shell, capsys):
    assert shell.run_cell("%asyncmd").success
    shown = capsys.readouterr().out
    assert all(command.name in shown for command in commands())
    for command in commands():
        shell.run_cell(f"%asyncmd {command.name} --help")
        by_option = capsys.readouterr().out
        shell.run_cell(f"%asyncmd help {command.name}")
        assert capsys.readouterr().out == by_option
        assert all(option in command_help(command) for option in option_names(command))


def test_loading_twice_and_unloading(shell, capsys):
    shell.run_line_magic("reload_ext", "asyncmd_jupyter")
    assert shell.Completer.custom_matchers.count(complete_asyncmd) == 1
    assert shell.input_transformers_post.count(await_magics) == 1
    shell.run_line_magic("unload_ext", "asyncmd_jupyter")
    assert complete_asyncmd not in shell.Completer.custom_matchers
    assert await_magics not in shell.input_transformers_post
    assert not shell.run_cell("%asyncmd help").success


@pytest.mark.parametrize(
    ("cell", "becomes"),
    [
        ("%asyncmd wait a", "await get_ipython().run_line_magic('asyncmd', 'wait a')\n"),
        ("x = %asyncmd wait a", "x = await get_ipython().run_line_magic('asyncmd', 'wait a')\n"),
        ("%asyncmd cancel é", "await get_ipython().run_line_magic('asyncmd', 'cancel é')\n"),
        ("%asyncmd jobs", "get_ipython().run_line_magic('asyncmd', 'jobs')\n"),
        ("%asyncmd waits", "get_ipython().run_line_magic('asyncmd', 'waits')\n"),
        ("%time x = 1", "get_ipython().run_line_magic('time', 'x = 1')\n"),
        (
            "if True:\n    %asyncmd wait a\n    %asyncmd wait b",
            "if True:\n    await get_ipython().run_line_magic('asyncmd', 'wait a')\n"
            "    await get_ipython().run_line_magic('asyncmd', 'wait b')\n",
        ),
        (
            "def f():\n    %asyncmd wait a",
            "def f():\n    get_ipython().run_line_magic('asyncmd', 'wait a')\n",
        ),
        (
            "def f():\n    async def g():\n        %asyncmd wait a",
            "def f():\n    async def g():\n"
            "        await get_ipython().run_line_magic('asyncmd', 'wait a')\n",
        ),
        (
            "class A:\n    %asyncmd wait a\n    async def f(self):\n        %asyncmd wait a",
            "class A:\n    get_ipython().run_line_magic('asyncmd', 'wait a')\n"
            "    async def f(self):\n"
            "        await get_ipython().run_line_magic('asyncmd', 'wait a')\n",
        ),
        (
            "list(get_ipython().run_line_magic('asyncmd', 'wait a') for _ in range(2))",
            "list(get_ipython().run_line_magic('asyncmd', 'wait a') for _ in range(2))\n",
        ),
        (
            "await get_ipython().run_line_magic('asyncmd', 'wait a')",
            "await get_ipython().run_line_magic('asyncmd', 'wait a')\n",
        ),
        ("s = '''\n%asyncmd wait a\n'''", "s = '''\n%asyncmd wait a\n'''\n"),
    ],
)
def test_only_what_takes_time_is_awaited(shell, cell, becomes):
    assert shell.transform_cell(cell) == becomes


def test_interrupting_a_wait_is_a_cancellation_told_in_one_line():
    async def wait():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            raise StoppedWaiting("The run 'first' goes on.") from error

    async def interrupted():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError, match="The run 'first' goes on"):
            await task
        return task.cancelled()

    assert asyncio.run(interrupted())
    assert len(StoppedWaiting("No longer waiting.")._render_traceback_()) == 1


def test_long_messages_become_one_line():
    from IPython.core.error import UsageError

    with pytest.raises(UsageError, match=r"^two lines$"), one_line_errors():
        raise ValueError("two\n  lines")
    with pytest.raises(UsageError, match=r"^no such$"), one_line_errors():
        raise KeyError("no such")
    with pytest.raises(ZeroDivisionError), one_line_errors():
        raise ZeroDivisionError


def test_names_attributes_and_indices():
    class Thing:
        parts = [1, 2]

    names = {"thing": Thing(), "table": {"a": 3}}
    assert look_up("thing.parts[-1]", names) == 2
    assert look_up("table['a']", names) == 3
    with pytest.raises(ValueError, match="Did you mean 'parts'"):
        look_up("thing.part", names)
    with pytest.raises(ValueError, match="can't be looked up"):
        look_up("thing.parts[7]", names)


def test_a_start_may_be_a_file(tmp_path, monkeypatch):
    (tmp_path / "start.trr").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert look_up_start("start.trr", {}) == "start.trr"
    assert look_up_start("'no such file.trr'", {}) == "no such file.trr"
    # A function that happens to be called like the file is no reason to refuse the file.
    assert look_up_start("start.trr", {"start": print}) == "start.trr"
    with pytest.raises(ValueError, match=r"neither a file nor a name 'nowhere\.gro'"):
        look_up_start("nowhere.gro", {"start": 3})

    class Result:
        trr = "other.trr"

    assert look_up_start("start.trr", {"start": Result()}) == "other.trr"


def test_proposals():
    assert nearest("ALPHAR", ["alphaR", "C7eq"]) == " Did you mean 'alphaR'?"
    assert nearest("zzz", ["b", "a"]) == " There is: a, b."
    assert nearest("zzz", []) == ""


def complete(shell, text, cursor_line=None):
    lines = text.split("\n")
    context = CompletionContext(
        token=lines[-1].split(" ")[-1],
        full_text=text,
        cursor_position=len(lines[-1]),
        cursor_line=len(lines) - 1,
        limit=None,
    )
    return [found.text for found in complete_asyncmd(context)["completions"]]


@pytest.fixture
def named(shell, engine):
    def alphaR(traj):
        return []

    shell.push({"engine": engine, "alphaR": alphaR, "C7eq": alphaR, "number": 3})
    return shell


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%asyncmd ", [command.name for command in commands()]),
        ("%asyncmd pro", ["propagate"]),
        ("run = %asyncmd pro", ["propagate"]),
        ("%asyncmd propagate ", ["engine"]),
        ("%asyncmd propagate engine --unt", ["--until"]),
        ("%asyncmd propagate engine --until al", ["alphaR"]),
        ("%asyncmd propagate engine \\\n   --until C", ["C7eq"]),
        ("%asyncmd propagate engine --until alphaR C", ["C7eq"]),
        ("%asyncmd propagate engine --name ", []),
        ("%asyncmd help wa", ["wait"]),
        ("print('%asyncmd pro", []),
        ("x = 1", []),
    ],
)
def test_completion(named, text, found):
    assert complete(named, text) == found


def test_completion_leaves_out_what_is_already_there(named):
    found = complete(named, "%asyncmd propagate engine --until alphaR ")
    assert found[0] == "C7eq"
    assert "alphaR" not in found
    assert "--until" not in found
    assert "--name" in found


def test_functions_of_the_notebook_are_proposed(shell):
    shell.run_cell("def mine(traj):\n    return []")
    assert complete(shell, "%asyncmd propagate engine --until mi") == ["mine"]


def test_completion_through_ipython(named):
    with pytest.warns(PendingDeprecationWarning):
        assert named.Completer.complete("%asyncmd propagate engine --un")[1] == ["--until"]


def test_the_record_for_programs(here):
    from pretend import PretendRun

    from asyncmd_jupyter.sampling.progress import RunState

    run = PretendRun(here.events)
    run.change(state=RunState.REACHED, reached=("C7eq",), reached_time=31.2, n_frames=157)
    assert outcome_record(run.snapshot()) == {
        "run": "first",
        "state": "reached",
        "walkers": [
            {"walker": 0, "reached": ["C7eq"], "time_ps": 31.2, "n_frames": 157, "state": "reached"}
        ],
        "wall_seconds": 0.0,
    }


def test_pretend_jobs_are_what_the_table_needs(here):
    jobs = PretendJobs(here.events)
    jobs.put("a", JobState.RUNNING)
    assert jobs.records()[0].id == "a"


async def test_a_run_that_fails_while_no_cell_awaits_it_is_told(capsys):
    async def fail():
        raise FailedRunError(["a"], "no such residue")

    answer = Answer("%asyncmd wait", fail())
    await asyncio.sleep(0)
    assert await answer is None
    assert capsys.readouterr().err == "The run 'a' failed: no such residue\n"
