"""Who comes from whom, found from the records beside files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from toy_states import in_b

from asyncmd_jupyter.frames.concatenate import concatenate_frames
from asyncmd_jupyter.frames.extract import (
    InvertedVelocitiesFrameExtractor,
    RandomVelocitiesFrameExtractor,
)
from asyncmd_jupyter.frames.provenance_file import record_path
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.sampling.genealogy import genealogy
from asyncmd_jupyter.sampling.run import start_run
from asyncmd_jupyter.testing import ToyEngine
from asyncmd_jupyter.trajectory.convert import construct_tp_from_plus_and_minus_traj_segments


async def compute(start, folder: Path, name: str, *steps: int, **changes) -> list[Trajectory]:
    folder.mkdir(exist_ok=True)
    engine = ToyEngine(**{"seed": 5, "launcher": "memory", **changes})
    await engine.prepare(start, folder, name)
    return [await engine.run_steps(number) for number in steps]


def names(family) -> list[str]:
    return [node.path.name for node in family.nodes]


async def make_family(folder: Path) -> dict[str, Trajectory]:
    """A root of two parts, a frame of it, two children in folders of their own, a join."""
    one, two = await compute(None, folder / "root", "root", 100, 200)
    frame = RandomVelocitiesFrameExtractor(300, masses=[40.0]).extract(
        folder / "root" / "f.trr", two, 4
    )
    (left,) = await compute(frame, folder / "left", "left", 100)
    (right,) = await compute(frame, folder / "right", "right", 100, barrier=9.0)
    joined = concatenate_frames([(one, slice(None)), (two, slice(5))], folder / "root" / "j.trr")
    return {"one": one, "two": two, "f": frame, "left": left, "right": right, "joined": joined}


async def test_up_and_down(manager, tmp_path: Path):
    made = await make_family(tmp_path)
    up = genealogy(made["left"])
    assert names(up) == ["root.part0001.trr", "root.part0002.trr", "f.trr", "left.part0001.trr"]
    assert [up.generations[node.id] for node in up.nodes] == [0, 1, 2, 3]
    assert [node.path.name for node in up.roots] == ["root.part0001.trr"]
    whole = genealogy(tmp_path)
    assert set(names(whole)) == {*names(up), "right.part0001.trr", "j.trr"}
    assert len(whole.edges) == 6
    both = genealogy([made["left"], tmp_path / "right"])
    assert set(names(both)) == {*names(up), "right.part0001.trr"}
    down = genealogy(made["one"])
    assert set(names(down)) == {"root.part0001.trr", "root.part0002.trr", "f.trr", "j.trr"}


async def test_the_tree_as_text(manager, tmp_path: Path):
    await make_family(tmp_path)
    lines = genealogy(tmp_path).text().splitlines()
    assert lines[0] == f"in {tmp_path}"
    begins = [line.split("  part ")[0].split("  extr")[0].split("  conc")[0] for line in lines[1:]]
    assert begins == [
        "root/root.part0001.trr",
        "root/root.part0002.trr",
        "  root/f.trr",
        "    left/left.part0001.trr",
        "    right/right.part0001.trr",
        "  root/j.trr",
    ]
    assert lines[3].endswith("from frame 4 of root.part0002.trr")
    assert lines[5].endswith("[barrier = 9.0]")
    assert lines[6].endswith("of 2 files")


async def test_what_is_missing_or_replaced_is_told(manager, tmp_path: Path):
    made = await make_family(tmp_path)
    made["f"].paths[0].write_bytes(b"x" * 7)
    made["two"].paths[0].unlink()
    text = genealogy(made["left"]).text()
    assert "random velocities at 300 K" in text
    assert "(replaced)" in text
    assert "(removed)" in text
    record_path(made["f"].paths[0]).unlink()
    made["f"].paths[0].unlink()
    family = genealogy(made["left"])
    assert [(node.path.name, node.kind) for node in family.roots] == [("f.trr", "missing")]
    assert "f.trr  (missing)" in family.text()


async def test_folders_may_move(manager, tmp_path: Path):
    (tmp_path / "old").mkdir()
    await make_family(tmp_path / "old")
    before = genealogy(tmp_path / "old")
    shutil.move(tmp_path / "old", tmp_path / "new")
    after = genealogy(tmp_path / "new" / "left")
    assert "missing" not in after.text()
    assert {node.id for node in after.nodes} < {node.id for node in before.nodes}
    assert all(node.path.is_relative_to(tmp_path / "new") for node in after.nodes)


async def test_a_run_with_walkers(manager, tmp_path: Path):
    engine = ToyEngine(seed=5, launcher="memory")
    order = {"until": [in_b], "name": "walk", "n_walkers": 2, "max_steps": 200}
    run = start_run(engine, None, workdir=tmp_path, **order)
    first, second = await run
    family = genealogy(run)
    assert {(node.run, node.walker) for node in family.nodes} == {("walk", "0"), ("walk", "1")}
    assert {node.label for node in family.nodes} == {"walk_0", "walk_1"}
    for result, name in ((first, "walk_0"), (second, "walk_1")):
        assert result.provenance.made_by == "join"
        assert result.provenance.tags["run"] == "walk"
        assert result.provenance.parents[0].file == f"{name}.part0001.trr"
    seeds = [result.provenance for result in (first, second)]
    parts = [Trajectory(p.parent_trajectories()[0], first.structure_path) for p in seeds]
    assert parts[0].provenance.seeds != parts[1].provenance.seeds
    assert parts[0].provenance.parameters() == parts[1].provenance.parameters()


async def test_a_run_that_is_overwritten_leaves_no_record(manager, tmp_path: Path):
    engine = ToyEngine(seed=5, launcher="memory", nstout=10)
    order = {"until": [in_b], "name": "walk", "workdir": tmp_path, "overwrite": True}
    await start_run(engine, None, n_walkers=3, max_steps=300, **order)
    old = genealogy(tmp_path / "walk")
    await start_run(engine, None, n_walkers=1, max_steps=100, **order)
    new = genealogy(tmp_path / "walk")
    assert names(new) == ["walk.part0001.trr", "walk.trr"]
    assert not {node.id for node in old.nodes} & {node.id for node in new.nodes}
    records = {path.name for path in (tmp_path / "walk").glob("*.provenance.json")}
    assert records == {f"{name}.provenance.json" for name in (*names(new), "walk.start.npz")}


async def test_a_path_of_two_halves(manager, tmp_path: Path):
    (start,) = await compute(None, tmp_path, "start", 100)
    forward = RandomVelocitiesFrameExtractor(300, masses=[40.0]).extract(
        tmp_path / "plus.trr", start, 3
    )
    backward = InvertedVelocitiesFrameExtractor().extract(tmp_path / "minus.trr", forward, 0)
    plus = await compute(forward, tmp_path, "p", 50)
    minus = await compute(backward, tmp_path, "m", 50)

    def last(traj):
        return traj.frame_table().steps >= 30

    path = await construct_tp_from_plus_and_minus_traj_segments(
        minus_trajs=minus,
        minus_state=0,
        plus_trajs=plus,
        plus_state=0,
        state_funcs=[last],
        tra_out=tmp_path / "path.trr",
    )
    told = path.provenance
    assert told.made_by == "path"
    spans = [(p.file, p.frame, p.last_frame) for p in told.parents]
    assert spans == [("m.part0001.trr", 3, 0), ("p.part0001.trr", 1, 3)]
    assert set(names(genealogy(path))) >= {"start.part0001.trr", "minus.trr", "path.trr"}


def test_what_has_no_history(runtime, tmp_path: Path):
    assert genealogy(tmp_path).text() == "Nothing is known: there are no records here."
    assert genealogy([]).nodes == ()
    with pytest.raises(TypeError, match="3 has no history"):
        genealogy([3])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        genealogy(tmp_path / "nowhere")
