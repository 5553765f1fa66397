"""Files of the predecessor lie under the name of ours: nothing in them is lost or misread."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.npz_foreign import beside_foreign
from asyncmd_jupyter.frames.npz_store import npz_cache_path
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("runtime", "folder")
VALUES = np.linspace(0, 1, 5)


@pytest.fixture
def trajectory() -> Trajectory:
    return Trajectory("a.xtc", "conf.gro")


def write_plain(path: Path) -> None:
    np.savez(path, ids=np.array(["f", "g"]), f=np.arange(5), g=np.arange(5.0))


def write_packed(path: Path) -> None:
    np.savez_compressed(path, f=np.arange(5))


def write_name_as_long_as_ours(path: Path) -> None:
    np.savez(path, **{"f" * 49: np.arange(5)})


def write_unfinished(path: Path) -> None:
    write_plain(path)
    path.write_bytes(path.read_bytes()[:300])


def write_other_archive(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "mine")


KINDS = [
    write_plain,
    write_packed,
    write_name_as_long_as_ours,
    write_unfinished,
    write_other_archive,
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def foreign(request: pytest.FixtureRequest, trajectory: Trajectory) -> Path:
    path = npz_cache_path(trajectory.paths)
    request.param(path)
    return path


def seen(path: Path) -> tuple[bytes, int, int]:
    found = path.stat()
    return path.read_bytes(), found.st_mtime_ns, found.st_ino


def test_it_is_left_as_it_is_and_ours_goes_beside(foreign: Path, trajectory: Trajectory):
    before, caches = seen(foreign), ValueCaches.current()
    for function_id in ("f", "g", "ids"):
        assert caches.load(trajectory, function_id) is None
    caches.store(trajectory, "f", VALUES)
    caches.store(trajectory, "f", VALUES + 1)
    caches.store(trajectory, "h", VALUES)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES + 1)
    assert np.array_equal(ValueCaches().load(trajectory, "h"), VALUES)
    assert sorted(dict(ValueCaches()._stores["npz"].items(trajectory))) == ["f", "h"]
    assert seen(foreign) == before
    with np.load(beside_foreign(foreign)) as archive:
        assert len(archive.files) == 2


def test_clearing_removes_ours_only(foreign: Path, trajectory: Trajectory):
    before, caches = seen(foreign), ValueCaches.current()
    trajectory.clear_all_cache_values()
    assert seen(foreign) == before
    caches.store(trajectory, "f", VALUES)
    trajectory.clear_all_cache_values()
    assert caches.load(trajectory, "f") is None
    assert seen(foreign) == before
    assert not beside_foreign(foreign).exists()


def test_switching_takes_ours_along_and_leaves_the_foreign_file(
    foreign: Path, trajectory: Trajectory
):
    before, caches = seen(foreign), ValueCaches.current()
    caches.store(trajectory, "f", VALUES)
    caches.use("memory", clear_old_cache=True)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    caches.use("npz", clear_old_cache=True)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    assert seen(foreign) == before


def test_it_is_said_once(foreign: Path, trajectory: Trajectory, caplog: pytest.LogCaptureFixture):
    caches = ValueCaches.current()
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            caches.store(trajectory, f"f{number}", VALUES)
    assert caplog.text.count("written by another program and is left as it is") == 1
    assert ".a.xtc_asyncmd_jupyter_cv_cache.npz" in caplog.text


def test_when_it_is_gone_the_values_beside_it_still_count(foreign: Path, trajectory: Trajectory):
    caches = ValueCaches.current()
    caches.store(trajectory, "f", VALUES)
    foreign.unlink()
    for known in (caches, ValueCaches()):
        assert np.array_equal(known.load(trajectory, "f"), VALUES)
    caches.store(trajectory, "f", VALUES + 1)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES + 1)
    trajectory.clear_all_cache_values()
    assert not foreign.exists()
    assert not beside_foreign(foreign).exists()


def test_one_that_appears_in_place_of_ours(trajectory: Trajectory):
    """What it overwrote is computed again, not misread."""
    caches, path = ValueCaches.current(), npz_cache_path(trajectory.paths)
    caches.store(trajectory, "f", VALUES)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    write_plain(path)
    before = seen(path)
    assert caches.peek(trajectory, "f") is None
    assert caches.load(trajectory, "f") is None
    caches.store(trajectory, "f", VALUES + 1)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES + 1)
    assert seen(path) == before


def test_several_files_have_a_name_of_their_own():
    both = Trajectory(["a.xtc", "b.xtc"], "conf.gro")
    write_plain(npz_cache_path(both.paths))
    ValueCaches.current().store(both, "f", np.arange(10))
    assert Path(".a.xtc_MULTIPART_asyncmd_jupyter_cv_cache.npz").exists()
