from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from frame_samples import (
    BOX_NM,
    positions_nm,
    trr_double,
    velocities_nm_ps,
    write_xdr,
    xtc_with_64_bit_sizes,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncmd_jupyter.errors import TruncatedTrajectoryError
from asyncmd_jupyter.frames.steps import unwrap_steps
from asyncmd_jupyter.frames.trr import invert_velocities
from asyncmd_jupyter.frames.xdr import (
    TrrFrame,
    copy_frames,
    index_frames,
    join_indices,
    read_trr_frame,
    truncate_to_whole_frames,
    write_trr_frame,
)

SUFFIXES = st.sampled_from([".xtc", ".trr"])


@pytest.fixture(params=[".xtc", ".trr"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_xdr(tmp_path / f"a{request.param}")


def libmdaxdr(path: Path):
    from MDAnalysis.lib.formats.libmdaxdr import TRRFile, XTCFile

    return (XTCFile if path.suffix == ".xtc" else TRRFile)(str(path))


@settings(max_examples=40, deadline=None)
@given(SUFFIXES, st.integers(1, 30), st.integers(1, 8), st.integers(1, 10_000))
def test_index_agrees_with_libmdaxdr(suffix: str, n_atoms: int, n_frames: int, nstout: int):
    with tempfile.TemporaryDirectory() as folder:
        path = write_xdr(Path(folder) / f"a{suffix}", n_frames, n_atoms, nstout=nstout)
        index = index_frames(path)
        with libmdaxdr(path) as theirs:
            frames = list(theirs)
            assert np.array_equal(index.offsets, theirs.offsets)
        assert index.steps.tolist() == [frame.step for frame in frames]
        assert index.times.tolist() == [frame.time for frame in frames]
        assert (len(index), index.n_atoms) == (n_frames, n_atoms)
        assert index.kind == suffix[1:]
        assert index.tail_bytes == 0
        assert index.end == path.stat().st_size


@settings(max_examples=40, deadline=None)
@given(
    n_atoms=st.integers(1, 30),
    step=st.integers(-(2**31), 2**31 - 1),
    time=st.floats(0, 1e6, width=32),
    velocities=st.booleans(),
    forces=st.booleans(),
    lambda_value=st.floats(0, 1, width=32),
)
def test_trr_bytes_equal_libmdaxdr(n_atoms, step, time, velocities, forces, lambda_value):
    from MDAnalysis.lib.formats.libmdaxdr import TRRFile

    x = positions_nm(n_atoms, 1)
    v = velocities_nm_ps(n_atoms, 2) if velocities else None
    f = velocities_nm_ps(n_atoms, 3) if forces else None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.trr"
        with TRRFile(str(path), "w") as theirs:
            theirs.write(x, v, f, BOX_NM, step, time, lambda_value, n_atoms)
        ours = io.BytesIO()
        frame = TrrFrame(step, time, BOX_NM, x, v, f, lambda_value)
        assert write_trr_frame(ours, frame) == len(ours.getvalue())
        assert ours.getvalue() == path.read_bytes()
        back = read_trr_frame(path, 0)
    assert (back.step, back.time, back.lambda_value) == (step, time, lambda_value)
    for found, wanted in ((back.box, BOX_NM), (back.positions, x), (back.velocities, v)):
        assert (found is None) == (wanted is None)
        assert wanted is None or np.array_equal(found, wanted)
    assert (back.forces is None) == (f is None)


def test_frames_without_a_box_or_with_double_precision_input_are_written(tmp_path: Path):
    path = tmp_path / "a.trr"
    x = positions_nm(4, 0).astype(np.float64)
    with path.open("wb") as file:
        write_trr_frame(file, TrrFrame(2**31 + 5, 1.0, None, x))
    frame = read_trr_frame(path, 0)
    assert frame.box is None
    assert frame.step == 5 - 2**31
    assert index_frames(path).steps.tolist() == [2**31 + 5]
    with pytest.raises(ValueError, match="differ in their atom count"):
        write_trr_frame(io.BytesIO(), TrrFrame(0, 0.0, None, x, x[:2]))


def test_double_precision_trr(tmp_path: Path):
    x, v = positions_nm(7, 0).astype(np.float64), velocities_nm_ps(7, 0) + 1e-12
    path = tmp_path / "a.trr"
    path.write_bytes(b"".join(trr_double(i * 5, i * 0.1, x + i, v) for i in range(4)))
    index = index_frames(path)
    assert index.steps.tolist() == [0, 5, 10, 15]
    assert index.times.tolist() == [i * 0.1 for i in range(4)]
    frame = read_trr_frame(path, int(index.offsets[2]))
    assert np.array_equal(frame.positions, x + 2)
    assert np.array_equal(frame.velocities, v)
    inverted = tmp_path / "b.trr"
    inverted.write_bytes(invert_velocities(trr_double(5, 0.1, x, v)))
    assert np.array_equal(read_trr_frame(inverted, 0).velocities, -v)
    assert np.array_equal(read_trr_frame(inverted, 0).positions, x)


def test_xtc_for_very_large_systems(tmp_path: Path):
    path = write_xdr(tmp_path / "a.xtc", 3)
    index = index_frames(path)
    data = path.read_bytes()
    big = tmp_path / "b.xtc"
    pairs = zip(index.offsets, index.sizes, strict=True)
    big.write_bytes(b"".join(xtc_with_64_bit_sizes(data[o : o + s]) for o, s in pairs))
    found = index_frames(big)
    assert np.array_equal(found.sizes, index.sizes + 4)
    assert np.array_equal(found.steps, index.steps)
    assert found.tail_bytes == 0


@settings(max_examples=60, deadline=None)
@given(st.data(), SUFFIXES, st.sampled_from([2, 12]))
def test_a_file_cut_anywhere_keeps_its_whole_frames(data: st.DataObject, suffix: str, n_atoms: int):
    with tempfile.TemporaryDirectory() as folder:
        path = write_xdr(Path(folder) / f"a{suffix}", 4, n_atoms)
        whole = index_frames(path)
        cut = data.draw(st.integers(0, path.stat().st_size))
        with path.open("r+b") as file:
            file.truncate(cut)
        expected = int(np.sum(whole.offsets + whole.sizes <= cut))
        torn = index_frames(path)
        assert len(torn) == expected
        assert torn.tail_bytes == cut - torn.end
        mended = truncate_to_whole_frames(path)
        assert len(mended) == len(index_frames(path)) == expected
        assert path.stat().st_size == mended.end
        assert index_frames(path).tail_bytes == 0


def test_zeros_that_a_crashed_machine_left_are_a_tail(file: Path):
    whole = index_frames(file)
    with file.open("ab") as handle:
        handle.write(bytes(5000))
    assert index_frames(file).tail_bytes == 5000
    truncate_to_whole_frames(file)
    assert np.array_equal(index_frames(file).offsets, whole.offsets)
    assert file.stat().st_size == whole.end


def test_damage_between_frames_is_an_error_and_nothing_is_cut(file: Path):
    index = index_frames(file)
    with file.open("r+b") as handle:
        handle.seek(int(index.offsets[3]))
        handle.write(b"nonsense")
    before = file.read_bytes()
    with pytest.raises(ValueError, match=rf"{file.name} is damaged after 3 whole frames"):
        truncate_to_whole_frames(file)
    assert file.read_bytes() == before


def test_other_damage(tmp_path: Path):
    text = tmp_path / "a.xtc"
    text.write_text("no trajectory")
    with pytest.raises(ValueError, match=r"a\.xtc is no XTC or TRR file"):
        index_frames(text)
    mixed = tmp_path / "m.trr"
    one, two = write_xdr(tmp_path / "1.trr", 2, 3), write_xdr(tmp_path / "2.trr", 2, 4)
    mixed.write_bytes(one.read_bytes() + two.read_bytes())
    with pytest.raises(ValueError, match="4 atoms instead of 3"):
        index_frames(mixed)
    mixed.write_bytes(one.read_bytes() + write_xdr(tmp_path / "1.xtc", 1, 3).read_bytes())
    with pytest.raises(ValueError, match="a frame of a XTC file"):
        index_frames(mixed)
    xtc = write_xdr(tmp_path / "b.xtc", 2)
    data = bytearray(xtc.read_bytes())
    data[88:92] = b"\x7f\xff\xff\xff"
    xtc.write_bytes(data)
    with pytest.raises(ValueError, match="a compressed size of 2147483647"):
        index_frames(xtc)
    with pytest.raises(FileNotFoundError):
        index_frames(tmp_path / "missing.xtc")
    with pytest.raises(ValueError, match="no TRR frame at byte 8"):
        read_trr_frame(one, 8)
    with pytest.raises(TruncatedTrajectoryError, match="ends within the frame"):
        read_trr_frame(one, one.stat().st_size - 4)


def test_an_empty_file_has_no_frames(tmp_path: Path):
    empty = tmp_path / "a.xtc"
    empty.touch()
    index = index_frames(empty)
    assert (len(index), index.n_atoms, index.kind, index.end) == (0, 0, "", 0)
    assert len(truncate_to_whole_frames(empty)) == 0


@settings(max_examples=40, deadline=None)
@given(SUFFIXES, st.lists(st.integers(0, 5), max_size=12))
def test_copied_frames_are_the_bytes_of_the_frames(suffix: str, selection: list[int]):
    with tempfile.TemporaryDirectory() as folder:
        path = write_xdr(Path(folder) / f"a{suffix}", 6)
        index, data = index_frames(path), path.read_bytes()
        pieces = [data[o : o + s] for o, s in zip(index.offsets, index.sizes, strict=True)]
        out = io.BytesIO()
        assert copy_frames(path, index, selection, out) == len(selection)
        assert out.getvalue() == b"".join(pieces[i] for i in selection)


def test_copying_notices_that_the_file_became_shorter(file: Path):
    index = index_frames(file)
    with file.open("r+b") as handle:
        handle.truncate(index.end - 1)
    with pytest.raises(TruncatedTrajectoryError, match="became shorter"):
        copy_frames(file, index, slice(None), io.BytesIO())


def test_an_index_can_be_continued_and_is_not_writable(file: Path):
    whole = index_frames(file)
    first = whole.take(slice(0, 2))
    rest = index_frames(file, start_offset=first.end)
    joined = join_indices(first, rest)
    for name in ("offsets", "sizes", "steps", "times"):
        assert np.array_equal(getattr(joined, name), getattr(whole, name))
    with pytest.raises(ValueError, match="read-only"):
        joined.steps[0] = 3


@settings(max_examples=200, deadline=None)
@given(
    first=st.integers(0, 5 * 2**32),
    n_frames=st.integers(3, 50),
    nstout=st.integers(500, 50_000),
    dt=st.sampled_from([0.001, 0.002, 0.004]),
)
def test_steps_beyond_32_bit(first: int, n_frames: int, nstout: int, dt: float):
    steps = first + nstout * np.arange(n_frames, dtype=np.int64)
    times = (steps * dt).astype(np.float32).astype(np.float64)
    if float(np.spacing(np.float32(times[-1]))) > 0.02 * (times[-1] - times[0]):
        times = steps * dt  # single precision can't even tell the frames apart
    raw = (steps + 2**31) % 2**32 - 2**31
    assert np.array_equal(unwrap_steps(raw, times), steps)


@pytest.mark.parametrize("first", [2**32 - 100, 3 * 2**31, 2**33 + 50, 4295050000, 8590030000])
@pytest.mark.parametrize(("n_frames", "nstout"), [(1, 50), (5, 50), (3, 5000), (20, 5000)])
def test_steps_whose_times_are_too_coarse_to_tell_their_length(first, n_frames, nstout):
    steps = first + nstout * np.arange(n_frames, dtype=np.int64)
    times = (steps * 0.002).astype(np.float32).astype(np.float64)
    raw = (steps + 2**31) % 2**32 - 2**31
    assert np.array_equal(unwrap_steps(raw, times), steps)
    assert np.array_equal(unwrap_steps(raw[::-1], times[::-1]), steps[::-1])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.floats(0, 1e8, width=32)), min_size=1)
)
def test_no_step_is_negative(frames: list[tuple[int, float]]):
    raw, times = np.array([step for step, _ in frames]), np.array([time for _, time in frames])
    steps = unwrap_steps(raw, times)
    assert np.min(steps) >= 0
    assert np.array_equal(steps % 2**32, raw % 2**32)


def test_steps_that_go_back_or_stand_alone():
    def no_times(n: int) -> np.ndarray:
        return np.zeros(n)

    assert unwrap_steps(np.array([5, 3, 1, 0, 4]), no_times(5)).tolist() == [5, 3, 1, 0, 4]
    assert unwrap_steps(np.array([2 - 2**31]), no_times(1)).tolist() == [2**31 + 2]
    assert unwrap_steps(np.array([], dtype=np.int64), no_times(0)).tolist() == []
    across = np.array([2**31 - 10, 2**31, 2**31 + 10]) - np.array([0, 2**32, 2**32])
    assert unwrap_steps(across, no_times(3)).tolist() == [2**31 - 10, 2**31, 2**31 + 10]
    # times that were not counted from step 0 must not move the steps
    many = np.arange(0, 500_000, 500)
    assert unwrap_steps(many, 7e6 + 0.002 * many).tolist() == many.tolist()


def test_the_module_is_light_enough_for_a_worker_process():
    code = (
        "import sys, asyncmd_jupyter.frames.xdr;"
        "heavy = {'MDAnalysis', 'openmm', 'filelock', 'matplotlib', 'IPython', 'asyncio'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["xtc", "trr"]), st.integers(0, 10_000), st.integers(0, 255))
def test_headers_are_looked_at_as_closely_after_many_alike(kind: str, place: int, value: int):
    """A changed byte of a header is either noticed, or it changes just what it says."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_xdr(Path(folder) / f"a.{kind}", 8, n_atoms=20)
        before = index_frames(path)
        header_bytes = 92 if kind == "xtc" else 84
        data = bytearray(path.read_bytes())
        position = int(before.offsets[4]) + place % header_bytes
        data[position] = value
        path.write_bytes(data)
        alone = Path(folder) / f"b.{kind}"
        alone.write_bytes(data[int(before.offsets[4]) :])
        try:
            after = index_frames(path)
        except ValueError:
            return
        rest = index_frames(alone) if len(after) > 4 else after.take(slice(0, 0))
        assert np.array_equal(after.sizes[4:], rest.sizes)
        assert np.array_equal(after.times[4:], rest.times, equal_nan=True)
        assert np.array_equal(after.sizes[:4], before.sizes[:4])
