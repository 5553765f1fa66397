"""What every engine has to do; see API.md's contract."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import numpy as np
import psutil
import pytest
from engine_harness import Harness, all_frames, parts_of

from asyncmd_jupyter.errors import EngineCrashedError, EngineError, JobCancelledError
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.process import find_members


async def frames_on_disk(part, n_frames: int) -> None:
    """Wait until a growing part has some frames."""
    growing = GrowingFile(part.trajectory_file)
    while len(growing.index) < n_frames:
        growing.poll()
        assert not part.job.state.is_final, part.job.tail()
        await asyncio.sleep(0.01)


def subfolder(folder: Path, name: str) -> Path:
    """For a simulation that has to be the same as another one, which takes the same name."""
    (folder / name).mkdir()
    return folder / name


async def test_parts_follow_each_other(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    n = engine.nstout
    await engine.prepare(None, tmp_path, "sim")
    assert (engine.steps_done, engine.frames_done, engine.current_trajectory) == (0, 0, None)
    first = await engine.run_steps(3 * n)
    second = await engine.run_steps(2 * n, steps_per_part=True)
    assert (engine.steps_done, engine.frames_done) == (5 * n, 6)
    assert engine.time_done == pytest.approx(5 * n * engine.dt)
    assert engine.current_trajectory == second
    steps, _ = all_frames([first, second])
    assert steps == [0, n, 2 * n, 3 * n, 4 * n, 5 * n]
    assert second.last_time == pytest.approx(5 * n * engine.dt, rel=1e-5)
    assert first.trajectory_files[0].endswith(f"sim.part0001.{engine.output_traj_type}")
    assert second.trajectory_files[0].endswith(f"sim.part0002.{engine.output_traj_type}")


async def test_nothing_left_to_do(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(2 * engine.nstout)
    assert await engine.run_steps(2 * engine.nstout) is None
    assert len(await parts_of(engine, tmp_path, "sim")) == 1


async def test_two_halves_are_the_whole(harness: Harness, manager, tmp_path: Path):
    whole, halves = harness.make(), harness.make()
    n = 4 * whole.nstout
    await whole.prepare(None, subfolder(tmp_path, "whole"), "sim")
    await halves.prepare(None, subfolder(tmp_path, "halves"), "sim")
    at_once = await whole.run_steps(2 * n)
    in_two = [await halves.run_steps(n), await halves.run_steps(2 * n)]
    steps, positions = all_frames([at_once])
    steps_in_two, positions_in_two = all_frames(in_two)
    assert steps == steps_in_two
    if harness.exact:
        assert positions.tobytes() == positions_in_two.tobytes()


async def test_another_seed_is_another_trajectory(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    others = [engine.clone(), engine.clone(1), engine.clone(2)]
    ends = []
    for number, other in enumerate(others):
        await other.prepare(None, tmp_path, f"sim{number}")
        ends.append(all_frames([await other.run_steps(2 * engine.nstout)])[1][-1])
    assert not np.array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[1], ends[2])


async def test_goes_on_in_another_object(harness: Harness, manager, tmp_path: Path):
    engine, other = harness.make(), harness.make()
    n = engine.nstout
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(2 * n)
    await other.prepare_from_files(tmp_path, "sim")
    assert (other.steps_done, other.frames_done) == (2 * n, 3)
    await other.run_steps(4 * n)
    steps, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert steps == [0, n, 2 * n, 3 * n, 4 * n]


async def test_walltime_ends_a_part(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.run_walltime(0.2 / 3600, max_steps=harness.forever)
    assert 0 < engine.steps_done < harness.forever
    assert len(part) == engine.frames_done
    await engine.run_walltime(0.1 / 3600)
    steps, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert steps == [i * engine.nstout for i in range(len(steps))]


async def test_asked_to_stop(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(harness.forever)
    await frames_on_disk(part, 3)
    await part.ask_to_stop()
    trajectory = await part.wait()
    assert part.job.state is JobState.DONE
    assert 3 <= len(trajectory) == engine.frames_done
    await engine.run_steps(2 * engine.nstout, steps_per_part=True)
    steps, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert steps == [i * engine.nstout for i in range(len(steps))]


async def test_killed_in_the_middle(harness: Harness, manager, tmp_path: Path):
    if not harness.has_processes:
        return  # there is nothing to kill
    engine, undisturbed = harness.make(), harness.make()
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(harness.forever)
    await frames_on_disk(part, 5)
    kill_worker(part)
    with pytest.raises(EngineCrashedError, match="SIGKILL"):
        await part.wait()
    on_disk, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert len(on_disk) >= 5, "frames that were on disk are lost"
    total = on_disk[-1] + 5 * engine.nstout
    await engine.run_steps(total)
    steps, positions = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert steps == list(range(0, total + 1, engine.nstout))
    await undisturbed.prepare(None, subfolder(tmp_path, "undisturbed"), "sim")
    _, expected = all_frames([await undisturbed.run_steps(total)])
    assert positions.tobytes() == expected.tobytes()
    again, alike = await engine.energies(), await undisturbed.energies()
    assert list(again.steps) == list(alike.steps)
    assert np.array_equal(again["Potential energy"], alike["Potential energy"])


async def test_killed_in_a_later_part(harness: Harness, manager, tmp_path: Path):
    if not harness.has_processes:
        return
    engine = harness.make()
    n = engine.nstout
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(2 * n)
    part = await engine.start_part(harness.forever)
    await frames_on_disk(part, 2)
    kill_worker(part)
    other = harness.make()
    await part.job.wait()
    await other.prepare_from_files(tmp_path, "sim")
    total = other.steps_done // n * n + 4 * n
    await other.run_steps(total)
    steps, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert steps == list(range(0, total + 1, n))
    interval = getattr(other, "nstenergy", n)
    assert list((await other.energies()).steps) == list(range(0, total + 1, interval))


async def test_torn_last_frame_is_mended(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    n = engine.nstout
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.run_steps(3 * n)
    with part.paths[0].open("ab") as file:
        file.write(part.paths[0].read_bytes()[:37])
    other = harness.make()
    await other.prepare_from_files(tmp_path, "sim")
    await other.run_steps(4 * n)
    steps, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert steps == [0, n, 2 * n, 3 * n, 4 * n]


async def test_cancelled_task_ends_its_job(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    await engine.prepare(None, tmp_path, "sim")
    task = asyncio.create_task(engine.run_steps(harness.forever))
    while engine.running_part is None:
        await asyncio.sleep(0.01)
    part = engine.running_part
    await frames_on_disk(part, 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await part.job.wait()).state is JobState.CANCELLED
    await engine.run_steps(2 * engine.nstout, steps_per_part=True)
    steps, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert len(steps) >= 5
    assert steps == [i * engine.nstout for i in range(len(steps))]


async def test_job_cancelled_by_somebody_else(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(harness.forever)
    await frames_on_disk(part, 2)
    await part.job.cancel()
    with pytest.raises(JobCancelledError, match=part.job.id):
        await part.wait()
    assert len(await parts_of(engine, tmp_path, "sim")) == 1


async def test_blow_up_says_why(harness: Harness, manager, tmp_path: Path):
    engine = harness.make_unstable()
    await engine.prepare(None, tmp_path, "sim")
    with pytest.raises(EngineCrashedError) as error:
        await engine.run_steps(1000 * engine.nstout)
    words = str(error.value)
    assert "finite" in words or "NaN" in words or "too large" in words or "LINCS" in words
    assert str(tmp_path) in words


async def test_part_that_runs_already_is_taken_over(harness: Harness, manager, tmp_path: Path):
    engine, other, third = harness.make(), harness.make(), harness.make()
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(harness.forever)
    await other.prepare_from_files(tmp_path, "sim")
    assert other.running_part.job.id == part.job.id
    third._files = engine._files
    with pytest.raises(EngineError, match=part.job.id):
        await third.start_part(harness.forever)
    await part.job.cancel()
    with pytest.raises(JobCancelledError):
        await part.wait()


async def test_configurations_without_md(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    start = await engine.minimize(None, tmp_path / "minimized.trr", workdir=tmp_path)
    warm = await engine.generate_velocities(start, tmp_path / "warm", workdir=tmp_path)
    good = await engine.apply_constraints(warm, tmp_path / "good.trr", workdir=tmp_path)
    assert [len(t) for t in (start, warm, good)] == [1, 1, 1]
    for trajectory in (warm, good):
        assert len(trajectory.paths) == 1
        assert trajectory.n_atoms == engine.n_atoms
    assert sorted(p.name for p in tmp_path.glob("*.trr")) == [
        "good.trr",
        "minimized.trr",
        "warm.trr",
    ]


@pytest.mark.filterwarnings("ignore:The start has no velocities")
async def test_start_is_the_first_frame(harness: Harness, manager, tmp_path: Path):
    engine, other = harness.make(), harness.make()
    await engine.prepare(None, tmp_path, "sim")
    trajectory = await engine.run_steps(3 * engine.nstout)
    await other.prepare(trajectory, tmp_path, "other")
    again = await other.run_steps(other.nstout)
    before, after = all_frames([trajectory])[1][0], all_frames([again])[1][0]
    assert np.abs(after - before).max() <= harness.start_error


class TestBadInput:
    async def test_run_before_prepare(self, harness: Harness, manager):
        with pytest.raises(RuntimeError, match="prepare"):
            await harness.make().run_steps(1000)

    async def test_no_limit(self, harness: Harness, manager, tmp_path: Path):
        engine = harness.make()
        await engine.prepare(None, tmp_path, "sim")
        with pytest.raises(ValueError, match="nsteps, walltime"):
            await engine.run()

    @pytest.mark.parametrize("steps", [7, 10**6 + 1])
    async def test_no_multiple(self, harness: Harness, manager, tmp_path: Path, steps: int):
        engine = harness.make()
        await engine.prepare(None, tmp_path, "sim")
        with pytest.raises(ValueError, match=f"{steps} is no multiple"):
            await engine.run_steps(steps)

    async def test_backwards(self, harness: Harness, manager, tmp_path: Path):
        engine = harness.make()
        await engine.prepare(None, tmp_path, "sim")
        await engine.run_steps(2 * engine.nstout)
        with pytest.raises(ValueError, match="done already"):
            await engine.run_steps(engine.nstout)
        with pytest.raises(ValueError, match="backwards"):
            await engine.run_steps(-engine.nstout)

    @pytest.mark.parametrize("hours", [0, -1, float("nan"), float("inf"), 1e9])
    async def test_walltime(self, harness: Harness, manager, tmp_path: Path, hours: float):
        engine = harness.make()
        await engine.prepare(None, tmp_path, "sim")
        with pytest.raises(ValueError, match="walltime"):
            await engine.run_walltime(hours)

    async def test_name_in_use(self, harness: Harness, manager, tmp_path: Path):
        engine = harness.make()
        await engine.prepare(None, tmp_path, "sim")
        await engine.run_steps(engine.nstout)
        before = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir() if p.is_file()}
        with pytest.raises(ValueError, match=r"sim\.part0001"):
            await harness.make().prepare(None, tmp_path, "sim")
        assert before == {p: p.stat().st_mtime_ns for p in tmp_path.iterdir() if p.is_file()}

    async def test_folder(self, harness: Harness, manager, tmp_path: Path):
        (tmp_path / "file").write_text("")
        with pytest.raises(NotADirectoryError, match="is a file"):
            await harness.make().prepare(None, tmp_path / "file", "sim")
        with pytest.raises(FileNotFoundError, match="does not exist"):
            await harness.make().prepare(None, tmp_path / "none", "sim")
        with pytest.raises(FileNotFoundError, match="prepare"):
            await harness.make().prepare_from_files(tmp_path, "sim")

    async def test_missing_checkpoint_is_never_a_new_start(
        self, harness: Harness, manager, tmp_path: Path
    ):
        engine = harness.make()
        await engine.prepare(None, tmp_path, "sim")
        await engine.run_steps(engine.nstout)
        for path in tmp_path.glob("sim*.cpt*"):
            path.unlink()
        with pytest.raises(EngineError, match=r"sim\.cpt"):
            await harness.make().prepare_from_files(tmp_path, "sim")

    def test_unknown_keyword(self, harness: Harness):
        with pytest.raises(TypeError, match="mass_of_the_moon"):
            harness.make(mass_of_the_moon=7)


def kill_worker(part) -> None:
    """SIGKILL to the program itself, not to the script around it."""
    members = find_members({part.job.id: None})[part.job.id]
    programs = [m for m in members if psutil.Process(m.pid).name() != "bash"]
    assert programs
    for program in programs:
        os.kill(program.pid, signal.SIGKILL)


async def test_another_engine_does_not_go_on(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(engine.nstout)
    hot = harness.make(temperature=600)
    with pytest.raises(EngineError, match=r"300.*600"):
        await hot.prepare_from_files(tmp_path, "sim")
    dense = harness.make(nstout=5)
    with pytest.raises(EngineError, match=rf"nstout {engine.nstout} there, 5 here"):
        await dense.prepare_from_files(tmp_path, "sim")
