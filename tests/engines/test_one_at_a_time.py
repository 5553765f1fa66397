"""What happens when several tasks or engines want the same simulation."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from engine_harness import Harness, all_frames, parts_of

from asyncmd_jupyter.engines import locks
from asyncmd_jupyter.errors import EngineError, JobCancelledError, OtherKernelError
from asyncmd_jupyter.files.locking import claimed
from asyncmd_jupyter.jobs.model import JobState


async def test_one_engine_runs_twice_at_once(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    n = engine.nstout
    await engine.prepare(None, tmp_path, "sim")
    done = await asyncio.gather(engine.run_steps(4 * n), engine.run_steps(4 * n))
    assert sorted(part is None for part in done) == [False, True]
    steps, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert steps == [0, n, 2 * n, 3 * n, 4 * n]


async def test_two_engines_start_a_part_at_once(harness: Harness, manager, tmp_path: Path):
    first, second = harness.make(), harness.make()
    await first.prepare(None, tmp_path, "sim")
    await second.prepare_from_files(tmp_path, "sim")
    starts = await asyncio.gather(
        *(engine.start_part(harness.forever) for engine in (first, second)), return_exceptions=True
    )
    [part] = [start for start in starts if not isinstance(start, Exception)]
    [error] = [start for start in starts if isinstance(start, Exception)]
    assert isinstance(error, EngineError)
    assert part.job.id in str(error)
    await part.job.cancel()
    with pytest.raises(JobCancelledError):
        await part.wait()


async def test_what_was_prepared_again_is_not_started(harness: Harness, manager, tmp_path: Path):
    first, second = harness.make(), harness.make()
    await first.prepare(None, tmp_path, "sim")
    await second.prepare(None, tmp_path, "sim")
    with pytest.raises(OtherKernelError, match=r"'sim' in .* has been prepared again"):
        await first.run_steps(first.nstout)
    part = await second.run_steps(second.nstout)
    assert part.last_step == second.nstout
    await first.prepare_from_files(tmp_path, "sim")
    assert (await first.run_steps(2 * first.nstout)).last_step == 2 * first.nstout


async def test_what_another_kernel_prepares_is_left_alone(
    harness: Harness, manager, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(locks, "_PATIENCE_SECONDS", 0.0)
    engine = harness.make()
    with claimed(tmp_path / ".sim.lock") as is_ours:
        assert is_ours
        with pytest.raises(OtherKernelError, match="Another kernel prepares 'sim'"):
            await engine.prepare(None, tmp_path, "sim")
        assert [path.name for path in tmp_path.iterdir()] == [".sim.lock"]
    await engine.prepare(None, tmp_path, "sim")
    assert not (tmp_path / ".sim.lock").exists()


async def test_an_engine_sees_what_another_one_did(harness: Harness, manager, tmp_path: Path):
    first, second = harness.make(), harness.make()
    n = first.nstout
    await first.prepare(None, tmp_path, "sim")
    await first.run_steps(2 * n)
    await second.prepare_from_files(tmp_path, "sim")
    await second.run_steps(4 * n)
    part = await first.run_steps(6 * n)
    assert part.last_step == 6 * n == first.steps_done
    steps, _ = all_frames(await parts_of(first, tmp_path, "sim"))
    assert steps == [i * n for i in range(7)]


async def test_checkpoint_that_vanishes_between_parts(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    n = engine.nstout
    await engine.prepare(None, tmp_path, "sim")
    await engine.run_steps(2 * n)
    await engine.run_steps(4 * n)
    # It would go on from the one before where only the last one is gone.
    found = list(tmp_path.glob("sim*.cpt*"))
    saved = {path: path.rename(tmp_path / f"away.{path.name}") for path in found}
    with pytest.raises(EngineError, match=r"sim\.cpt"):
        await engine.run_steps(6 * n)
    for path, there in saved.items():
        there.rename(path)
    await engine.run_steps(6 * n)
    steps, _ = all_frames(await parts_of(engine, tmp_path, "sim"))
    assert steps == [i * n for i in range(7)]


async def test_a_cancelled_engine_knows_what_there_is(harness: Harness, manager, tmp_path: Path):
    engine = harness.make()
    await engine.prepare(None, tmp_path, "sim")
    task = asyncio.create_task(engine.run_steps(harness.forever))
    while engine.running_part is None or not engine.running_part.trajectory_file.exists():
        await asyncio.sleep(0.01)
    part = engine.running_part
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert part.job.state is JobState.CANCELLED
    assert engine.running_part is None
    other = engine.clone()
    await other.prepare_from_files(tmp_path, "sim")
    assert (engine.steps_done, engine.frames_done) == (other.steps_done, other.frames_done)
    assert await engine.trajectory_parts() == await other.trajectory_parts()


async def test_the_working_directory_changes(
    harness: Harness, manager, tmp_path: Path, monkeypatch
):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    engine = harness.make()
    await engine.prepare(None, "sub", "sim")
    monkeypatch.chdir(tmp_path / "sub")
    part = await engine.run_steps(engine.nstout)
    assert part.trajectory_files == [f"sim.part0001.{engine.output_traj_type}"]


def can_write(engine, kind: str) -> bool:
    try:
        engine.clone().output_traj_type = kind
    except ValueError:
        return False
    return True


class TestBadInput:
    async def test_type_of_output_stays_once_there_are_parts(
        self, harness: Harness, manager, tmp_path: Path
    ):
        engine = harness.make()
        with pytest.raises(ValueError, match="'dcd'"):
            engine.output_traj_type = "dcd"
        types = [kind for kind in ("trr", "xtc") if can_write(engine, kind)]
        for kind in types:
            engine.output_traj_type = kind.upper()
            assert engine.output_traj_type == kind
        await engine.prepare(None, tmp_path, "sim")
        part = await engine.run_steps(engine.nstout)
        assert part.trajectory_files[0].endswith(types[-1])
        engine.output_traj_type = types[-1]
        if len(types) > 1:
            with pytest.raises(AttributeError, match="has parts already"):
                engine.output_traj_type = types[0]

    @pytest.mark.parametrize("start", [["a.trr"], 7, ""])
    async def test_start(self, harness: Harness, manager, tmp_path: Path, start):
        with pytest.raises((TypeError, ValueError), match="starting_configuration="):
            await harness.make().prepare(start, tmp_path, "sim")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("workdir", "deffnm"), [(None, "sim"), ("", "sim"), (7, "sim"), (".", None), (".", "a/b")]
    )
    async def test_names(self, harness: Harness, manager, workdir, deffnm):
        with pytest.raises((TypeError, ValueError), match=r"workdir=|deffnm="):
            await harness.make().prepare(None, workdir, deffnm)

    async def test_too_many_steps(self, harness: Harness, manager, tmp_path: Path):
        engine = harness.make()
        await engine.prepare(None, tmp_path, "sim")
        with pytest.raises(ValueError, match="more than programs can count"):
            await engine.run_steps(engine.nstout * 10**30)

    def test_parts_of_what_is_none(self, harness: Harness, tmp_path: Path):
        engine = harness.make()
        with pytest.raises(FileNotFoundError, match="folder="):
            engine.parts_in_folder(tmp_path / "none", "sim")
        with pytest.raises(ValueError, match="deffnm=None"):
            engine.files_of_parts(tmp_path, None, "edr")
        with pytest.raises(ValueError, match="file_ending=None"):
            engine.files_of_parts(tmp_path, "sim", None)
        with pytest.raises(ValueError, match="traj_type='dcd'"):
            engine.parts_in_folder(tmp_path, "sim", "dcd")
