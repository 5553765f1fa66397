"""Torn and damaged files: a clear error by default, their good frames on request."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from frame_samples import write_gro, write_xdr
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.errors import TruncatedTrajectoryError
from asyncmd_jupyter.frames.concatenate import TrajectoryConcatenator
from asyncmd_jupyter.frames.extract import NoModificationFrameExtractor
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.recover import salvage
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import index_frames

pytestmark = pytest.mark.usefixtures("runtime")


@pytest.fixture(params=["xtc", "trr"])
def suffix(request: pytest.FixtureRequest) -> str:
    return request.param


def tear(path: Path, n_bytes: int = 7) -> bytes:
    data = path.read_bytes()[:-n_bytes]
    path.write_bytes(data)
    return data


def steps_of(trajectory: Trajectory) -> list[int]:
    return trajectory.frame_table().steps.tolist()


def frames_as_bytes(path: Path) -> list[bytes]:
    index, data = index_frames(path), path.read_bytes()
    return [data[o : o + s] for o, s in zip(index.offsets, index.sizes, strict=True)]


def test_a_torn_file_is_an_error_before_anything_is_written(folder: Path, suffix: str):
    tear(folder / f"a.{suffix}")
    torn, whole = Trajectory(f"a.{suffix}", "conf.gro"), Trajectory(f"b.{suffix}", "conf.gro")
    before = sorted(folder.iterdir())
    said = rf"a\.{suffix} ends within a frame: \d+ bytes follow its 4 whole frames.*recover"
    with pytest.raises(TruncatedTrajectoryError, match=said):
        NoModificationFrameExtractor().extract(f"out.{suffix}", torn, 0)
    everything = (None, None, 1)
    with pytest.raises(TruncatedTrajectoryError, match=said):
        TrajectoryConcatenator().concatenate([whole, torn], [everything] * 2, f"out.{suffix}")
    assert sorted(folder.iterdir()) == before


def test_whole_frames_are_copied_and_counted(folder: Path, suffix: str):
    frames = frames_as_bytes(folder / f"a.{suffix}")
    data = tear(folder / f"a.{suffix}")
    lost = len(data) - len(b"".join(frames[:4]))
    said = rf"a\.{suffix}: 4 whole frames \(steps 0 to 30\) are used, {lost} bytes at its end"
    with pytest.warns(UserWarning, match=said):
        good = Trajectory.recover([f"a.{suffix}", f"b.{suffix}"], "conf.gro", nstout=10)
    assert good.trajectory_files == [f"a.recovered.{suffix}", f"b.{suffix}"]
    assert steps_of(good) == [0, 10, 20, 30, 50, 60, 70, 80, 90]
    assert (folder / f"a.{suffix}").read_bytes() == data
    assert (folder / f"a.recovered.{suffix}").read_bytes() == b"".join(frames[:4])
    with pytest.raises(FileExistsError, match="overwrite=True"):
        Trajectory.recover(f"a.{suffix}", "conf.gro")
    (folder / "elsewhere").mkdir()
    for options in ({"overwrite": True}, {"folder": "elsewhere"}):
        with pytest.warns(UserWarning, match="4 whole frames"):
            assert len(Trajectory.recover(f"a.{suffix}", "conf.gro", **options)) == 4


def test_files_are_mended_in_place_if_asked(folder: Path, suffix: str):
    path = folder / f"a.{suffix}"
    frames = frames_as_bytes(path)
    tear(path)
    before = sorted(folder.iterdir())
    with pytest.warns(UserWarning, match="4 whole frames"):
        good = Trajectory.recover(path, "conf.gro", in_place=True)
    assert (len(good), good.paths) == (4, (path,))
    assert path.read_bytes() == b"".join(frames[:4])
    path.write_bytes(frames[0] + b"\x11" * 300 + b"".join(frames[1:]))
    with pytest.warns(UserWarning, match="in the middle"):
        good = Trajectory.recover(path, "conf.gro", in_place=True)
    assert path.read_bytes() == b"".join(frames[1:])
    assert sorted(folder.iterdir()) == before


def test_whole_files_are_left_alone(folder: Path, suffix: str):
    before = sorted(folder.iterdir())
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        good = Trajectory.recover([f"a.{suffix}", f"b.{suffix}"], "conf.gro", in_place=True)
    assert good == Trajectory([f"a.{suffix}", f"b.{suffix}"], "conf.gro")
    assert sorted(folder.iterdir()) == before


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["xtc", "trr"]),
    st.sampled_from([3, 12, 40]),
    st.integers(0, 10_000),
    st.binary(min_size=1, max_size=400),
    st.booleans(),
)
def test_garbage_anywhere(suffix: str, n_atoms: int, place: int, garbage: bytes, insert: bool):
    """What is taken was written like that, and no more is lost than lies next to the damage."""
    with tempfile.TemporaryDirectory() as name:
        path = write_xdr(Path(name) / f"a.{suffix}", 6, n_atoms)
        frames, index, data = frames_as_bytes(path), index_frames(path), path.read_bytes()
        start = place % len(data)
        end = start if insert else min(len(data), start + len(garbage))
        path.write_bytes(data[:start] + garbage + data[end:])
        ends = index.offsets + index.sizes
        far_before = max(0, int(np.sum(ends <= start)) - 1)
        far_after = int(np.sum(index.offsets >= end))
        try:
            found = salvage(path)
        except ValueError:
            assert far_before + far_after == 0
            return
        whole = path.read_bytes()
        pairs = zip(found.index.offsets, found.index.sizes, strict=True)
        taken = [whole[o : o + s] for o, s in pairs]
        assert taken[:far_before] == frames[:far_before]
        assert taken[len(taken) - far_after :] == frames[len(frames) - far_after :]
        assert len(taken) <= len(frames)


def test_zeros_of_a_crashed_machine_that_begin_within_a_frame(folder: Path, suffix: str):
    path = write_xdr(folder / f"a.{suffix}", n_atoms=40)
    write_gro(folder / "conf.gro", 40)
    frames = frames_as_bytes(path)
    path.write_bytes(b"".join(frames)[:-70] + bytes(4096))
    with pytest.warns(UserWarning, match="4 whole frames"):
        good = Trajectory.recover(path, "conf.gro")
    assert len(good) == 4
    path.write_bytes(b"".join(frames) + bytes(4096))
    with pytest.warns(UserWarning, match="5 whole frames"):
        good = Trajectory.recover(path, "conf.gro", overwrite=True)
    assert read_frame(good, 4).step == 40


def test_garbage_in_the_middle_is_an_error_that_names_the_way_out(folder: Path, suffix: str):
    path = folder / f"a.{suffix}"
    frames = frames_as_bytes(path)
    path.write_bytes(b"".join(frames[:2]) + b"?" * 1000 + b"".join(frames[2:]))
    with pytest.raises(ValueError, match=r"damaged after 2 whole frames: at byte .*recover"):
        len(Trajectory(path, "conf.gro"))
    with pytest.warns(UserWarning, match="in the middle"):
        good = Trajectory.recover(path, "conf.gro")
    assert steps_of(good) == [0, 20, 30, 40]


def test_nothing_good(folder: Path, suffix: str):
    path = folder / f"a.{suffix}"
    tear(folder / f"b.{suffix}")
    path.write_bytes(path.read_bytes()[:50])
    before = sorted(folder.iterdir())
    with pytest.raises(ValueError, match=rf"no whole frame in .*a\.{suffix} \(50 bytes\)"):
        Trajectory.recover([f"b.{suffix}", f"a.{suffix}"], "conf.gro")
    with pytest.raises(ValueError, match="no whole frame in"):
        Trajectory.recover("conf.gro", "conf.gro")
    with pytest.raises(ValueError, match="folder has no meaning"):
        Trajectory.recover(f"b.{suffix}", "conf.gro", folder=folder, in_place=True)
    with pytest.raises(FileNotFoundError, match="The folder of"):
        Trajectory.recover(f"b.{suffix}", "conf.gro", folder="nowhere")
    with pytest.raises(TypeError, match="folder has to be a path"):
        Trajectory.recover(f"b.{suffix}", "conf.gro", folder=3)
    assert sorted(folder.iterdir()) == before


def test_large_files_are_searched_piece_by_piece(tmp_path: Path, suffix: str):
    write_gro(tmp_path / "conf.gro")
    path = write_xdr(tmp_path / f"a.{suffix}", 4)
    frames = frames_as_bytes(path)
    for length in (2**20 - 3, 2**20 + 1):
        path.write_bytes(frames[0] + frames[1] + b"\x07" * length + frames[2] + frames[3])
        with runtimes.use(runtimes.Runtime()):
            assert salvage(path).index.steps.tolist() == [0, 20, 30]
