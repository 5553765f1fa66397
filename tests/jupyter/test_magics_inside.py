"""``%asyncmd`` inside other magics, functions, threads and scripts, in a real kernel."""

from dataclasses import dataclass

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

LOAD = "%load_ext asyncmd_jupyter"
SETUP = """
import asyncio, threading
from asyncmd_jupyter.testing import ToyEngine
engine = ToyEngine(nstout=10, seed=1)

def late(trajectory):
    return trajectory.frame_table().steps >= 100

def broken(trajectory):
    raise ValueError("no such residue")

start = await engine.apply_constraints(None, "start.trr")
"""
FIRST = "%asyncmd propagate engine --until late --name first -o first"
PROPAGATE = "%asyncmd propagate engine --until late --name"


@dataclass
class Seen:
    """What a cell came to: the status that a program that runs it gets, and its texts."""

    status: str
    text: str


@pytest.fixture
def execute(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("ASYNCMD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("ASYNCMD_END_JOBS_ON_SHUTDOWN", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    (tmp_path / "here").mkdir()

    async def run(*cells):
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in (LOAD, SETUP, *cells)]
        states = []
        client = NotebookClient(
            notebook,
            timeout=120,
            allow_errors=True,
            resources={"metadata": {"path": str(tmp_path / "here")}},
            on_cell_executed=lambda execute_reply, **_: states.append(
                execute_reply["content"]["status"]
            ),
        )
        await client.async_execute()
        assert "destroyed" not in capfd.readouterr().err  # when the kernel was shut down
        seen = [Seen(s, _text(cell)) for s, cell in zip(states, notebook.cells, strict=True)]
        assert [each.status for each in seen[:2]] == ["ok", "ok"], seen[:2]
        for each in seen:
            assert "never awaited" not in each.text
            assert "SyntaxError" not in each.text
        return seen[2:]

    return run


def _text(cell):
    return "\n".join(
        f"{out.ename}: {out.evalue}"
        if out.output_type == "error"
        else out.get("text") or str(out.data.get("text/plain"))
        for out in cell.outputs
    )


async def test_magics_that_compile_their_cell_start_without_waiting(execute):
    cells = {
        "timed": f"%%time\n{PROPAGATE} timed -o run\nprint(run.id)",
        "line": f"%time {PROPAGATE} line",
        "timeit": f"%timeit -n1 -r1 {PROPAGATE} timeit",
        "cell": f"%%timeit -n1 -r1\n{PROPAGATE} cell",
        "prun": f"%prun -q {PROPAGATE} prun",
        "profiled": f"%%prun -q\n{PROPAGATE} profiled",
        "captured": f"%%capture shown\n{PROPAGATE} captured",
        "frame": f"%%time\n{PROPAGATE} frame --from path --frame -1",
    }
    _, _, *seen, shown, ended = await execute(
        FIRST,
        "%asyncmd wait first -o path",
        *cells.values(),
        "print([out.data['text/plain'] for out in shown.outputs if 'text/plain' in out.data])",
        "from asyncmd_jupyter.sampling.runs import Runs\n"
        "while len(Runs.current().all()) < 9: await asyncio.sleep(0.02)\n"
        "for run in Runs.current().all(): await run\n"
        "print(*sorted(run.id for run in Runs.current().all()))",
    )
    assert [each.status for each in seen] == ["ok"] * len(cells)
    assert "\ntimed\n" in f"\n{seen[0].text}"
    assert "Run captured" in shown.text
    assert "goes on in the background" in seen[-1].text
    assert ended.text.split() == sorted(["first", *cells])


async def test_what_only_waits_says_where_it_can_not(execute):
    there = "for name in ['first']:\n    get_ipython().run_line_magic('asyncmd', f'wait {name}')"
    function = "def f():\n    %asyncmd wait first\n    return first\nf()"
    named = "def f(name):\n    get_ipython().run_line_magic('asyncmd', f'wait {name}')\nf('first')"
    cases = {
        "%time %asyncmd wait first": "inside %time: give it a cell of its own",
        "%%time\n%asyncmd wait first": "inside %%time",
        "%%timeit\n%asyncmd wait first": "inside %%timeit",
        "%%capture x\n%asyncmd wait first": "inside %%capture",
        "%%writefile script.ipy\n%asyncmd wait first": None,
        "%run script.ipy": "inside %run",
        function: "in f(), which is not 'async def'",
        named: "in f(), which is not 'async def'",
        there: "without 'await': write 'await get_ipython().run_line_magic(...)'",
        "class A:\n    %asyncmd wait first": "in the class A",
    }
    _, *seen, off, waits, _, _ = await execute(
        FIRST,
        *cases,
        "%autoawait off",
        "%asyncmd wait first",
        "%autoawait asyncio",
        "await first",
    )
    for cell, said, one in zip(cases, cases.values(), seen, strict=True):
        assert one.status == ("ok" if said is None else "error"), cell
        assert said is None or f"%asyncmd wait can't wait {said}" in one.text, one.text
        assert said is None or len(set(one.text.strip().splitlines()[-1:])) == 1
    assert off.status == "ok"
    assert "%asyncmd wait can't wait while %autoawait is off" in waits.text


async def test_usage_errors_fail_the_cell_everywhere(execute):
    function = "def f(line):\n    get_ipython().run_line_magic('asyncmd', line)\n"
    body = (
        "def f():\n    get_ipython().run_cell_magic('asyncmd', 'propagate engine', '--nam x')\nf()"
    )
    cases = {
        "%time %asyncmd propagte engine": "has no command 'propagte'. Did you mean 'propagate'?",
        "%%time\n%asyncmd propagate engin --until late --name a": "Did you mean 'engine'?",
        f"%%capture x\n{PROPAGATE} a --nam b": "unrecognized arguments: --nam b",
        "%%capture x\n%asyncmd wait nothing": "There is no run called 'nothing'",
        f"%timeit -n1 -r1 {PROPAGATE.replace('late', 'lat')} a": "Did you mean 'late'?",
        f"{function}f('propagate nothere --until late --name a')": "nothing called 'nothere'",
        f"{function}f('cancel nothing')": "neither a run nor a job 'nothing'",
        f"{function}f('why nothing')": "neither a run nor a job 'nothing'",
        f"{function}f('tail nothing')": "neither a run nor a job 'nothing'",
        f"{function}f('hold nothing')": "There is no run called 'nothing'",
        f"{function}f('restart nothing')": "There is no run called 'nothing'",
        f"{function}f('history nothing')": "nothing",
        f"{function}f('extract nothing --to x.trr')": "nothing",
        body: "--nam",
    }
    *seen, caught = await execute(*cases, "print(get_ipython().run_cell('%asyncmd nope').success)")
    for cell, said, one in zip(cases, cases.values(), seen, strict=True):
        assert one.status == "error", cell
        assert said in one.text
    assert caught.status == "ok"  # whoever runs a cell and looks at its result knows


async def test_functions_threads_and_callbacks(execute):
    line = "get_ipython().run_line_magic('asyncmd', '{}')"
    begin = line.format("propagate engine --until late --name {} -o {}")
    called = f"def f():\n    {begin.format('called', 'called')}\n    return called\nprint(f().id)"
    bad = line.format("propagate engine --from start --until broken --name bad")
    _, function, waited, returned, alias, thread, callback, refused, why = await execute(
        FIRST,
        f"{called}\nawait called",
        "async def f(name):\n    %asyncmd wait {name} -o path\n    return path\n"
        "print(await f('called'))",
        f"def f():\n    return {line.format('wait called')}\nprint(await f())",
        "%alias_magic amd asyncmd\n%alias_magic await_run asyncmd -p wait\n"
        "get_ipython().run_cell_magic",
        "def f():\n    try:\n        "
        f"{line.format('wait first')}\n    except Exception as error:\n        print(error)\n"
        "thread = threading.Thread(target=f)\nthread.start()\nthread.join()",
        f"def f():\n    {begin.format('back', 'back')}\n    {line.format('cancel back')}\n"
        "asyncio.get_running_loop().call_soon(f)\n"
        "while not ('back' in globals() and back.done): await asyncio.sleep(0.01)",
        f"def f():\n    {bad}\nf()\n"
        "from asyncmd_jupyter.jupyter.refusals import Refusals\n"
        "while Refusals.current().of('bad') is None: await asyncio.sleep(0.01)\n"
        "await asyncio.sleep(0)",
        "%asyncmd why bad",
    )
    assert "called\n" in function.text
    assert "<Trajectory called/called" in waited.text
    assert "<Trajectory called/called" in returned.text
    assert alias.status == "ok"
    assert "needs a running event loop, and this thread has none" in thread.text
    assert "%asyncmd cancel goes on in the background" in callback.text
    assert "load_ext" not in callback.text
    assert callback.status == "ok"
    assert refused.status == "ok"
    assert "not started" in why.text


async def test_aliases_wait_and_code_from_elsewhere_says_that_it_does_not(execute):
    _, _, alias, bound, executed, assigned, awaited = await execute(
        FIRST,
        "%alias_magic amd asyncmd\n%alias_magic await_run asyncmd -p wait",
        "%amd wait first -o path\nprint(path)",
        "%await_run first -o other\nprint(other)",
        "exec(get_ipython().transform_cell('%asyncmd wait first'))",
        "def f():\n    return get_ipython().run_line_magic('asyncmd', 'wait first')\nanswer = f()",
        "print(await answer)",
    )
    assert "<Trajectory first/first" in alias.text
    assert "<Trajectory first/first" in bound.text
    for one in (executed, assigned):
        assert "%asyncmd wait goes on in the background" in one.text
        assert "load_ext" not in one.text
    assert "<Trajectory first/first" in awaited.text


async def test_a_usage_error_in_the_first_cell_of_a_kernel_is_answered(tmp_path):
    """ipykernel makes ``_last_traceback``, which it needs for that, in the first other cell."""
    cell = f"import asyncio\nawait asyncio.sleep(0)\n{LOAD}\n%asyncmd nope"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(CellExecutionError, match="has no command 'nope'"):
        await client.async_execute()
