"""A run in Slurm whose kernel is killed, and one that is held."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import slurm_run
from job_helpers import PACKAGE, until
from slurm.launcher.launching import queued

from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.office import Office
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run_memory import attach_runs
from asyncmd_jupyter.sampling.run_memory_walker import StoredWalker
from asyncmd_jupyter.sampling.run_record import records_in

TESTS = Path(__file__).parents[2]


def killed_in_the_middle(runtime, work, *more):
    paths = [PACKAGE, TESTS, TESTS / "jobs"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    argv = [sys.executable, slurm_run.__file__, runtime.settings.state_dir, work, *more]
    assert subprocess.run(argv, env=env, check=False).returncode == -signal.SIGKILL


async def test_it_comes_back_and_ends_as_if_nothing_had_happened(manager, cluster, runtime, work):
    before = set(cluster.control.squeue())
    (work / "there").mkdir()
    killed_in_the_middle(runtime, work / "there")
    ended = {w.index for w in records_in(work / "there")[0].walkers if w.state.is_final}
    found = await attach_runs(work / "there")
    assert found.problems == ()
    (run,) = found.runs
    read = {i for i, walker in enumerate(run.walkers) if isinstance(walker, StoredWalker)}
    assert read == ended != set()
    assert run.snapshot().campaign == "first"
    results = await run
    submitted = set(cluster.control.squeue()) - before
    assert len(submitted) == slurm_run.N_WALKERS, "no job was doubled, none was lost"
    (work / "here").mkdir()
    expected = await slurm_run.start(work / "here", "local")
    for result, other in zip(results, expected, strict=True):
        assert result.paths[0].read_bytes() == other.paths[0].read_bytes()


def end_all(office):
    """It waits for a while only, as the command line does."""
    while jobs := office.unfinished():
        office.end(jobs)


async def test_what_was_cancelled_without_a_kernel_stays_so(manager, cluster, runtime, work):
    killed_in_the_middle(runtime, work, "endless")
    await asyncio.to_thread(end_all, Office(runtime.settings))
    before = set(cluster.control.squeue())
    assert RunState.RUNNING in {walker.state for walker in records_in(work)[0].walkers}
    (run,) = (await attach_runs(work)).runs
    assert run.done
    assert {walker.state for walker in run.snapshot().walkers} == {RunState.CANCELLED}
    assert set(cluster.control.squeue()) == before, "nothing was submitted again"


async def test_a_held_run_leaves_the_cluster_to_others(manager, cluster, work):
    run = slurm_run.start(work)
    states = lambda: [w.state for w in run.snapshot().walkers]  # noqa: E731
    await until(lambda: RunState.RUNNING in states() and RunState.WAITING in states())
    await until(lambda: sum(w.n_frames > 3 for w in run.snapshot().walkers) > 1)
    await run.hold()
    assert {state for state in states() if not state.is_final} == {RunState.HELD}
    # The controller cleans up after a job that has ended already.
    await until(lambda: set(queued(cluster).values()) <= {"PENDING"})
    frames = [w.n_frames for w in run.snapshot().walkers]
    held = [job for job in JobManager.current().records() if not job.state.is_final]
    assert all(job.held for job in held)
    assert [w.n_frames for w in run.snapshot().walkers] == frames
    run.resume()
    await run
    assert all(state.is_final for state in states())
    steps = [w.n_frames for w in run.snapshot().walkers]
    assert all(len(result) == n for result, n in zip(run.result, steps, strict=True))
