from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from frame_samples import write_gro, write_xdr

from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.npz_store import npz_cache_path
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("runtime")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_gro(tmp_path / "conf.gro")
    write_xdr(tmp_path / "a.xtc")
    write_xdr(tmp_path / "b.xtc", first=5)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=["npz", "memory", "h5py"])
def caches(request: pytest.FixtureRequest, folder: Path) -> Iterator[ValueCaches]:
    caches = ValueCaches.current()
    if request.param != "h5py":
        caches.use(request.param)
        yield caches
        return
    with h5py.File(folder / "values.h5", "w") as file:
        caches.register_h5py(file)
        yield caches


@pytest.fixture
def trajectory(folder: Path) -> Trajectory:
    return Trajectory("a.xtc", "conf.gro")


VALUES = np.linspace(0, 1, 5)


def test_what_is_stored_is_loaded(caches: ValueCaches, trajectory: Trajectory):
    assert caches.load(trajectory, "f") is None
    for number, values in enumerate(
        (
            VALUES,
            VALUES > 0.5,
            VALUES.astype(">f4"),
            VALUES * 1j,
            np.arange(30, dtype=np.uint8).reshape(5, 2, 3)[:, ::-1],
            np.zeros((5, 0)),
            np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324]),
        )
    ):
        caches.store(trajectory, f"f{number}", values)
        found = caches.load(trajectory, f"f{number}")
        assert found is not None
        assert found.dtype == values.dtype
        assert np.array_equal(found, values, equal_nan=values.dtype.kind == "f")
    assert caches.load(trajectory, "f") is None


def test_what_is_handed_out_does_not_change_what_is_kept(
    caches: ValueCaches, trajectory: Trajectory
):
    mine = VALUES.copy()
    caches.store(trajectory, "f", mine)
    mine[:] = 7
    found = caches.load(trajectory, "f")
    found[:] = 8
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)


def test_values_are_shared_by_content(caches: ValueCaches, trajectory: Trajectory, folder: Path):
    (folder / "copies").mkdir()
    shutil.copy("a.xtc", "copies/c.xtc")
    copy, other = Trajectory("copies/c.xtc", "conf.gro"), Trajectory("b.xtc", "conf.gro")
    caches.store(trajectory, "f", VALUES)
    assert np.array_equal(caches.load(Trajectory("a.xtc", "conf.gro"), "f"), VALUES)
    assert np.array_equal(caches.load(copy, "f"), VALUES)
    assert caches.load(other, "f") is None
    copy.clear_all_cache_values()
    assert caches.load(trajectory, "f") is None


def test_a_second_value_replaces_the_first(caches: ValueCaches, trajectory: Trajectory):
    for values in (VALUES, VALUES, VALUES + 1, np.vstack([VALUES] * 50).T):
        caches.store(trajectory, "g", VALUES)
        caches.store(trajectory, "f", values)
        assert np.array_equal(caches.load(trajectory, "f"), values)
        assert np.array_equal(caches.load(trajectory, "g"), VALUES)


@pytest.mark.parametrize(
    "values", [np.zeros(4), np.float64(3), np.array(["a"] * 5), np.array([None] * 5), []]
)
def test_other_results_are_refused(caches: ValueCaches, trajectory: Trajectory, values: object):
    with pytest.raises(ValueError, match="one row of numbers for each of the 5 frames"):
        caches.store(trajectory, "f", values)
    assert caches.load(trajectory, "f") is None


def test_clearing_one_trajectory_leaves_the_others(caches: ValueCaches, folder: Path):
    one = Trajectory(["a.xtc", "b.xtc"], "conf.gro")
    two = Trajectory(["a.xtc", "a.xtc"], "conf.gro")
    assert npz_cache_path(one.paths) == npz_cache_path(two.paths)
    for trajectory in (one, two):
        caches.store(trajectory, "f", np.arange(10))
    one.clear_all_cache_values()
    assert caches.load(one, "f") is None
    assert np.array_equal(caches.load(two, "f"), np.arange(10))
    two.clear_all_cache_values()
    assert not npz_cache_path(two.paths).exists()


def test_the_place_of_the_file_and_that_numpy_reads_it(folder: Path, trajectory: Trajectory):
    ValueCaches.current().store(trajectory, "f", VALUES)
    both = Trajectory(["a.xtc", "b.xtc"], "conf.gro")
    ValueCaches.current().store(both, "f", np.arange(10))
    hidden = sorted(path.name for path in folder.iterdir() if path.name.startswith("."))
    assert hidden == [
        ".a.xtc_MULTIPART_asyncmd_cv_cache.npz",
        ".a.xtc_asyncmd_cv_cache.npz",
    ]
    with np.load(".a.xtc_asyncmd_cv_cache.npz") as file:
        assert [file[name].tolist() for name in file.files] == [VALUES.tolist()]


def test_switching_takes_values_along(folder: Path, trajectory: Trajectory):
    caches = ValueCaches.current()
    path = npz_cache_path(trajectory.paths)
    caches.store(trajectory, "f", VALUES)
    caches.use("MEMORY", clear_old_cache=True)
    assert caches.type == "memory"
    assert not path.exists()
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    caches.use("npz", copy_content=False)
    assert caches.load(trajectory, "f") is None
    trajectory.update_cache_type(clear_old_cache=True)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    caches.use("memory", copy_content=False)
    assert caches.load(trajectory, "f") is None
    with pytest.raises(ValueError, match="no cache type 'nps'"):
        caches.use("nps")


def test_switching_survives_a_trajectory_that_is_gone(
    folder: Path, trajectory: Trajectory, caplog: pytest.LogCaptureFixture
):
    caches = ValueCaches.current()
    caches.store(trajectory, "f", VALUES)
    write_xdr(folder / "a.xtc", 2)
    caches.use("memory")
    assert "stay where they are" in caplog.text


def test_values_in_memory_live_as_long_as_a_trajectory(folder: Path):
    caches = ValueCaches.current()
    caches.use("memory")
    one, two = Trajectory("a.xtc", "conf.gro"), Trajectory("a.xtc", "conf.gro")
    caches.store(one, "f", VALUES)
    assert caches.load(two, "f") is not None
    del one
    assert caches.load(two, "f") is not None
    del two
    gc.collect()
    assert caches.load(Trajectory("a.xtc", "conf.gro"), "f") is None


def test_values_of_changed_files_are_not_mixed_up(folder: Path, trajectory: Trajectory):
    caches = ValueCaches.current()
    caches.store(trajectory, "f", VALUES)
    write_xdr(folder / "a.xtc", 5, first=9)
    with pytest.raises(RuntimeError, match="changed"):
        caches.store(trajectory, "g", VALUES)
    assert caches.load(Trajectory("a.xtc", "conf.gro"), "f") is None


def test_a_folder_that_takes_no_files(
    folder: Path, trajectory: Trajectory, caplog: pytest.LogCaptureFixture
):
    caches = ValueCaches.current()
    npz_cache_path(trajectory.paths).mkdir()  # root may write everywhere, but not this
    with caplog.at_level(logging.WARNING):
        caches.store(trajectory, "f", VALUES)
    assert "kept in memory only" in caplog.text
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    npz_cache_path(trajectory.paths).rmdir()
    trajectory.update_cache_type()
    assert npz_cache_path(trajectory.paths).exists()


def test_threads_lose_nothing(caches: ValueCaches, trajectory: Trajectory):
    names = [f"f{i}" for i in range(200)]

    def store(some: list[str]) -> None:
        for name in some:
            caches.store(trajectory, name, np.full(5, int(name[1:])))
            assert caches.load(trajectory, name) is not None

    threads = [threading.Thread(target=store, args=(names[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [int(caches.load(trajectory, name)[0]) for name in names] == list(range(200))


def start_writer(name: str, how_many: int) -> subprocess.Popen[str]:
    script = Path(__file__).with_name("store_forever.py")
    return subprocess.Popen(
        [sys.executable, str(script), "a.xtc", "conf.gro", name, str(how_many)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_processes_lose_nothing(folder: Path, trajectory: Trajectory):
    writers = [start_writer(name, 150) for name in "abcd"]
    stored = [line.strip() for writer in writers for line in writer.communicate()[0].splitlines()]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert len(stored) == 600
    caches = ValueCaches.current()
    for function_id in stored:
        found = caches.load(trajectory, function_id)
        assert found is not None
        assert found.tolist() == [int(function_id.split("-")[1])] * 5
    assert len(np.load(npz_cache_path(trajectory.paths)).files) == 600


async def kill_after(writer: subprocess.Popen[str], lines: int) -> list[str]:
    """Read so many lines, kill it somewhere in what follows, and return all it said."""

    def read() -> list[str]:
        said = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        return said + writer.stdout.readlines()

    said = await asyncio.to_thread(read)
    await asyncio.to_thread(writer.wait)
    return [line.strip() for line in said if line.endswith("\n")]


async def test_killed_processes_lose_nothing_that_was_stored(folder: Path, trajectory: Trajectory):
    generator = random.Random(5)
    stored: list[str] = []
    for round_number in range(6):
        writers = [start_writer(f"{round_number}{name}", 100_000) for name in "abc"]
        said = await asyncio.gather(
            *(kill_after(writer, generator.randint(1, 120)) for writer in writers)
        )
        stored += [function_id for one in said for function_id in one]
        for writer in writers:
            writer.stdout.close()
    caches = ValueCaches.current()
    for function_id in stored:
        found = await asyncio.to_thread(caches.load, trajectory, function_id)
        assert found is not None, function_id
        assert found.tolist() == [int(function_id.split("-")[1])] * 5
    caches.store(trajectory, "last", VALUES)
    with np.load(npz_cache_path(trajectory.paths)) as file:
        assert len(file.files) > len(stored) > 18
