"""Locks, also on file systems that have none."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncmd_jupyter.errors import NoFileLocksWarning
from asyncmd_jupyter.files import lock_file, locking
from asyncmd_jupyter.files.locking import claimed, locked

N_PROCESSES, N_ROUNDS = 4, 50


def without_locks(number: int) -> Callable[..., None]:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return flock


@pytest.fixture(params=["flock", errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def kind(request, monkeypatch):
    if request.param != "flock":
        monkeypatch.setattr(fcntl, "flock", without_locks(request.param))
        warnings.simplefilter("ignore", NoFileLocksWarning)
    return request.param


def n_open() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def count_up(path: Path, kind: int | str) -> None:
    if kind != "flock":
        fcntl.flock = without_locks(int(kind))
        warnings.simplefilter("ignore", NoFileLocksWarning)
    for _ in range(N_ROUNDS):
        with locked(path, write=True) as descriptor:
            number = int(os.pread(descriptor, 20, 0) or b"0")
            os.pwrite(descriptor, str(number + 1).encode(), 0)


@pytest.mark.parametrize("kind", ["flock", errno.ENOLCK])
def test_one_process_at_a_time(tmp_path: Path, kind):
    path = tmp_path / "number"
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=count_up, args=(path, kind)) for _ in range(N_PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert path.read_text() == str(N_PROCESSES * N_ROUNDS)
    assert [each.name for each in tmp_path.iterdir()] == ["number"]


def test_nothing_stays_open_or_behind(tmp_path: Path, kind):
    path, before = tmp_path / "a", n_open()
    for _ in range(20):
        with locked(path, write=True), pytest.raises(ZeroDivisionError):
            1 / 0  # noqa: B018
        with locked(path, write=False):
            pass
        with claimed(tmp_path / "b") as is_ours:
            assert is_ours
    assert n_open() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_an_error_of_the_lock_leaves_nothing_open(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", without_locks(errno.EIO))
    before = n_open()
    for _ in range(20):
        with pytest.raises(OSError, match="Input/output"), locked(tmp_path / "a", write=True):
            pass
    assert n_open() == before


def test_a_claim_is_not_waited_for(tmp_path: Path, kind):
    with claimed(tmp_path / "a") as first, claimed(tmp_path / "a") as second:
        assert (first, second) == (True, False)
    with claimed(tmp_path / "a") as again:
        assert again


def test_the_lack_of_locks_is_told_once(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", without_locks(errno.ENOLCK))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for name in ("a", "b", "a"):
            with locked(tmp_path / name, write=True):
                pass
    [warning] = said
    assert warning.category is NoFileLocksWarning
    assert str(tmp_path) in str(warning.message)


def test_what_can_only_be_read_is_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", without_locks(errno.ENOLCK))
    warnings.simplefilter("ignore", NoFileLocksWarning)
    (tmp_path / "a").write_text("text")

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "denied", str(path))

    monkeypatch.setattr(locking.LockFile, "acquired", refuse)
    with locked(tmp_path / "a", write=False) as descriptor:
        assert os.read(descriptor, 10) == b"text"


class TestLockFiles:
    """Those that a process has left."""

    def left(self, folder: Path, **owner: object) -> Path:
        path = folder / ".a.lock-file"
        path.write_text(json.dumps({"host": lock_file._host(), "pid": os.getpid(), **owner}))
        return path

    def is_free(self, folder: Path) -> bool:
        """The first attempt removes a stale one, the second one gets it."""
        for _ in range(2):
            try:
                lock_file.LockFile.acquired(folder / "a").release()
            except BlockingIOError:
                continue
            return True
        return False

    def test_of_a_process_that_goes_on(self, tmp_path: Path):
        path = self.left(tmp_path)
        os.utime(path, (0, 0))
        assert not self.is_free(tmp_path)

    def test_of_a_process_that_has_ended(self, tmp_path: Path):
        process = multiprocessing.get_context("spawn").Process(target=int)
        process.start()
        process.join()
        self.left(tmp_path, pid=process.pid)
        assert self.is_free(tmp_path)
        assert not list(tmp_path.iterdir())

    def test_of_another_host(self, tmp_path: Path):
        path = self.left(tmp_path, host="elsewhere", pid=1)
        assert not self.is_free(tmp_path)
        os.utime(path, (0, 0))
        assert self.is_free(tmp_path)

    @pytest.mark.parametrize("text", ["", "[" * 9, '{"host": 1}', "null"])
    def test_what_can_t_be_read(self, tmp_path: Path, text: str):
        path = self.left(tmp_path)
        path.write_text(text)
        assert not self.is_free(tmp_path)
        os.utime(path, (0, 0))
        assert self.is_free(tmp_path)
