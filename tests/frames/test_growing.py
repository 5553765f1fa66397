from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from frame_samples import write_xdr
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.frames.xdr import (
    TrrFrame,
    index_frames,
    truncate_to_whole_frames,
    write_trr_frame,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([".xtc", ".trr"]), st.lists(st.integers(0, 400), max_size=30))
def test_frames_are_seen_as_soon_as_they_are_whole(suffix: str, writes: list[int]):
    with tempfile.TemporaryDirectory() as folder:
        whole = write_xdr(Path(folder) / f"whole{suffix}", 6)
        data, index = whole.read_bytes(), index_frames(whole)
        ends = index.offsets + index.sizes
        growing = GrowingFile(Path(folder) / f"growing{suffix}")
        written, steps = 0, []
        with growing.path.open("wb", buffering=0) as file:
            for n_bytes in [*writes, len(data)]:
                file.write(data[written : written + n_bytes])
                written = min(written + n_bytes, len(data))
                new = growing.poll()
                steps += new.steps.tolist()
                assert len(growing.index) == np.sum(ends <= written) == len(steps)
        assert steps == index.steps.tolist()
        assert growing.restarts == 0
        assert np.array_equal(growing.index.offsets, index.offsets)


def test_a_file_that_does_not_exist_yet(tmp_path: Path):
    growing = GrowingFile(tmp_path / "later.trr")
    assert len(growing.poll()) == 0
    (tmp_path / "later.trr").touch()
    assert len(growing.poll()) == 0
    write_xdr(tmp_path / "later.trr", 2)
    assert len(growing.poll()) == 2
    (tmp_path / "later.trr").unlink()
    assert len(growing.poll()) == 0
    assert len(growing.index) == 2


def test_a_file_that_is_no_trajectory(tmp_path: Path):
    (tmp_path / "a.trr").write_text("text" * 50)
    with pytest.raises(ValueError, match="is no XTC or TRR file"):
        GrowingFile(tmp_path / "a.trr").poll()


def test_a_restart_begins_anew(tmp_path: Path):
    path = write_xdr(tmp_path / "a.trr", 5)
    growing = GrowingFile(path)
    growing.poll()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 10)
    truncate_to_whole_frames(path)
    assert growing.poll().steps.tolist() == [0, 10, 20, 30]
    assert growing.restarts == 1
    # written anew in place, and longer than before
    path.write_bytes(write_xdr(tmp_path / "b.trr", 7, first=100).read_bytes())
    assert growing.poll().steps.tolist() == [1000 + 10 * i for i in range(7)]
    # replaced by another file with the same beginning
    write_xdr(tmp_path / "c.trr", 8, first=100).replace(path)
    assert len(growing.poll()) == 8
    assert growing.restarts == 3


def test_steps_past_32_bit_become_right_with_the_second_frame(tmp_path: Path):
    steps = [2**32 + i * 10_000_000 for i in range(20)]
    data = write_xdr(tmp_path / "a.trr", 20, steps=steps).read_bytes()
    index = index_frames(tmp_path / "a.trr")
    growing = GrowingFile(tmp_path / "b.trr")
    growing.path.write_bytes(data[: int(index.offsets[1])])
    growing.poll()
    growing.path.write_bytes(data)
    growing.poll()
    assert growing.index.steps.tolist() == steps


def test_a_snippet_is_a_file_of_whole_frames(tmp_path: Path):
    path = write_xdr(tmp_path / "a.xtc", 5)
    with path.open("ab") as file:
        file.write(path.read_bytes()[:50])
    growing = GrowingFile(path)
    growing.poll()
    snippet = growing.snippet(1, 4, tmp_path / "part")
    assert snippet == tmp_path / "part.xtc"
    assert index_frames(snippet).steps.tolist() == [10, 20, 30]
    assert growing.snippet(0, 5, tmp_path / "part.xtc") == snippet
    assert len(index_frames(snippet)) == 5
    with pytest.raises(FileExistsError):
        growing.snippet(0, 5, snippet, overwrite=False)
    with pytest.raises(ValueError, match="one of the files that are read"):
        growing.snippet(0, 5, path)
    with pytest.raises(ValueError, match="no frames 5:7"):
        growing.snippet(5, 7, tmp_path / "other")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.xtc", "part.xtc"]


WRITER = """
import sys
import numpy as np
from asyncmd_jupyter.frames.xdr import TrrFrame, write_trr_frame
with open(sys.argv[1], "wb") as file:
    for step in range(0, 10**9, 10):
        x = np.full((50, 3), step, dtype=np.float32)
        write_trr_frame(file, TrrFrame(step, step * 0.002, np.eye(3), x, x))
        file.flush()
"""


def test_a_writer_that_is_killed(tmp_path: Path):
    path = tmp_path / "a.trr"
    root = str(Path(__file__).parents[2])
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], env={"PYTHONPATH": root})
    growing, seen = GrowingFile(path), []
    try:
        while len(seen) < 2000:
            assert writer.poll() is None
            seen += growing.poll().steps.tolist()
    finally:
        writer.kill()
        writer.wait()
    truncate_to_whole_frames(path)
    seen += growing.poll().steps.tolist()
    assert growing.restarts == 0
    assert seen == list(range(0, 10 * len(seen), 10))
    assert len(index_frames(path)) == len(seen)


def test_many_looks_keep_few_pieces(tmp_path):
    path = tmp_path / "long.trr"
    growing = GrowingFile(path)
    for step in range(300):
        with path.open("ab") as file:
            frame = TrrFrame(step, 0.1 * step, np.zeros((3, 3)), np.full((2, 3), step), None)
            write_trr_frame(file, frame)
        assert growing.poll().steps.tolist() == [step]
    assert len(growing._pieces) < 10
    assert len(growing) == 300
    assert growing.index.steps.tolist() == list(range(300))
    assert growing.index.offsets.tolist() == index_frames(path).offsets.tolist()
    copied = growing.snippet(17, 288, tmp_path / "part.trr")
    assert index_frames(copied).steps.tolist() == list(range(17, 288))
