"""Runs that are held, resumed, and gone on with after their end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from toy_states import in_a, in_b

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.wishes import Wish, Wishes
from asyncmd_jupyter.sampling.progress import RunState, combined_state
from asyncmd_jupyter.sampling.run import Runs, start_run
from asyncmd_jupyter.sampling.run_memory import attach_runs
from asyncmd_jupyter.sampling.run_record import records_in
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.toy_worker import main as toy_main


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def late(traj) -> np.ndarray:
    return traj.frame_table().steps >= 40_000


def go(engine=None, *, until=(never,), name="run", **options):
    engine = engine or ToyEngine(0.0, seed=5, launcher="memory")
    return start_run(engine, None, until=list(until), name=name, **options)


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def until(condition) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def states(run) -> list[str]:
    return [walker.state.value for walker in run.snapshot().walkers]


async def test_held_is_not_the_end():
    assert not RunState.HELD.is_final
    assert combined_state([RunState.HELD, RunState.REACHED]) is RunState.HELD
    assert combined_state([RunState.HELD, RunState.RUNNING]) is RunState.RUNNING


async def test_computing_and_waiting_walkers_are_held_and_go_on(manager, runtime, in_folder):
    runtime.change_settings(max_cores=2)
    run = go(until=[late], n_walkers=3)
    await until(lambda: len([r for r in manager.records() if r.tags["run"] == "run"]) == 3)
    await until(lambda: run.snapshot().walkers[0].n_frames > 0)
    waits = [r for r in manager.records() if r.state is JobState.WAITING]
    await run.hold()
    assert states(run) == ["held"] * 3
    assert (run.state, run.done) == (RunState.HELD, False)
    assert records_in()[0].state is RunState.HELD
    jobs = [r for r in manager.records() if r.tags["run"] == "run"]
    assert [job.id for job in waits] == [job.id for job in jobs if not job.state.is_final]
    frames = [walker.n_frames for walker in run.snapshot().walkers]
    waiting = asyncio.create_task(run.wait())
    await asyncio.sleep(0.2)
    assert not waiting.done()
    assert [walker.n_frames for walker in run.snapshot().walkers] == frames
    await run.hold()
    assert run.resume() is run
    results = await waiting
    assert states(run) == ["reached"] * 3
    (in_folder / "undisturbed").mkdir()
    undisturbed = go(until=[late], n_walkers=3, workdir=in_folder / "undisturbed")
    for result, expected in zip(results, await undisturbed, strict=True):
        assert result.paths[0].read_bytes() == expected.paths[0].read_bytes()
    parts = sorted(path.name for path in (in_folder / "run").glob("*.part*.trr"))
    assert parts[:2] == ["run_0.part0001.trr", "run_0.part0002.trr"]
    assert parts[-1] == "run_2.part0001.trr"


async def test_others_hold_and_release_it(manager, runtime, in_folder):
    """As the panel does, also while a cell is executed: the kernel finds a file."""
    run = go()
    await until(lambda: run.snapshot().walkers[0].n_frames > 0)
    wishes = Wishes(runtime.settings.state_dir)
    wishes.leave(str(Owner.this()), Wish("hold", str(in_folder / "other"), "run"))
    wishes.leave(str(Owner.this()), Wish("hold", str(run.workdir), "run"))
    await until(lambda: states(run) == ["held"])
    await until(lambda: records_in()[0].state is RunState.HELD)
    wishes.leave(str(Owner.this()), Wish("release", str(run.workdir), "run"))
    await until(lambda: states(run) == ["running"])
    await run.cancel()


async def test_before_anything_has_begun(manager):
    run = go(n_walkers=2)
    await run.hold()
    for _ in range(200):  # on its way to where it would begin a part it stays held
        assert states(run) == ["held"] * 2
        await asyncio.sleep(0.001)
    assert all(record.state.is_final for record in manager.records())
    run.resume()
    await until(lambda: all(w.n_frames > 2 for w in run.snapshot().walkers))
    await run.cancel()


async def test_a_held_run_can_be_cancelled_and_resumed_after_that(manager, runtime, in_folder):
    runtime.change_settings(max_cores=1)
    run = go(until=[late], n_walkers=2)
    await until(lambda: run.snapshot().walkers[0].n_frames > 5)
    await until(lambda: len(manager.records()) == 2)
    await run.hold()
    await run.cancel()
    assert states(run) == ["cancelled"] * 2
    assert all(record.state.is_final for record in manager.records())
    again = run.resume()
    assert again is not run
    assert Runs.current().get("run") is again
    await again
    assert states(again) == ["reached"] * 2
    with pytest.raises(ValueError, match=r"goes on|has reached"):
        again.resume()


async def test_cancelling_a_held_job_cancels_its_walker(manager, runtime):
    runtime.change_settings(max_cores=1)
    run = go(n_walkers=2)
    await until(lambda: len(manager.records()) == 2)
    await run.hold()
    (job,) = [record for record in manager.records() if not record.state.is_final]
    await manager.job(job.id).cancel()
    await until(lambda: states(run)[1] == "cancelled")
    run.resume()
    await until(lambda: states(run)[0] == "running")
    await run.cancel()


async def test_more_steps_than_before(manager):
    run = go(max_steps=50)
    assert len(await run) == 6
    with pytest.raises(ValueError, match=r"limit of 50 steps.*no other limit"):
        run.resume()
    with pytest.raises(ValueError, match=r"limit of 50 steps, and max_steps=50"):
        run.resume(max_steps=50)
    with pytest.raises(ValueError, match="max_steps=0"):
        run.resume(max_steps=0)
    again = run.resume(max_steps=100)
    assert len(await again) == 11
    assert states(again) == ["limit"]
    assert records_in()[0].max_steps == 100
    assert again.spec.max_steps == 100


async def test_a_held_run_gets_more_steps(manager):
    run = go(max_steps=10**8)
    await until(lambda: run.snapshot().walkers[0].n_frames > 5)
    await run.hold()
    with pytest.raises(ValueError, match=r"max_steps=7 is less than the 100000000"):
        run.resume(max_steps=7)
    run.resume(max_steps=2 * 10**8)
    assert run.snapshot().walkers[0].step_limit == 2 * 10**8
    await until(lambda: states(run) == ["running"])
    await run.cancel()


async def test_a_job_that_waited_with_the_old_limit(manager, runtime):
    runtime.change_settings(max_cores=1)
    before = go(name="before")
    await until(lambda: before.snapshot().walkers[0].n_frames > 0)
    run = go(max_steps=50)
    await until(lambda: len(manager.records()) == 2)
    await run.hold()
    run.resume(max_steps=100)
    await until(lambda: states(run) == ["waiting"])
    await before.cancel()
    assert len(await run) == 11


async def test_only_what_has_not_reached_goes_on(manager, in_folder):
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    await go(engine, until=[in_a, in_b], n_walkers=2)
    (in_folder / "run" / "run_0.part0001.trr").write_bytes(b"damaged")
    failed = go(engine, until=[in_a, in_b], n_walkers=2, continuation=True)
    await until(lambda: failed.done)
    assert states(failed) == ["failed", "reached"]
    n_jobs = len(JobManager.current().records())
    for path in (in_folder / "run").glob("run_0.part*"):
        path.unlink()
    again = failed.resume()
    await again
    assert states(again) == ["reached"] * 2
    assert again.walkers[1] is failed.walkers[1]
    assert len(JobManager.current().records()) == n_jobs + 1


async def test_what_makes_no_sense_is_refused(manager):
    run = go()
    with pytest.raises(ValueError, match="goes on"):
        run.resume()
    await run.cancel()
    with pytest.raises(ValueError, match=r"has ended \(cancelled\): there is nothing to hold"):
        await run.hold()
    done = go(until=[in_a, in_b], name="done")
    await done
    with pytest.raises(ValueError, match="has reached what it was started for"):
        done.resume()
    crashed = go(ToyEngine(0.1, timestep=5.0, launcher="memory"), name="crashed")
    with pytest.raises(EngineCrashedError):
        await crashed
    with pytest.raises(EngineCrashedError):
        await crashed.resume()


async def test_a_held_run_is_held_in_the_next_kernel(manager, in_folder):
    run = go(until=[late], n_walkers=2)
    await until(lambda: all(w.n_frames > 5 for w in run.snapshot().walkers))
    await run.hold()
    with runtimes.use(runtimes.Runtime()) as fresh:
        made = JobManager.current()
        made.register(MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main}))
        (again,) = (await attach_runs()).runs
        await until(lambda: states(again) == ["held"] * 2)
        assert again.state is RunState.HELD
        await until(lambda: len(again.series(1).times) > 5)
        assert made.records() == []
        again.resume()
        await again
        assert states(again) == ["reached"] * 2
        fresh.change_settings(end_local_jobs_on_shutdown=True)
        await made.shutdown()
    await run.cancel()


async def test_a_run_cancelled_before_it_had_a_folder_is_resumed(manager):
    run = go(until=[late], n_walkers=2)
    await run.cancel()
    await run.resume()
    assert [w.state for w in Runs.current().get("run").snapshot().walkers] == [RunState.REACHED] * 2


async def test_only_the_newest_of_a_run_is_resumed(manager):
    run = go(max_steps=200)
    await run
    await run.resume(max_steps=400)
    with pytest.raises(ValueError, match="already"):
        run.resume(max_steps=300)
    assert Runs.current().get("run").snapshot().walkers[0].steps_done == 400
