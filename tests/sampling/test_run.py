"""Runs in the background: what they show while they go on and when they have ended."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from toy_states import in_a, in_b, position

from asyncmd_jupyter.errors import EngineCrashedError
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished
from asyncmd_jupyter.sampling.progress import RunState
from asyncmd_jupyter.sampling.run import Runs, start_run
from asyncmd_jupyter.sampling.states import Within
from asyncmd_jupyter.testing import ToyEngine


def never(traj) -> np.ndarray:
    return np.zeros(len(traj), dtype=bool)


def go(engine=None, *, start=None, until=((None, in_a), (None, in_b)), name="run", **options):
    engine = engine or ToyEngine(0.0, seed=5, launcher="memory")
    return start_run(engine, start, until=list(until), name=name, **options)


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def until(condition) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def test_returns_at_once_and_ends_with_a_result(manager, runtime, in_folder: Path):
    finished = []
    runtime.events.subscribe(finished.append, RunFinished)
    run = go()
    assert run.snapshot().state is RunState.PREPARING
    assert not run.done
    result = await run
    assert (in_a(result) | in_b(result)).tolist() == [False] * (len(result) - 1) + [True]
    assert result.paths[0] == in_folder / "run" / "run.trr"
    walker = run.snapshot().walkers[0]
    assert walker.reached == (("in_b",) if in_b(result)[-1] else ("in_a",))
    assert walker.reached_time == pytest.approx(result.last_time)
    assert walker.n_frames == len(result)
    assert [event.run_id for event in finished] == ["run"]
    assert "reached" in repr(run)


async def test_several_walkers_go_different_ways(manager, in_folder: Path):
    run = go(n_walkers=4)
    results = await run
    assert len({traj.trajectory_hash for traj in results}) == 4
    assert [traj.paths[0].name for traj in results] == [f"run_{i}.trr" for i in range(4)]
    assert all(w.state is RunState.REACHED for w in run.snapshot().walkers)


async def test_walkers_start_in_order(manager, runtime):
    runtime.change_settings(max_cores=1)
    run = go(until=[never], n_walkers=4)
    await until(lambda: len(manager.records()) == 4)
    names = [record.name for record in reversed(manager.records())]
    assert names == [f"run_{i}.part0001" for i in range(4)]
    assert run.snapshot().walkers[0].state is RunState.RUNNING
    await run.cancel()


async def test_what_is_known_of_an_end_does_not_need_its_files(manager):
    run = go(until=[in_a, in_b])
    result = await run
    before = run.snapshot()
    result.paths[0].write_bytes(b"something else")
    assert run.snapshot() == before
    assert len(run.series().times) == before.walkers[0].n_frames


async def test_energies_up_to_the_frame_that_decided(manager, in_folder: Path):
    run = go(ToyEngine(0.0, seed=5, launcher="memory", nstenergy=10), n_walkers=2)
    results = await run
    for index, result in enumerate(results):
        energies = await run.energies(index)
        assert list(energies.steps) == list(range(0, result.last_step + 1, 10))
        np.testing.assert_allclose(energies.times, energies.steps * 0.01)
        x = position(result)[-1]
        along = 8 * ((x / 0.25) ** 2 - 1) ** 2  # the rest is from y and z
        assert along - 1e-3 <= energies["Potential energy"][-1] < along + 40
    file = in_folder / "run" / "run_0.part0001.energies.csv"
    assert file.read_text().count("\n") >= len((await run.energies(0)).steps) + 1


async def test_energies_are_seen_while_they_are_written(manager, in_folder: Path):
    engine = ToyEngine(0.0, seed=5, launcher="memory", nstout=10**6, nstenergy=10)
    run = go(engine, until=[("never", never)])
    while len((await run.energies()).steps) < 20:
        await asyncio.sleep(0.01)
    await run.cancel()
    with pytest.raises(IndexError):
        await run.energies(1)


async def a_running_walker(run, *, n_frames):
    """The walker as it is while a part of it runs: between two parts it waits."""
    while True:
        [walker] = run.snapshot().walkers
        if walker.state is RunState.RUNNING and walker.n_frames > n_frames:
            return walker
        await asyncio.sleep(0.01)


async def test_is_seen_while_it_goes_on(manager, runtime):
    changes = []
    runtime.events.subscribe(changes.append, RunChanged)
    run = go(until=[("never", never)])
    walker = await a_running_walker(run, n_frames=20)
    assert walker.steps_done == 10 * (walker.n_frames - 1)
    assert walker.time_done == pytest.approx(walker.steps_done * 0.01)
    assert manager.job(walker.job_id).state is JobState.RUNNING
    assert walker.trajectory_files[-1].exists()
    await until(lambda: len(run.series().times) > 20)
    assert changes
    await run.cancel()


async def test_what_was_written_until_the_end_counts_when_it_is_cancelled(manager):
    run = go(until=[("never", never)], n_walkers=3)
    await until(lambda: all(w.n_frames > 20 for w in run.snapshot().walkers))
    await run.cancel()
    for walker in run.snapshot().walkers:
        file = GrowingFile(walker.trajectory_files[-1])
        file.poll()
        assert walker.n_frames == len(file)
        assert walker.steps_done == file.index.steps[-1]


async def test_speed_and_time_left(manager):
    run = go(until=[("never", never)], max_steps=10**8)
    await until(lambda: run.snapshot().walkers[0].ns_per_day)
    walker = run.snapshot().walkers[0]
    assert walker.seconds_left > 0
    assert walker.step_limit == 10**8
    await run.cancel()


async def test_series_shows_what_the_conditions_compare(manager):
    right = Within(position, 0.2, name="right")
    run = go(until=[(None, right), ("left", in_a)])
    result = await run
    series = run.series()
    assert list(series.fulfilled) == ["right", "left"]
    (observable,) = series.observables
    assert np.allclose(observable.values, position(result))
    assert np.array_equal(series.fulfilled["left"], in_a(result))
    assert np.allclose(series.times, result.frame_table().times)
    assert series.reached_frame == len(result) - 1
    assert observable.bands[0].low == 0.2


async def test_cancel_ends_the_job_and_keeps_the_frames(manager, in_folder: Path):
    run = go(until=[("never", never)], n_walkers=2)
    await until(lambda: all(w.n_frames > 5 for w in run.snapshot().walkers))
    await run.cancel()
    assert run.snapshot().state is RunState.CANCELLED
    assert all(r.state.is_final for r in manager.records())
    files = sorted((in_folder / "run").glob("*.part0001.trr"))
    assert [w.trajectory_files for w in run.snapshot().walkers] == [(file,) for file in files]


async def test_cancelling_the_job_ends_the_run(manager):
    run = go(until=[("never", never)])
    await until(lambda: run.snapshot().walkers[0].n_frames > 5)
    await manager.job(run.snapshot().walkers[0].job_id).cancel()
    await run
    assert run.snapshot().state is RunState.CANCELLED


async def test_cancelled_wait_leaves_the_run_alone(manager):
    run = go(until=[("never", never)])
    waiting = asyncio.create_task(run.wait())
    await until(lambda: run.snapshot().walkers[0].n_frames > 5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not run.snapshot().state.is_final
    await run.cancel()


async def test_step_limit(manager):
    run = go(until=[("never", never)], max_steps=50)
    result = await run
    assert run.snapshot().state is RunState.LIMIT
    assert len(result) == 6


async def test_failure_is_told(manager):
    run = go(ToyEngine(0.1, timestep=5.0, launcher="memory"), until=[("never", never)])
    with pytest.raises(EngineCrashedError, match="finite"):
        await run
    assert run.snapshot().state is RunState.FAILED
    assert "finite" in run.snapshot().walkers[0].error


async def test_one_failure_leaves_the_other_walkers_alone(manager, in_folder: Path):
    (in_folder / "run").mkdir()
    run = go(n_walkers=2, continuation=True)
    (in_folder / "run" / "run_0.start.npz").write_bytes(b"no configuration")
    (in_folder / "run" / "run_0.part0001.trr").touch()
    with pytest.raises(EngineCrashedError, match=r"start\.npz is damaged"):
        await run
    states = [w.state for w in run.snapshot().walkers]
    assert states == [RunState.FAILED, RunState.REACHED]


async def test_start_in_a_state(manager, in_folder: Path):
    engine = ToyEngine(0.25, launcher="memory")
    start = await engine.generate_velocities(None, "start.trr")
    run = go(engine, start=start)
    assert len(await run) == 1
    assert run.snapshot().walkers[0].reached == ("in_b",)
    assert run.snapshot().walkers[0].reached_time == 0


async def test_continuation_takes_what_is_there(manager):
    first = await go()
    Runs.current()
    again = await go(continuation=True)
    assert again == first


async def test_overwrite_removes_only_the_run(manager, in_folder: Path):
    await go()
    mine = in_folder / "run" / "running_notes.txt"
    mine.write_text("keep me")
    other = await go(ToyEngine(0.0, seed=6, launcher="memory"), overwrite=True)
    assert mine.read_text() == "keep me"
    assert (in_a(other) | in_b(other)).sum() == 1


class TestBadInput:
    async def test_name_in_use_by_files(self, manager, in_folder: Path):
        await go()
        with pytest.raises(ValueError, match=r"'run' is in use.*overwrite"):
            go()

    async def test_name_in_use_by_a_run(self, manager):
        run = go(until=[("never", never)])
        with pytest.raises(ValueError, match="'run' is in use"):
            go(overwrite=True)
        await run.cancel()

    @pytest.mark.parametrize("name", ["", "a/b", "../x", " x", "-x", None, "x\n"])
    async def test_name(self, manager, name):
        with pytest.raises(ValueError, match="name="):
            go(name=name)

    async def test_folder_is_a_file(self, manager, in_folder: Path):
        (in_folder / "run").write_text("")
        with pytest.raises(NotADirectoryError, match="run"):
            go()

    async def test_folder_is_missing(self, manager):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            go(workdir="nowhere")

    async def test_engine(self, manager):
        with pytest.raises(TypeError, match="no MD engine"):
            go(ToyEngine)

    async def test_start_is_missing_or_empty(self, manager, in_folder: Path):
        (in_folder / "empty.trr").touch()
        with pytest.raises(FileNotFoundError, match=r"nowhere\.trr"):
            go(start="nowhere.trr")
        with pytest.raises(ValueError, match=r"empty\.trr"):
            go(start="empty.trr")

    @pytest.mark.parametrize("n", [0, -1, 1.5, True])
    async def test_number_of_walkers(self, manager, n):
        with pytest.raises(ValueError, match="n="):
            go(n_walkers=n)

    async def test_condition_is_no_function(self, manager, in_folder: Path):
        with pytest.raises(TypeError, match="function"):
            go(until=[("x", 3)])
        assert not list(in_folder.iterdir())

    async def test_condition_without_bools_keeps_the_earlier_run(self, manager, in_folder: Path):
        engine = ToyEngine(0.0, seed=5, launcher="memory")
        start = await engine.generate_velocities(None, "start.trr")
        earlier = await go(engine, start=start)
        run = go(engine, start=start, until=[("x", position)], overwrite=True)
        with pytest.raises(ValueError, match="float"):
            await run
        assert earlier.paths[0].exists()

    async def test_atoms(self, manager, in_folder: Path):
        from engine_systems import alanine_engine

        start = await ToyEngine(0.0, launcher="memory").generate_velocities(None, "start.trr")
        with pytest.raises(ValueError, match=r"1 atoms.*22"):
            go(alanine_engine(), start=start)

    async def test_overwrite_under_a_job_is_refused(self, manager, in_folder: Path):
        engine = ToyEngine(0.0, launcher="memory")
        (in_folder / "run").mkdir()
        await engine.prepare(None, in_folder / "run", "run")
        part = await engine.start_part(10**9)
        run = go(overwrite=True)
        with pytest.raises(Exception, match=part.job.id):
            await run
        await part.job.cancel()


@pytest.mark.parametrize("conditions", [None, "in_a", in_a, 7])
async def test_conditions_that_are_no_list(manager, in_folder: Path, conditions):
    engine = ToyEngine(0.0, seed=5, launcher="memory")
    with pytest.raises(TypeError, match=r"until=.* has to be a list of conditions"):
        start_run(engine, None, until=conditions, name="run")
    assert list(in_folder.iterdir()) == []


async def test_folders_of_parts_that_ended_well_are_removed_where_that_is_wanted(
    manager, runtime, in_folder
):
    await go(name="kept")
    assert [*(in_folder / "kept").glob(".asyncmd_jobs*/*")]
    runtime.change_settings(remove_good_folders=True)
    run = go(n_walkers=2)
    await run
    assert run.snapshot().state is RunState.REACHED
    assert len(await manager.history(runs=["run"])) >= 2
    assert [*(in_folder / "run").glob(".asyncmd_jobs*/*")] == []
