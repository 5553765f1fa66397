"""Checkpoints that ``mdrun`` was killed while it replaced, or that were torn."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

import psutil
import pytest
from gromacs_systems import gromacs_engine

from asyncmd_jupyter.engines.gromacs.checkpoint import read_checkpoint
from asyncmd_jupyter.errors import EngineCrashedError, EngineError
from asyncmd_jupyter.frames.xdr import index_frames
from asyncmd_jupyter.jobs.process import find_members

pytestmark = pytest.mark.gromacs

NSTOUT = 500
DISK = "asyncmd_jupyter.engines.gromacs.disk"


def engine_with_many_checkpoints(**options):
    return gromacs_engine(output_traj_type="trr", mdrun_extra_args="-nt 1 -cpt 0", **options)


def between_two_renames(folder: Path) -> None:
    (folder / "sim.cpt").unlink()


def torn_in_the_header(folder: Path) -> None:
    (folder / "sim.cpt").write_bytes((folder / "sim.cpt").read_bytes()[:40])


def torn_behind_the_header(folder: Path) -> None:
    (folder / "sim.cpt").write_bytes((folder / "sim.cpt").read_bytes()[:-200])


def empty(folder: Path) -> None:
    (folder / "sim.cpt").write_bytes(b"")


async def finished(folder: Path, *ends: int) -> None:
    """A simulation in parts, as it lies on disk."""
    engine = engine_with_many_checkpoints()
    await engine.prepare(None, folder, "sim")
    for end in ends:
        await engine.run_steps(end)


def steps_in(path: Path) -> list[int]:
    return [int(step) for step in index_frames(path).steps]


@pytest.mark.parametrize(
    "damage", [between_two_renames, torn_in_the_header, torn_behind_the_header, empty]
)
async def test_goes_on_from_the_checkpoint_before(manager, tmp_path: Path, caplog, damage):
    await finished(tmp_path, 20 * NSTOUT)
    before = read_checkpoint(tmp_path / "sim_prev.cpt")
    assert 0 < before.step < 20 * NSTOUT
    damage(tmp_path)
    engine = engine_with_many_checkpoints()
    await engine.prepare_from_files(tmp_path, "sim")
    assert (engine.steps_done, engine.simulation_part) == (before.step, 1)
    assert steps_in(tmp_path / "sim.part0001.trr")[-1] == 20 * NSTOUT, "frames on disk count"
    with caplog.at_level(logging.WARNING, DISK):
        await engine.run_steps(25 * NSTOUT)
    [told] = caplog.messages
    assert f"goes on from sim_prev.cpt at step {before.step}" in told
    assert f"the {20 * NSTOUT - before.step} steps" in told
    first, second = (tmp_path / f"sim.part000{n}.trr" for n in (1, 2))
    assert steps_in(first)[-1] <= before.step
    assert sorted({*steps_in(first), *steps_in(second)}) == list(range(0, 25 * NSTOUT + 1, NSTOUT))
    assert read_checkpoint(tmp_path / "sim.cpt").step == 25 * NSTOUT
    await gromacs_engine(output_traj_type="trr").prepare_from_files(tmp_path, "sim")


async def test_computed_again_is_the_same(manager, tmp_path: Path):
    await finished(tmp_path, 20 * NSTOUT)
    whole = (tmp_path / "sim.part0001.trr").read_bytes()
    between_two_renames(tmp_path)
    engine = engine_with_many_checkpoints()
    await engine.prepare_from_files(tmp_path, "sim")
    await engine.run_steps(20 * NSTOUT)
    first, second = (tmp_path / f"sim.part000{n}.trr" for n in (1, 2))
    is_doubled = steps_in(first)[-1] == steps_in(second)[0]
    again = index_frames(second).offsets[1] if is_doubled else 0
    assert first.read_bytes() + second.read_bytes()[again:] == whole


async def test_at_the_first_checkpoint_of_a_later_part(manager, tmp_path: Path):
    """The checkpoint before is that of the part before, which has all its frames."""
    await finished(tmp_path, 4 * NSTOUT)
    ended = (tmp_path / "sim.cpt").read_bytes()
    first = (tmp_path / "sim.part0001.trr").read_bytes()
    await (engine := engine_with_many_checkpoints()).prepare_from_files(tmp_path, "sim")
    await engine.run_steps(8 * NSTOUT)
    (tmp_path / "sim_prev.cpt").write_bytes(ended)
    (tmp_path / "sim.cpt").unlink()
    await (other := engine_with_many_checkpoints()).prepare_from_files(tmp_path, "sim")
    assert (other.steps_done, other.simulation_part) == (4 * NSTOUT, 1)
    await other.run_steps(10 * NSTOUT)
    assert (tmp_path / "sim.part0001.trr").read_bytes() == first
    second = steps_in(tmp_path / "sim.part0002.trr")
    assert second == list(range(4 * NSTOUT, 10 * NSTOUT + 1, NSTOUT))


async def test_both_are_damaged(manager, tmp_path: Path):
    await finished(tmp_path, 4 * NSTOUT)
    for name in ("sim.cpt", "sim_prev.cpt"):
        (tmp_path / name).write_bytes(b"")
    told = r"sim\.cpt can't be read .*sim_prev\.cpt can't be read .*Start another simulation"
    with pytest.raises(EngineError, match=told):
        await gromacs_engine(output_traj_type="trr").prepare_from_files(tmp_path, "sim")


async def test_both_are_damaged_in_a_later_part(manager, tmp_path: Path, caplog):
    """As ``mdrun`` leaves them on a full disk: the one that the part began from is kept."""
    await finished(tmp_path, 4 * NSTOUT, 20 * NSTOUT)
    first = (tmp_path / "sim.part0001.trr").read_bytes()
    torn_behind_the_header(tmp_path)
    (tmp_path / "sim_prev.cpt").write_bytes(b"")
    engine = engine_with_many_checkpoints()
    await engine.prepare_from_files(tmp_path, "sim")
    assert (engine.steps_done, engine.simulation_part) == (4 * NSTOUT, 1)
    with caplog.at_level(logging.WARNING):
        await engine.run_steps(10 * NSTOUT)
    assert f"goes on from sim.cpt.begin at step {4 * NSTOUT}" in caplog.text
    assert (tmp_path / "sim.part0001.trr").read_bytes() == first
    second = steps_in(tmp_path / "sim.part0002.trr")
    assert second == list(range(4 * NSTOUT, 10 * NSTOUT + 1, NSTOUT))
    aside = tmp_path / "#sim.part0002.trr.1#"
    assert aside.exists(), "frames are never removed"


async def test_neither_is_there(manager, tmp_path: Path):
    await finished(tmp_path, 4 * NSTOUT)
    for name in ("sim.cpt", "sim_prev.cpt"):
        (tmp_path / name).unlink()
    engine = gromacs_engine(output_traj_type="trr")
    with pytest.raises(EngineError, match=r"sim\.cpt is missing, and so is sim_prev\.cpt"):
        await engine.prepare_from_files(tmp_path, "sim")
    for log in tmp_path.glob("*.log"):  # as scratch file systems are purged
        log.unlink()
    frames = (tmp_path / "sim.part0001.trr").read_bytes()
    with pytest.raises(EngineError, match=r"sim\.part0001\.\w+ has no log"):
        await engine.prepare_from_files(tmp_path, "sim")
    assert (tmp_path / "sim.part0001.trr").read_bytes() == frames


@pytest.mark.parametrize("begun", [0, 1, 2])
async def test_killed_while_the_first_one_was_written(manager, tmp_path: Path, caplog, begun):
    """Only what comes after it says that it was there."""
    await finished(tmp_path, 8 * NSTOUT)
    for name in ("sim.cpt", "sim_prev.cpt"):
        (tmp_path / name).unlink()
    log = tmp_path / "sim.part0001.log"
    words = b"Writing checkpoint, step"
    pieces = log.read_bytes().split(words)
    assert len(pieces) > 3, "a run with several checkpoints"
    log.write_bytes(words.join(pieces[: begun + 1]))
    engine = engine_with_many_checkpoints()
    if begun > 1:
        with pytest.raises(EngineError, match=r"sim\.cpt is missing"):
            await engine.prepare_from_files(tmp_path, "sim")
        return
    await engine.prepare_from_files(tmp_path, "sim")
    assert engine.steps_done == 0
    with caplog.at_level(logging.WARNING, DISK):
        await engine.run_steps(10 * NSTOUT)
    assert caplog.text.count("begins again at step 0") == 1
    steps = {step for path in tmp_path.glob("sim.part*.trr") for step in steps_in(path)}
    assert sorted(steps) == list(range(0, 10 * NSTOUT + 1, NSTOUT))


@pytest.mark.parametrize("content", [b"", b"\0\0\0"])
async def test_the_first_one_is_damaged(manager, tmp_path: Path, caplog, content):
    """As it is where a disk gets full in the first part."""
    await finished(tmp_path, 8 * NSTOUT)
    (tmp_path / "sim_prev.cpt").unlink()
    (tmp_path / "sim.cpt").write_bytes(content)
    log = tmp_path / "sim.part0001.log"
    words = b"Writing checkpoint, step"
    log.write_bytes(words.join(log.read_bytes().split(words)[:2]))
    engine = engine_with_many_checkpoints()
    await engine.prepare_from_files(tmp_path, "sim")
    assert engine.steps_done == 0
    with caplog.at_level(logging.WARNING, DISK):
        await engine.run_steps(10 * NSTOUT)
    assert caplog.text.count("begins again at step 0") == 1
    assert steps_in(tmp_path / "sim.part0001.trr") == list(range(0, 10 * NSTOUT + 1, NSTOUT))
    assert (tmp_path / "#sim.part0001.trr.1#").exists(), "frames are never removed"


async def test_one_of_an_earlier_simulation_is_not_gone_on_from(manager, tmp_path: Path):
    await finished(tmp_path, 4 * NSTOUT)
    stale = (tmp_path / "sim_prev.cpt").read_bytes()
    for path in tmp_path.glob("sim.part*"):
        path.unlink()
    engine = gromacs_engine(output_traj_type="trr")
    await engine.prepare(None, tmp_path, "sim")
    assert not (tmp_path / "sim_prev.cpt").exists()
    (tmp_path / "sim_prev.cpt").write_bytes(stale)  # as earlier versions left it
    await engine.prepare_from_files(tmp_path, "sim")
    assert engine.steps_done == 0


async def test_killed_again_and_again(manager, tmp_path: Path):
    """Whatever ``mdrun`` was doing when it was killed."""
    engine = engine_with_many_checkpoints()
    await engine.prepare(None, tmp_path, "sim")
    for round_ in range(6):
        part = await engine.start_part(10**9)
        seen = _checkpoint_of(tmp_path)
        while _checkpoint_of(tmp_path) == seen:
            assert not part.job.state.is_final, part.job.tail()
            await asyncio.sleep(0.001 * round_)
        for member in find_members({part.job.id: None})[part.job.id]:
            if psutil.Process(member.pid).name().startswith("gmx"):
                psutil.Process(member.pid).kill()
        with pytest.raises(EngineCrashedError, match="SIGKILL"):
            await part.wait()
        if round_ % 2:  # what only a kill in the very moment leaves
            shutil.move(tmp_path / "sim.cpt", tmp_path / "sim_prev.cpt")
        await engine.prepare_from_files(tmp_path, "sim")
    done = engine.steps_done // NSTOUT * NSTOUT + 2 * NSTOUT
    await engine.run_steps(done)
    steps = {step for path in tmp_path.glob("sim.part*.trr") for step in steps_in(path)}
    assert sorted(steps) == list(range(0, done + 1, NSTOUT))


def _checkpoint_of(folder: Path) -> int | None:
    try:
        return (folder / "sim.cpt").stat().st_mtime_ns
    except FileNotFoundError:
        return None
