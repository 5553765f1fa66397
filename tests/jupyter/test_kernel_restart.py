"""A kernel that is killed or restarted leaves its job; the next one follows and ends it."""

import asyncio
import json
import os
import signal

import psutil
import pytest
from jupyter_client.manager import AsyncKernelManager
from test_in_a_kernel import SETUP

ENDLESS = SETUP + "\n%asyncmd propagate engine --until never --name long\n"
RUNNING = """
import asyncio, json
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.run import Runs

async def facts(n_frames=0):
    jobs, runs = JobManager.current(), Runs.current().all()
    while not (found := [r for r in jobs.records() if r.state.value == "running"]):
        await asyncio.sleep(0.05)
    while any(run.snapshot().walkers[0].n_frames < n_frames for run in runs):
        await asyncio.sleep(0.05)
    print(json.dumps({"id": found[0].id}))
"""
CONDITION = """
def time(traj):
    return traj.frame_table().times

soon = Within(time, 5, 1e9)
"""


class Kernel:
    """A real kernel that a test can kill."""

    def __init__(self, manager, folder):
        self.manager = manager
        self.folder = folder
        self.client = None

    async def connect(self):
        self.client = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=60)

    async def run(self, code):
        """Run a cell; returns what it printed and the text of what it showed."""
        said = []

        def keep(message):
            content = message["content"]
            said.append(content.get("text") or content.get("data", {}).get("text/plain") or "")

        reply = await self.client.execute_interactive(code, timeout=80, output_hook=keep)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "\n".join(said)

    async def facts(self, n_frames=0):
        said = await self.run(f"{RUNNING}\nawait facts({n_frames})")
        # Views that are saved with the cell may say something behind it.
        facts, _ = json.JSONDecoder().raw_decode(said[said.index("{") :])
        return facts

    def workers(self):
        return [
            process
            for process in psutil.process_iter(["cmdline", "cwd"])
            if "asyncmd_jupyter.engines.openmm.worker" in (process.info["cmdline"] or ())
            and str(process.info["cwd"]).startswith(str(self.folder))
        ]

    async def gone(self, workers):
        """Wait for the end of workers without blocking this loop."""
        await asyncio.to_thread(psutil.wait_procs, workers)
        assert self.workers() == []

    async def restart(self, how):
        self.client.stop_channels()
        if how == "killed":
            [process] = [
                p
                for p in psutil.Process().children()
                if str(self.manager.connection_file) in command_line(p)
            ]
            os.kill(process.pid, signal.SIGKILL)
            await asyncio.to_thread(psutil.wait_procs, [process])
        await self.manager.restart_kernel(now=how == "killed")
        await self.connect()


@pytest.fixture
async def kernel(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    manager = AsyncKernelManager(kernel_name="python3")
    await manager.start_kernel(cwd=str(tmp_path), env=environment)
    made = Kernel(manager, tmp_path)
    await made.connect()
    yield made
    made.client.stop_channels()
    await manager.shutdown_kernel(now=True)
    for worker in made.workers():
        worker.terminate()


def command_line(process):
    """Arguments of a process; none of a child that has ended and waits to be reaped."""
    try:
        return process.cmdline()
    except psutil.ZombieProcess:
        return []


@pytest.mark.parametrize("how", ["killed", "restarted"])
async def test_the_next_kernel_follows_the_job_and_cancels_it(kernel, how):
    await kernel.run(ENDLESS)
    job = (await kernel.facts(n_frames=20))["id"]
    workers = kernel.workers()
    assert len(workers) == 1
    await kernel.restart(how)
    assert kernel.workers() == workers

    await kernel.run("%load_ext asyncmd_jupyter")
    said = await kernel.run("%asyncmd attach")
    assert "Brought back: long." in said
    assert (await kernel.facts())["id"] == job

    assert f"Cancelled: {job}." in await kernel.run(f"%asyncmd cancel {job}")
    await kernel.gone(workers)
    assert "⊘ cancelled" in await kernel.run("%asyncmd jobs")


async def test_attach_in_the_cell_that_loads_the_extension(kernel):
    await kernel.run(ENDLESS)
    job = (await kernel.facts(n_frames=1))["id"]
    await kernel.restart("killed")
    said = await kernel.run(
        "%load_ext asyncmd_jupyter\n%asyncmd attach\n"
        "import asyncio; await asyncio.sleep(2)\n"
        "try:\n    %asyncmd wait nothing\nexcept Exception as error:\n    print(repr(error))"
    )
    assert "%asyncmd attach goes on in the background" in said
    assert "give '%load_ext asyncmd_jupyter' a cell of its own" in said
    assert "UsageError(\"There is no run called 'nothing'" in said
    assert "coroutine" not in said
    assert (await kernel.facts())["id"] == job


async def test_a_run_is_continued_with_the_job_that_still_computes_it(kernel):
    await kernel.run(ENDLESS)
    job = (await kernel.facts(n_frames=20))["id"]
    workers = kernel.workers()
    await kernel.restart("killed")
    await kernel.run(SETUP + CONDITION)

    line = "%asyncmd propagate engine --until {} --name long --continue -o run"
    await kernel.run(line.format("never"))
    assert (await kernel.facts(n_frames=21))["id"] == job
    assert kernel.workers() == workers
    await kernel.run("%asyncmd cancel long")
    await kernel.gone(workers)

    await kernel.run(line.format("soon"))
    assert "soon reached after 5.00 ps, frame 50" in await kernel.run("%asyncmd wait long -o path")
    said = await kernel.run("print(len(path), path.last_time, run.snapshot().state)")
    assert said.split()[:2] == ["51", "5.0"]
    assert kernel.workers() == []


RUNS = """
import json
from pathlib import Path

def counted(traj):
    with Path("calls.txt").open("a") as calls:
        calls.write(f"{traj.paths[0].name}\\n")
    return OFFSET + traj.frame_table().times

OFFSET = 0.5
done = Within(counted, 1.5, 1e9)
start = {"n_walkers": 2, "campaign": "first"}
"""
START = """
from asyncmd_jupyter.sampling.run import start_run
ended = start_run(engine, None, until=[("done", done)], name="ended", **start)
await ended
going = start_run(engine, None, until=[("never", never)], name="going")
"""
ATTACHED = """
from asyncmd_jupyter.sampling.run import Runs
from asyncmd_jupyter.sampling.run_memory import attach_runs
found = await attach_runs()
ended, going = (Runs.current().get(name) for name in ("ended", "going"))
await ended.read()
values = ended.series(1).observables[0].values.tolist()
print(json.dumps([found.problems, [r.id for r in found.runs], ended.state.value, values]))
"""


async def test_runs_come_back_by_themselves(kernel):
    await kernel.run(SETUP + RUNS)
    await kernel.run(START)
    said = await kernel.run("print(json.dumps(ended.series(1).observables[0].values.tolist()))")
    values = json.loads(said)
    assert len(values) == 11
    job = (await kernel.facts(n_frames=5))["id"]
    workers = kernel.workers()
    await kernel.restart("killed")
    calls = kernel.folder / "calls.txt"
    calls.write_text("")
    said = await kernel.run("import json\n" + ATTACHED)
    assert json.loads(said) == [[], ["ended", "going"], "reached", values]
    assert calls.read_text() == "", "values of the ended kernel's functions count again"
    assert (await kernel.facts(n_frames=6))["id"] == job
    assert kernel.workers() == workers
    await kernel.run("again = await attach_runs(); assert not again.runs and not again.problems")
    await kernel.run("await going.hold(); assert going.state.value == 'held', going")
    await kernel.gone(workers)
    await kernel.run("await going.cancel()")
