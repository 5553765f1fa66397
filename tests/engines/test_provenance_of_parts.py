"""Engines write down where their trajectories come from, and nothing fails because of it."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from pathlib import Path

import pytest
from engine_systems import alanine_engine
from gromacs_systems import gromacs_engine

from asyncmd_jupyter import config
from asyncmd_jupyter.frames.concatenate import concatenate_frames
from asyncmd_jupyter.frames.extract import RandomVelocitiesFrameExtractor
from asyncmd_jupyter.frames.provenance_file import Mark, record_path
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.testing import ToyEngine


def toy(**changes) -> ToyEngine:
    return ToyEngine(**{"seed": 7, "launcher": "memory", **changes})


ENGINES = [
    pytest.param(toy, {"barrier": 9.0}, id="toy"),
    pytest.param(lambda **changes: alanine_engine(**changes), {"friction": 2.0}, id="openmm"),
    pytest.param(
        lambda **changes: gromacs_engine(changes=changes),
        {"tau-t": [0.5]},
        id="gromacs",
        marks=pytest.mark.gromacs,
    ),
]


async def compute(engine, start, folder: Path, name: str, *steps: int) -> list[Trajectory]:
    await engine.prepare(start, folder, name)
    return [await engine.run_steps(number) for number in steps]


def refuse(path: Path) -> None:
    """Let a record be in the way of another: nobody can replace a folder by a file."""
    record_path(path).unlink(missing_ok=True)
    record_path(path).mkdir()


@pytest.mark.parametrize(("make", "change"), ENGINES)
async def test_a_chain_back_to_the_root(manager, tmp_path: Path, make, change):
    root = make()
    step = root.nstout
    one, two = await compute(root, None, tmp_path, "root", 2 * step, 4 * step)
    frame = RandomVelocitiesFrameExtractor.of(root, 310).extract(tmp_path / "f.trr", two, 1)
    (child,) = await compute(make(**change), frame, tmp_path, "child", 2 * step)
    joined = concatenate_frames(
        [(one, slice(None)), (two, slice(None))], tmp_path / f"joined{one.paths[0].suffix}"
    )
    last = RandomVelocitiesFrameExtractor.of(root, 310).extract(tmp_path / "l.trr", joined, -1)

    made = [t.provenance.made_by for t in (one, two, frame, child, joined, last)]
    assert made == ["part", "part", "extraction", "part", "concatenation", "extraction"]
    assert [t.provenance.problem for t in (one, two, frame, child, joined, last)] == [""] * 6
    assert two.provenance.parent_trajectories() == one.paths
    assert (two.provenance.parents[0].frame, two.provenance.parents[0].step) == (2, 2 * step)
    assert frame.provenance.parent_trajectories() == two.paths
    taken = frame.provenance.parents[0]
    assert (taken.frame, taken.step) == (1, two.frame_table().steps[1])
    assert "random velocities at 310 K" in frame.provenance.text()
    assert child.provenance.parent_trajectories() == frame.paths
    assert joined.provenance.parent_trajectories() == (*one.paths, *two.paths)
    assert last.provenance.parent_trajectories() == joined.paths

    own = root._engine_facts().parameters
    full = one.provenance.parameters(full=True)
    assert full == one.provenance.parameters() == json.loads(json.dumps(dict(own)))
    for same in (two, frame, joined, last):
        assert same.provenance.parameters() == {}
        assert same.provenance.parameters(full=True) == full
    assert child.provenance.parameters() == change
    assert child.provenance.parameters(full=True) == full | change
    assert child.provenance.engine["class"] == type(root).__name__
    assert child.provenance.frames["last_step"] == child.last_step


@pytest.mark.gromacs
async def test_a_parameter_that_is_left_out_is_told(manager, tmp_path: Path):
    (one,) = await compute(gromacs_engine(changes={"gen-vel": "yes"}), None, tmp_path, "one", 500)
    without = gromacs_engine(changes={"nstcomm": None, "gen-vel": "yes"})
    (other,) = await compute(without, one, tmp_path, "two", 500)
    assert "nstcomm" not in other.provenance.parameters(full=True)
    assert other.provenance.parameters() == {"nstcomm": None}
    assert "without nstcomm" in other.provenance.text()


@pytest.mark.gromacs
async def test_gromacs_tells_version_and_seeds(manager, tmp_path: Path):
    engine = gromacs_engine(seed=-1, changes={"gen-vel": "yes"})
    (part,) = await compute(engine, None, tmp_path, "sim", 500)
    told = part.provenance
    log = (tmp_path / "sim.part0001.log").read_text()
    assert f"GROMACS version:    {told.engine['version']}\n" in log
    assert f"ld-seed                        = {told.seeds['ld-seed']}\n" in log
    assert told.seeds["gen-seed"] not in (-1, None)
    assert Path(told.parents[0].absolute).suffix == ".gro"
    fixed = gromacs_engine(seed=5)
    for name in ("apply_constraints", "generate_velocities", "minimize"):
        made = await getattr(fixed, name)(part, tmp_path / f"{name}.trr", workdir=tmp_path)
        assert made.provenance.made_by == name.split("_")[-1]
        assert made.provenance.engine["version"] == told.engine["version"]
        assert made.provenance.parent_trajectories() == part.paths
        seeds = made.provenance.seeds
        assert (seeds["given-ld-seed"], seeds["repeat"]) == (5, 0)
        assert seeds["ld-seed"] not in (-1, 5)


async def test_openmm_tells_platform_and_seed(manager, tmp_path: Path):
    engine = alanine_engine(seed=11)
    (part,) = await compute(engine, None, tmp_path, "sim", engine.nstout)
    told = part.provenance
    assert told.engine["platform"] == "Reference"
    assert told.engine["version"][0].isdigit()
    spec = json.loads((tmp_path / "sim.part0001.json").read_text())
    assert told.seeds == {"seed": 11, "stream": spec["physics"]["seed"], "repeat": 0}
    assert (told.job["state"], told.job["launcher"]) == ("done", "local")
    assert told.job["started"] <= told.job["ended"]
    made = await engine.generate_velocities(part, tmp_path / "v.trr", workdir=tmp_path)
    assert (made.provenance.made_by, made.provenance.parameters()) == ("velocities", {})


async def test_a_record_is_there_while_a_part_is_computed(manager, tmp_path: Path):
    engine = toy(launcher="local")
    await engine.prepare(None, tmp_path, "sim")
    part = await engine.start_part(10**8)
    await part.begun_record
    begun = json.loads(record_path(part.trajectory_file).read_text())
    assert (begun["job"]["id"], "content" in begun) == (part.job.id, False)
    while not part.trajectory_file.exists():
        await asyncio.sleep(0.01)
    await part.ask_to_stop()
    done = await part.wait()
    assert done.provenance.is_complete
    assert done.provenance.id == begun["id"]


async def test_the_end_that_no_kernel_has_seen(manager, tmp_path: Path):
    engine = toy()
    (part,) = await compute(engine, None, tmp_path, "sim", 100)
    record = record_path(part.paths[0])
    ended = json.loads(record.read_text())
    record.write_text(
        json.dumps({k: v for k, v in ended.items() if k not in ("content", "frames")})
    )
    assert not part.provenance.is_complete
    await toy().prepare_from_files(tmp_path, "sim")
    assert part.provenance.is_complete
    assert part.provenance.frames == ended["frames"]


async def test_frames_that_the_engine_cuts_off_leave_the_record_true(manager, tmp_path: Path):
    engine = toy()
    (part,) = await compute(engine, None, tmp_path, "sim", 100)
    whole = part.paths[0].read_bytes()
    with part.paths[0].open("ab") as file:
        file.write(whole[:20])
    assert Trajectory(part.paths[0], part.structure_path).provenance.problem
    part.paths[0].write_bytes(whole)
    # Behind the checkpoint: a frame that the next part computes again.
    torn = toy()
    await torn.prepare_from_files(tmp_path, "sim")
    with part.paths[0].open("ab") as file:
        file.write(whole[-144:])
    record = json.loads(record_path(part.paths[0]).read_text())
    size = part.paths[0].stat().st_size
    record["content"] = Mark.of(part.paths[0]).to_json()
    record_path(part.paths[0]).write_text(json.dumps(record))
    await torn.run_steps(200)
    assert part.paths[0].stat().st_size < size
    told = Trajectory(part.paths[0], part.structure_path).provenance
    assert (told.problem, told.frames["count"]) == ("", 11)


async def test_what_can_not_be_recorded_fails_nothing(manager, tmp_path: Path, caplog):
    engine = toy()
    for name in ("sim.start.npz", "sim.part0001.trr"):
        refuse(tmp_path / name)
    with caplog.at_level(logging.WARNING, "asyncmd_jupyter"):
        (part,) = await compute(engine, None, tmp_path, "sim", 100)
    assert len(part) == 11
    assert "provenance of" in caplog.text
    caplog.clear()
    assert part.provenance.problem
    refuse(tmp_path / "f.trr")
    extractor = RandomVelocitiesFrameExtractor.of(engine)
    assert len(extractor.extract(tmp_path / "f.trr", part, 1)) == 1
    assert "f.trr" in caplog.text


async def test_an_engine_that_can_not_tell_fails_nothing(manager, tmp_path: Path, caplog):
    class Silent(ToyEngine):
        def _engine_facts(self):
            raise RuntimeError("no idea")

    engine = Silent(seed=7, launcher="memory")
    with caplog.at_level(logging.WARNING, "asyncmd_jupyter"):
        first, second = await compute(engine, None, tmp_path, "sim", 100, 200)
    assert (len(first), first.provenance, second.provenance) == (11, None, None)
    assert "no idea" in caplog.text


async def test_an_outdated_record_goes_when_it_is_off(manager, tmp_path: Path):
    (part,) = await compute(toy(), None, tmp_path, "sim", 100)
    extractor = RandomVelocitiesFrameExtractor.of(toy())
    extractor.extract(tmp_path / "f.trr", part, 1)
    config.set_provenance(False)
    frame = extractor.extract(tmp_path / "f.trr", part, 2, overwrite=True)
    assert frame.provenance is None


async def test_nothing_is_recorded_when_it_is_off(manager, tmp_path: Path):
    config.set_provenance(False)
    assert "off" in str(config.show_config())
    (part,) = await compute(toy(), None, tmp_path, "sim", 100)
    frame = RandomVelocitiesFrameExtractor.of(toy()).extract(tmp_path / "f.trr", part, 1)
    assert part.provenance is frame.provenance is None
    assert not list(tmp_path.glob("*.provenance.json"))


async def test_moved_folders_resolve(manager, tmp_path: Path):
    old = tmp_path / "old"
    for name in ("root", "child"):
        (old / name).mkdir(parents=True)
    (root,) = await compute(toy(), None, old / "root", "root", 100)
    (child,) = await compute(toy(barrier=9.0), root, old / "child", "child", 100)
    full = child.provenance.parameters(full=True)
    shutil.move(old, tmp_path / "new")
    moved = Trajectory(
        tmp_path / "new" / "child" / "child.part0001.trr", tmp_path / "new" / "child" / "child.pdb"
    ).provenance
    assert moved.parent_trajectories() == (tmp_path / "new" / "root" / "root.part0001.trr",)
    assert moved.parameters(full=True) == full
    shutil.rmtree(tmp_path / "new" / "root")
    assert moved.parent_trajectories() == (None,)
    assert moved.parameters() == {"barrier": 9.0}
    with pytest.raises(LookupError, match=r"root\.part0001\.trr"):
        moved.parameters(full=True)
