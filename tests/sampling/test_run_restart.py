"""A kernel that is killed: its simulations go on, and another kernel takes them over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import killed_run
import psutil
import pytest
from toy_states import in_b

from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.sampling.run import Runs, start_run
from asyncmd_jupyter.sampling.run_memory import attach_runs
from asyncmd_jupyter.sampling.run_memory_walker import StoredWalker
from asyncmd_jupyter.sampling.run_record import records_in
from asyncmd_jupyter.testing import ToyEngine

KERNEL = """
import asyncio, sys
import numpy as np
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.testing import ToyEngine

def never(traj):
    return np.zeros(len(traj), dtype=bool)

async def main():
    run = start_run(ToyEngine(-0.25, seed=5), None, until=[("never", never)], name="run")
    while run.snapshot().walkers[0].n_frames < 5:
        await asyncio.sleep(0.01)
    print("running", flush=True)
    await run

asyncio.run(main())
"""


@pytest.fixture
def orphan(tmp_path: Path) -> Path:
    """The folder of a run whose kernel was killed in the middle."""
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert kernel.stdout is not None
    assert kernel.stdout.readline() == "running\n"
    kernel.kill()
    kernel.wait()
    kernel.stdout.close()
    return tmp_path / "run"


def workers(folder: Path) -> list[psutil.Process]:
    """Processes that compute parts in a folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if any(str(folder) in word for word in line) and "-m" in line:
            found.append(process)
    return found


async def test_job_goes_on_and_is_taken_over(orphan: Path, manager):
    assert len(workers(orphan)) == 1, "the simulation ended with its kernel"
    propagator = ConditionalTrajectoryPropagator(
        [in_b], engine_cls=ToyEngine, engine_kwargs={"x": -0.25, "seed": 5}, walltime_per_part=1
    )
    joined, _ = await propagator.propagate_and_concatenate(
        None, orphan, "run", tra_out=orphan / "joined.trr", continuation=True
    )
    assert in_b(joined).tolist() == [False] * (len(joined) - 1) + [True]
    assert joined.frame_table().steps.tolist() == [10 * i for i in range(len(joined))]
    records = manager.records()
    assert [record.state for record in records] == [JobState.DONE], "another job was started"
    assert workers(orphan) == []


async def test_jobs_of_other_folders_are_left_to_others(orphan: Path, manager, tmp_path: Path):
    engine = ToyEngine(launcher="memory")
    await engine.prepare(None, tmp_path, "mine")
    await engine.run_steps(engine.nstout)
    assert [record.name for record in manager.records()] == ["mine.part0001"]
    (job,) = await manager.attach()
    await job.cancel()
    await job.wait()


async def test_overwriting_under_an_orphan_is_refused(orphan: Path, manager, monkeypatch):
    monkeypatch.chdir(orphan.parent)
    engine = ToyEngine(launcher="memory")
    run = start_run(engine, None, until=[(None, in_b)], name="run", overwrite=True)
    with pytest.raises(EngineError, match="still writes") as error:
        await run
    (job,) = [job for job in await manager.unfinished({}) if job.id in str(error.value)]
    await job.cancel()
    await job.wait()
    again = start_run(
        engine, None, until=[(None, lambda traj: in_b(traj) | True)], name="run", overwrite=True
    )
    assert len(await again) == 1


async def test_files_of_a_living_kernel_are_refused(tmp_path: Path, manager):
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == "running\n"
        with pytest.raises(EngineError, match="another kernel"):
            await ToyEngine().prepare_from_files(tmp_path / "run", "run")
    finally:
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()
    (job,) = await manager.attach()
    await job.cancel()
    await job.wait()


async def test_can_be_cancelled_from_elsewhere(orphan: Path, manager):
    (job,) = await manager.attach()
    await job.cancel()
    assert (await job.wait()).state is JobState.CANCELLED
    assert workers(orphan) == []


def suspended(folder: Path) -> list[psutil.Process]:
    """The shells and workers of the jobs in a folder, which have been stopped."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] == psutil.STATUS_STOPPED
        and any(str(folder) in word for word in process.info["cmdline"] or ())
    ]


def interrupted(folder: Path) -> None:
    """Start four walkers on two cores in a kernel, and kill it in the middle.

    What they have started is suspended, so that it can't end before somebody looks.
    """
    engines = Path(__file__).parents[1] / "engines"
    path = os.pathsep.join([str(engines), os.environ.get("PYTHONPATH", "")])
    kernel = subprocess.run(
        [sys.executable, killed_run.__file__],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "ASYNCMD_MAX_CORES": "2"},
        check=False,
    )
    assert kernel.returncode == -signal.SIGKILL


async def test_a_killed_run_ends_as_if_nothing_had_happened(tmp_path, manager, monkeypatch):
    interrupted(tmp_path)
    monkeypatch.chdir(tmp_path)
    alive = {job.id for job in await manager.history(unfinished=True)}
    for process in suspended(tmp_path):
        process.resume()
    (record,) = records_in()
    ended = {w.index for w in record.walkers if w.state.is_final}
    assert ended, "the record tells of ends"
    log = killed_run.LOG.read_text()
    (run,) = (await attach_runs()).runs
    assert Runs.current().get("run") is run
    assert run.conditions == ("alphaR",)
    assert {
        w.index for w in run.snapshot().walkers if isinstance(run.walkers[w.index], StoredWalker)
    } == ended
    assert (await attach_runs()).runs == ()
    results = await run
    states = [walker.state for walker in run.snapshot().walkers]
    assert states == [RunState.LIMIT, RunState.REACHED, RunState.REACHED, RunState.REACHED]
    begun = {r.id for r in manager.records() if r.tags.get("run") == "run" and r.started}
    assert begun & alive, "jobs of the killed kernel were followed to their ends"
    names = [r.name for r in manager.records() if r.id in begun]
    assert len(names) == len(set(names)), "nothing was computed twice"
    await run.read()
    new = killed_run.LOG.read_text().removeprefix(log).split()
    assert not any(name.startswith(f"run_{index}.") for name in new for index in ended), (
        new,
        ended,
    )

    (tmp_path / "undisturbed").mkdir()
    expected = await killed_run.start("run", tmp_path / "undisturbed")
    for index, result in enumerate(results):
        assert result.paths[0].read_bytes() == expected[index].paths[0].read_bytes()
        assert len(run.series(index).times) == len(result)


async def test_a_run_of_a_living_kernel_is_left_alone(tmp_path, manager, monkeypatch):
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    monkeypatch.chdir(tmp_path)
    try:
        assert kernel.stdout is not None
        assert kernel.stdout.readline() == "running\n"
        found = await attach_runs()
        assert found.runs == ()
        (problem,) = found.problems
        assert f"process {kernel.pid}" in problem
        assert "left alone" in problem
        engine = ToyEngine(-0.25, seed=5)
        for how in ({"overwrite": True}, {"continuation": True}):
            mine = start_run(engine, None, until=[in_b], name="run", **how)
            with pytest.raises(EngineError, match=r"another kernel|still writes"):
                await mine
        assert records_in()[0].kernel.process.pid == kernel.pid, "its record is its own"
    finally:
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()
    Runs.current().forget("run")
    (run,) = (await attach_runs()).runs
    await run.cancel()
    assert records_in()[0].state is RunState.CANCELLED
    assert workers(tmp_path) == [], "its job was cancelled before anybody had looked at it"
