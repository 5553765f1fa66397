from __future__ import annotations

import gc
import pickle
import re
import shutil
import subprocess
import sys
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest
from frame_samples import make_old, write_xdr

from asyncmd_jupyter.errors import TruncatedTrajectoryError
from asyncmd_jupyter.frames import content
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import truncate_to_whole_frames

pytestmark = pytest.mark.usefixtures("runtime")


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


def test_arguments_that_are_no_paths_and_no_steps(folder: Path):
    for files, structure in ((3, "conf.gro"), (["a.xtc", 3], "conf.gro"), ("a.xtc", None)):
        with pytest.raises(TypeError, match=r"(trajectory_files|structure_file).* path"):
            Trajectory(files, structure)
    assert len(Trajectory((Path("a.xtc"), "b.xtc"), Path("conf.gro"))) == 10
    for wrong in ("10", 2.5, True, [10]):
        with pytest.raises(TypeError, match="has to be a whole number of MD steps"):
            Trajectory("a.xtc", "conf.gro", nstout=wrong)
    with pytest.raises(ValueError, match="nstout=0"):
        Trajectory("a.xtc", "conf.gro", 0)


@pytest.mark.filterwarnings("ignore:DCDReader currently")
def test_other_formats_by_mdanalysis(folder: Path):
    from MDAnalysis.lib.formats.libdcd import DCDFile

    everything = (None, None, 1)
    source = Trajectory("a.trr", "conf.gro")
    for name in ("a.dcd", "a.pdb"):
        TrajectoryConcatenator().concatenate([source], [everything], name)
    dcd, pdb = Trajectory("a.dcd", "conf.gro"), Trajectory("a.pdb", "a.pdb")
    assert (len(dcd), dcd.nstout, dcd.first_step, dcd.last_step) == (5, 10, 0, 40)
    assert (dcd.dt, dcd.last_time) == (pytest.approx(0.02), pytest.approx(0.08))
    assert (len(pdb), pdb.n_atoms, pdb.nstout, pdb.dt) == (5, 12, 1, 1.0)
    single = Trajectory("conf.gro", "conf.gro", nstout=7)
    assert (single.nstout, single.first_step, single.last_time) == (7, 0, 0.0)
    again = pickle.loads(pickle.dumps(dcd))
    assert (again, len(again), again.last_step) == (dcd, 5, 40)
    with DCDFile("none.dcd", "w") as file:
        file.write_header("", 12, 0, 1, 1.0, 1)
    with pytest.raises((ValueError, OSError)):
        len(Trajectory("none.dcd", "conf.gro"))


def test_a_torn_file_says_how_to_mend_it(folder: Path):
    with Path("a.trr").open("r+b") as file:
        file.truncate(Path("a.trr").stat().st_size - 3)
    trajectory = Trajectory("a.trr", "conf.gro")
    with pytest.raises(TruncatedTrajectoryError, match="4 whole frames") as error:
        len(trajectory)
    assert f"Trajectory.recover({str(folder / 'a.trr')!r}, structure_file)" in str(error.value)
    assert "4 whole frames" in repr(trajectory)
    truncate_to_whole_frames("a.trr")
    assert len(Trajectory("a.trr", "conf.gro")) == 4


def test_files_with_other_atoms_do_not_belong_together(folder: Path):
    write_xdr(folder / "c.xtc", n_atoms=5)
    trajectory = Trajectory(["a.xtc", "c.xtc"], "conf.gro")
    with pytest.raises(ValueError, match=r"c\.xtc: 5"):
        len(trajectory)


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


@pytest.mark.parametrize(
    ("steps", "dt", "said"),
    [
        ([200, 150, 100], 0.1, "0.4 to 0.2 ps, every 0.1 ps,"),
        ([100, 50, 0, 50, 100], 0.1, "0.2 to 0.2 ps, every 0.1 ps, back and forth,"),
        ([0, 50, 150], 0.1, "0 to 0.3 ps, unevenly spaced,"),
        ([150, 50, 0], 0.2, "0.3 to 0 ps, unevenly spaced,"),
        ([2**31, 2**31 + 50, 2**31 + 100], None, " ps, every "),
    ],
)
@pytest.mark.parametrize("suffix", ["xtc", "trr"])
def test_time_between_frames(folder: Path, suffix: str, steps, dt, said: str):
    path = write_xdr(folder / f"t.{suffix}", len(steps), steps=steps)
    trajectory = Trajectory(path, "conf.gro")
    assert trajectory.dt == pytest.approx(dt) if dt else trajectory.dt >= 0
    assert trajectory.nstout == abs(steps[1] - steps[0])
    assert said in repr(trajectory)


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


def test_a_thousand_objects_are_small(folder: Path):
    write_xdr(folder / "many.xtc", 500, n_atoms=3)
    make_old(*folder.iterdir())
    len(Trajectory("many.xtc", "conf.gro"))
    tracemalloc.start()
    try:
        objects = [Trajectory("many.xtc", "conf.gro") for _ in range(1000)]
        assert all(len(one) == 500 for one in objects)
        assert len(set(objects)) == 1
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 1000 * 4096


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
