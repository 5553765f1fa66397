from __future__ import annotations

import copy
import gc
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest
from frame_samples import write_gro, write_xdr

from asyncmd_jupyter.errors import TruncatedTrajectoryError
from asyncmd_jupyter.frames import content
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import truncate_to_whole_frames

pytestmark = pytest.mark.usefixtures("runtime")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with two parts of a run in both formats."""
    folder = tmp_path / "work"
    folder.mkdir()
    write_gro(folder / "conf.gro")
    for suffix in (".xtc", ".trr"):
        write_xdr(folder / f"a{suffix}")
        write_xdr(folder / f"b{suffix}", first=5)
    monkeypatch.chdir(folder)
    return folder


def change_a_byte(path: Path, position: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if position is None else position] ^= 0xFF
    path.write_bytes(data)


def make_old(*paths: Path) -> None:
    """Give files a time of modification that is not within the clock's margin."""
    for path in paths:
        os.utime(path, (time.time() - 100,) * 2)


@pytest.mark.parametrize("suffix", ["xtc", "trr"])
def test_facts_agree_with_mdanalysis(folder: Path, suffix: str):
    from MDAnalysis import Universe

    files = [f"a.{suffix}", f"b.{suffix}"]
    trajectory = Trajectory(files, "conf.gro")
    with Universe("conf.gro", files, to_guess=()).trajectory as reader:
        times = [ts.time for ts in reader]
        steps = [ts.data["step"] for ts in reader]
    assert len(trajectory) == len(times) == 10
    assert trajectory.n_atoms == 12
    assert (trajectory.first_time, trajectory.last_time) == (times[0], times[-1])
    assert (trajectory.first_step, trajectory.last_step) == (steps[0], steps[-1])
    assert trajectory.dt == pytest.approx(0.02)
    assert trajectory.nstout == 10
    assert trajectory.frame_table().steps.tolist() == steps
    assert trajectory.frame_table().locate(7) == (1, 2)
    assert trajectory.trajectory_files == files
    assert trajectory.structure_file == "conf.gro"


def test_formats_without_our_own_reader(folder: Path):
    frame = "12\nmade for a test\n" + "C 1.0 2.0 3.0\n" * 12
    Path("a.xyz").write_text(frame * 5)
    trajectory = Trajectory("a.xyz", "conf.gro")
    assert "not read yet" in repr(trajectory)
    assert (len(trajectory), trajectory.n_atoms, trajectory.last_step) == (5, 12, 4)
    assert "5 frames" in repr(trajectory)
    Path("b.xyz").write_text(frame.replace("12\n", "11\n", 1).replace("C 1.0 2.0 3.0\n", "", 1))
    with pytest.raises(ValueError, match="11"):
        len(Trajectory("b.xyz", "conf.gro"))
    single = Trajectory("conf.gro", "conf.gro")
    assert (len(single), single.dt, single.nstout) == (1, 0.0, None)


def test_nothing_is_left_beside_the_files(folder: Path):
    before = sorted(folder.iterdir())
    trajectory = Trajectory(["a.xtc", "b.xtc"], "conf.gro")
    assert (len(trajectory), hash(trajectory) == hash(trajectory)) == (10, True)
    repr(trajectory)
    assert sorted(folder.iterdir()) == before


def test_missing_and_empty_files(folder: Path):
    (folder / "empty.xtc").touch()
    with pytest.raises(FileNotFoundError, match=r"a\.xtx does not exist.*there is .*a\.xtc"):
        Trajectory("a.xtx", "conf.gro")
    with pytest.raises(FileNotFoundError, match=r"Structure file .*conf\.pdb does not exist"):
        Trajectory("a.xtc", "conf.pdb")
    with pytest.raises(FileNotFoundError, match="neither does the folder"):
        Trajectory("nowhere/a.xtc", "conf.gro")
    with pytest.raises(FileNotFoundError):
        Trajectory("a.xtc/b.xtc", "conf.gro")
    with pytest.raises(ValueError, match=r"empty\.xtc is empty"):
        Trajectory(["a.xtc", "empty.xtc"], "conf.gro")
    with pytest.raises(ValueError, match="is a folder"):
        Trajectory(".", "conf.gro")
    with pytest.raises(ValueError, match="at least one"):
        Trajectory([], "conf.gro")


def test_a_torn_file_says_how_to_mend_it(folder: Path):
    with Path("a.trr").open("r+b") as file:
        file.truncate(Path("a.trr").stat().st_size - 3)
    trajectory = Trajectory("a.trr", "conf.gro")
    with pytest.raises(TruncatedTrajectoryError, match="4 whole frames") as error:
        len(trajectory)
    assert f"truncate_to_whole_frames({str(folder / 'a.trr')!r})" in str(error.value)
    assert "4 whole frames" in repr(trajectory)
    truncate_to_whole_frames("a.trr")
    assert len(Trajectory("a.trr", "conf.gro")) == 4


def test_files_with_other_atoms_do_not_belong_together(folder: Path):
    write_xdr(folder / "c.xtc", n_atoms=5)
    trajectory = Trajectory(["a.xtc", "c.xtc"], "conf.gro")
    with pytest.raises(ValueError, match=r"c\.xtc: 5"):
        len(trajectory)


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


async def test_prepare_returns_the_object(folder: Path):
    trajectory = Trajectory("a.xtc", "conf.gro")
    assert await trajectory.prepare() is trajectory
    Path("b.xtc").write_bytes(Path("b.xtc").read_bytes()[:-1])
    with pytest.raises(TruncatedTrajectoryError):
        await Trajectory("b.xtc", "conf.gro").prepare()


def test_nstout_can_be_set(folder: Path):
    trajectory = Trajectory("a.xtc", "conf.gro")
    trajectory.nstout = np.int64(50)
    assert trajectory.nstout == 50
    trajectory.nstout = None
    assert trajectory.nstout == 10
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"nstout={wrong}"):
            trajectory.nstout = wrong
    with pytest.raises(TypeError):
        trajectory.nstout = 2.5


@pytest.mark.parametrize("suffix", ["xtc", "trr"])
def test_steps_past_32_bit(folder: Path, suffix: str):
    nstout, dt = 50_000_000, 0.002
    steps = [i * nstout for i in range(200)]
    write_xdr(folder / f"long.{suffix}", 200, steps=steps, dt=dt)
    trajectory = Trajectory(f"long.{suffix}", "conf.gro")
    assert trajectory.last_step == steps[-1] > 2 * 2**32
    assert trajectory.nstout == nstout
    write_xdr(folder / f"late.{suffix}", 50, steps=steps[150:], dt=dt)
    late = Trajectory(f"late.{suffix}", "conf.gro")
    assert (late.first_step, late.last_step) == (steps[150], steps[-1])
    write_xdr(folder / f"one.{suffix}", 1, steps=steps[150:151], dt=dt)
    parts = Trajectory([f"long.{suffix}", f"late.{suffix}", f"one.{suffix}"], "conf.gro")
    assert parts.frame_table().steps.tolist() == [*steps, *steps[150:], steps[150]]


def test_reprs(folder: Path):
    odd = folder / "<b>&.xtc"
    shutil.copy("a.xtc", odd)
    trajectory = Trajectory(odd, "conf.gro")
    assert repr(trajectory) == (
        "<Trajectory <b>&.xtc (5 frames, 0 to 0.08 ps, every 0.02 ps, 12 atoms), "
        "structure conf.gro>"
    )
    page = trajectory._repr_html_()
    assert "&lt;b&gt;&amp;.xtc" in page
    assert "5 frames" in page
    assert not re.search(r"<script|<b>|on\w+=", page)
    odd.unlink()
    assert "5 frames" in repr(trajectory)
    write_xdr(folder / "one.xtc", 1)
    assert "(1 frame, 0 ps, 12 atoms)" in repr(Trajectory("one.xtc", "conf.gro"))


def test_dropped_objects_are_freed(folder: Path):
    trajectory = Trajectory("a.xtc", "conf.gro")
    assert len(trajectory) == 5
    assert trajectory.trajectory_hash
    reference = weakref.ref(trajectory)
    gc.disable()
    try:
        del trajectory
        assert reference() is None
    finally:
        gc.enable()


def test_ten_thousand_objects_are_small(folder: Path):
    write_xdr(folder / "many.xtc", 500, n_atoms=3)
    make_old(*folder.iterdir())
    len(Trajectory("many.xtc", "conf.gro"))
    tracemalloc.start()
    try:
        objects = [Trajectory("many.xtc", "conf.gro") for _ in range(10_000)]
        assert all(len(one) == 500 for one in objects)
        assert len(set(objects)) == 1
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 10_000 * 4096


def test_a_file_that_is_being_written_is_refused(folder: Path):
    path = folder / "a.xtc"

    def write_while_reading() -> bytes:
        with path.open("ab") as file:
            file.write(b"x")
        return b""

    remembered = content.Remembered[bytes](limit=10)
    with pytest.raises(ValueError, match="is being written right now"):
        remembered.get(("a.xtc",), write_while_reading)


def test_h5py_groups_need_the_h5py_cache(folder: Path):
    with pytest.raises(RuntimeError, match="The cache type is npz"):
        Trajectory("a.xtc", "conf.gro").deregister_h5py_cache(object())


def test_the_room_is_light_to_import():
    modules = ("trajectory", "growing", "concatenate", "extract", "read", "cache")
    code = (
        f"import sys; {'; '.join(f'import asyncmd_jupyter.frames.{m}' for m in modules)};"
        "heavy = {'MDAnalysis', 'openmm', 'matplotlib', 'IPython', 'scipy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
