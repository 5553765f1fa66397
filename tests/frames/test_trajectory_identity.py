from __future__ import annotations

import copy
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from frame_samples import change_a_byte, make_old, write_xdr

from asyncmd_jupyter.frames import content
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("runtime")


def test_identity_is_the_content(folder: Path):
    one = Trajectory("a.trr", "conf.gro")
    shutil.copy("a.trr", "copy.trr")
    two = Trajectory("copy.trr", "conf.gro")
    assert one == two
    assert hash(one) == hash(two)
    assert one.trajectory_hash == two.trajectory_hash
    assert (one.trajectory_files, two.trajectory_files) == (["a.trr"], ["copy.trr"])
    assert isinstance(one.trajectory_hash, int)
    assert 0 <= one.trajectory_hash < 2**64
    assert one != Trajectory("b.trr", "conf.gro")
    assert one != Trajectory(["a.trr", "b.trr"], "conf.gro")
    assert one != "a.trr"
    shutil.copy("conf.gro", "other.gro")
    change_a_byte(folder / "other.gro", 3)
    assert one != Trajectory("a.trr", "other.gro")
    assert len({one, two}) == 1


def test_a_changed_byte_anywhere_gives_another_hash(folder: Path):
    seen = set()
    for position in np.linspace(100, Path("a.trr").stat().st_size - 1, 20, dtype=int):
        change_a_byte(folder / "a.trr", position)
        seen.add(Trajectory("a.trr", "conf.gro").trajectory_hash)
    assert len(seen) == 20


def test_the_hash_is_the_same_in_every_process(folder: Path):
    code = (
        "from asyncmd_jupyter.frames.trajectory import Trajectory;"
        "print(Trajectory(['a.xtc', 'b.xtc'], 'conf.gro').trajectory_hash)"
    )
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert int(found.stdout) == Trajectory(["a.xtc", "b.xtc"], "conf.gro").trajectory_hash


def test_unchanged_files_are_read_once(folder: Path):
    read: list[str] = []
    remembered = content.Remembered[list[str]](limit=10)

    def look(name: str) -> None:
        remembered.get((name,), lambda: read.append(name) or read)

    make_old(folder / "a.trr")
    for name in ("a.trr", "a.trr", "b.trr", "b.trr"):
        look(name)
    assert read == ["a.trr", "b.trr", "b.trr"]  # b may still change within the clock's margin
    change_a_byte(folder / "a.trr")
    make_old(folder / "a.trr", folder / "b.trr")
    look("a.trr")
    assert read[3:] == ["a.trr"]


def test_what_is_remembered_is_bounded(folder: Path):
    read: list[str] = []
    remembered = content.Remembered[str](limit=10, weigh=lambda _: 4)
    make_old(*folder.iterdir())
    names = ["a.trr", "b.trr", "a.trr", "a.xtc", "b.trr", "a.xtc"]
    for name in names:
        remembered.get((name,), lambda name=name: read.append(name) or name)
    assert read == ["a.trr", "b.trr", "a.xtc", "b.trr"]


def test_an_object_notices_that_its_files_changed(folder: Path):
    trajectory = Trajectory("a.trr", "conf.gro")
    known = {trajectory: 1}
    write_xdr(folder / "a.trr", 3, first=7)
    for use in (len, lambda t: t.trajectory_hash, lambda t: t.last_step, lambda t: t.frame_table()):
        with pytest.raises(RuntimeError, match="Make a new Trajectory"):
            use(trajectory)
    assert known[trajectory] == 1
    assert "changed" in repr(trajectory)
    assert len(Trajectory("a.trr", "conf.gro")) == 3


def test_an_object_that_only_knows_its_length_notices_too(folder: Path):
    trajectory = Trajectory("a.trr", "conf.gro")
    assert len(trajectory) == 5
    write_xdr(folder / "a.trr", 3)
    with pytest.raises(RuntimeError, match="changed"):
        len(trajectory)


def test_touched_and_removed_files(folder: Path):
    trajectory = Trajectory("a.trr", "conf.gro")
    facts = (len(trajectory), trajectory.trajectory_hash)
    os.utime("a.trr")
    assert (len(trajectory), trajectory.trajectory_hash) == facts
    Path("a.trr").unlink()
    assert (len(trajectory), trajectory.trajectory_hash) == facts
    assert trajectory == trajectory
    with pytest.raises(FileNotFoundError):
        trajectory.frame_table()
    write_xdr(folder / "a.trr", 2)
    with pytest.raises(RuntimeError, match="changed"):
        len(trajectory)


def test_an_object_is_independent_of_the_working_directory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    trajectory = Trajectory("a.xtc", "conf.gro")
    monkeypatch.chdir(tmp_path)
    assert trajectory.trajectory_files == ["work/a.xtc"]
    assert trajectory.structure_file == "work/conf.gro"
    assert trajectory.paths == (folder / "a.xtc",)
    assert len(trajectory) == 5


def test_pickle_and_copy(folder: Path):
    trajectory = Trajectory(["a.xtc", "b.xtc"], "conf.gro", nstout=20)
    for other in (
        pickle.loads(pickle.dumps(trajectory)),
        copy.copy(trajectory),
        copy.deepcopy(trajectory),
    ):
        assert other == trajectory
        assert (other.nstout, len(other)) == (20, 10)
        assert other.trajectory_files == trajectory.trajectory_files


@pytest.mark.parametrize("prepared", [True, False])
def test_pickle_after_moving_everything(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared: bool
):
    expected = Trajectory("a.xtc", "conf.gro").trajectory_hash
    make_old(*folder.iterdir())
    trajectory = Trajectory("a.xtc", "conf.gro")
    if prepared:
        assert (len(trajectory), trajectory.trajectory_hash) == (5, expected)
    data = pickle.dumps(trajectory)
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="neither in the working directory"):
        pickle.loads(data)
    monkeypatch.chdir(moved)
    again = pickle.loads(data)
    assert again.trajectory_files == ["a.xtc"]
    assert again.paths == (moved / "a.xtc",)
    assert (again.trajectory_hash, len(again)) == (expected, 5)


def test_pickle_is_not_fooled_by_files_of_the_same_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    trajectory = Trajectory("a.xtc", "conf.gro")
    data = pickle.dumps(trajectory)
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy("conf.gro", other / "conf.gro")
    write_xdr(other / "a.xtc", 2)
    monkeypatch.chdir(other)
    assert pickle.loads(data).paths == (folder / "a.xtc",)


def test_a_pickle_believes_nothing_of_changed_files(folder: Path):
    trajectory = Trajectory("a.xtc", "conf.gro")
    assert len(trajectory) == 5
    make_old(*folder.iterdir())
    data = pickle.dumps(trajectory)
    write_xdr(folder / "a.xtc", 2)
    again = pickle.loads(data)
    assert len(again) == 2
    assert again == Trajectory("a.xtc", "conf.gro")
