from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncmd_jupyter.files.locking import locked
from asyncmd_jupyter.frames import npz_format, npz_store
from asyncmd_jupyter.frames.npz_format import MAX_ID_BYTES, TAIL_BYTES, Tail, pack_record
from asyncmd_jupyter.frames.npz_store import NpzFiles

HASH = 0xABC


def value_of(number: int) -> np.ndarray:
    return np.full((3 + number % 5, 2), number, dtype=float)


def fill(path: Path, numbers: range) -> NpzFiles:
    files = NpzFiles()
    for number in numbers:
        files.store(path, HASH, f"f{number}", value_of(number))
    return files


def damage(data: st.DataObject, content: bytes) -> bytes:
    """Cut, overwrite, blank, or replace a file in one of many ways."""
    start = data.draw(st.integers(0, len(content)))
    junk = data.draw(st.binary(max_size=300))
    blank = bytes(data.draw(st.integers(0, 3000)))
    return data.draw(
        st.sampled_from(
            [
                content[:start],
                content[:start] + junk + content[start + len(junk) :],
                content[:start] + blank + content[start + len(blank) :],
                content[:start] + junk,
                content + junk,
                junk,
                b"",
                b"PK\x05\x06" + bytes(18),
                content[-TAIL_BYTES:],
                bytes(len(content)),
            ]
        )
    )


@settings(max_examples=100, deadline=None)
@given(st.data(), st.booleans(), st.integers(1, 12))
def test_a_torn_file_is_mended(data: st.DataObject, fresh: bool, n_values: int):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.npz"
        files = fill(path, range(n_values))
        path.write_bytes(damage(data, path.read_bytes()))
        files = NpzFiles() if fresh else files
        for number in range(n_values):
            found = files.load(path, HASH, f"f{number}")
            assert found is None or np.array_equal(found, value_of(number))
        files.items(path, HASH)
        for number in range(n_values + 1):
            files.store(path, HASH, f"f{number}", value_of(number))
        for reader in (files, NpzFiles()):
            for number in range(n_values + 1):
                assert np.array_equal(reader.load(path, HASH, f"f{number}"), value_of(number))
        # Who remembers the directory does not see damage there; whoever comes next mends it.
        NpzFiles().store(path, HASH, "last", value_of(0))
        with np.load(path) as archive:
            assert len(archive.files) == n_values + 2
            assert all(archive[name].shape[1] == 2 for name in archive.files)
        assert list(Path(folder).iterdir()) == [path]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2000)), max_size=40))
def test_any_sequence_of_values_is_kept(operations: list[tuple[int, int]]):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.npz"
        writers, expected = (NpzFiles(), NpzFiles()), {}
        for turn, (number, size) in enumerate(operations):
            values = np.arange(size) + turn
            writers[turn % 2].store(path, HASH, f"f{number}", values)
            expected[f"f{number}"] = values
        for reader in (*writers, NpzFiles()):
            found = dict(reader.items(path, HASH))
            assert found.keys() == expected.keys()
            for name, values in expected.items():
                assert np.array_equal(reader.load(path, HASH, name), values)
                assert np.array_equal(found[name], values)


def test_a_write_that_stops_anywhere_loses_nothing_older(tmp_path: Path, monkeypatch):
    """Stop each store after every possible number of bytes, as a killed process may."""
    path = tmp_path / "c.npz"

    class KilledError(Exception):
        pass

    def stop_after(limit: int) -> None:
        left = limit

        def write(file: int, data: bytes, offset: int) -> None:
            nonlocal left
            os.pwrite(file, data[:left], offset)
            left -= len(data)
            if left < 0:
                raise KilledError

        monkeypatch.setattr(npz_store, "_write_at", write)

    n_bytes = len(pack_record(b"x" * 53, "g", value_of(7))) + npz_format.ENTRY_BYTES + TAIL_BYTES
    for limit in range(0, n_bytes, 3):
        path.unlink(missing_ok=True)
        fill(path, range(4))
        stop_after(limit)
        with pytest.raises(KilledError):
            NpzFiles().store(path, HASH, "g", value_of(7))
        monkeypatch.undo()
        files = NpzFiles()
        for number in range(4):
            assert np.array_equal(files.load(path, HASH, f"f{number}"), value_of(number))
        files.store(path, HASH, "h", value_of(1))
        assert len(files.items(path, HASH)) in (5, 6)


def test_another_function_with_the_same_name_in_the_archive_is_not_taken(tmp_path: Path):
    path = tmp_path / "c.npz"
    name = npz_format.member_name(HASH, "f")
    with locked(path, write=True) as file:
        npz_store._write_anew(path, file, [], pack_record(name, "another", value_of(1)))
    assert NpzFiles().load(path, HASH, "f") is None


def test_the_remembered_directory_notices_a_new_file(tmp_path: Path):
    path = tmp_path / "c.npz"
    one, other = fill(path, range(3)), NpzFiles()
    other.clear(path, HASH)
    assert not path.exists()
    assert one.load(path, HASH, "f0") is None
    other.store(path, HASH, "f1", value_of(4))
    assert one.load(path, HASH, "f0") is None
    assert np.array_equal(one.load(path, HASH, "f1"), value_of(4))
    path.unlink()
    other.clear(path, HASH)
    assert not path.exists()


def test_long_ids_and_what_does_not_fit(tmp_path: Path):
    path = tmp_path / "c.npz"
    files = NpzFiles()
    long = "ä" * (MAX_ID_BYTES // 2)
    files.store(path, HASH, long, value_of(1))
    assert np.array_equal(files.load(path, HASH, long), value_of(1))
    assert np.array_equal(NpzFiles().items(path, HASH)[0][1], value_of(1))
    with pytest.raises(ValueError, match="ids of up to"):
        files.store(path, HASH, long + "ab", value_of(1))


def test_a_tail_must_fit_to_the_file():
    tail = Tail(n_members=3, directory=4096, members_end=100, generation=2)
    size = tail.directory_end + TAIL_BYTES
    assert Tail.unpack(tail.pack(), size) == tail
    assert Tail.unpack(tail.pack(), size + 1) is None
    assert Tail.unpack(tail.pack()[:-1], size) is None
    changed = bytearray(tail.pack())
    changed[30] ^= 1
    assert Tail.unpack(bytes(changed), size) is None


def test_one_value_costs_the_same_among_ten_or_two_thousand(tmp_path: Path):
    few, many = tmp_path / "few.npz", tmp_path / "many.npz"
    files = {few: fill(few, range(10)), many: fill(many, range(2000))}
    spent: dict[Path, list[float]] = {few: [], many: []}
    for number in range(20_000, 20_200):
        for path in (few, many):
            start = time.perf_counter()
            files[path].store(path, HASH, f"f{number}", value_of(number))
            files[path].load(path, HASH, f"f{number}")
            spent[path].append(time.perf_counter() - start)
    assert statistics.median(spent[many]) < 3 * statistics.median(spent[few])
    assert many.stat().st_blocks * 512 < 2.5 * 2000 * 600


def hold_lock(path: Path, pipe) -> None:
    with locked(path, write=True):
        pipe.send("locked")
        pipe.recv()


def test_a_lock_that_is_never_given_back_is_an_error_in_the_end(tmp_path: Path, monkeypatch):
    from asyncmd_jupyter.files import locking

    monkeypatch.setattr(locking, "_PATIENCE_SECONDS", 0.2)
    path = tmp_path / "c.npz"
    fill(path, range(1))
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=hold_lock, args=(path, theirs))
    process.start()
    assert ours.recv() == "locked"
    with pytest.raises(TimeoutError, match="locked by another process"):
        NpzFiles().load(path, HASH, "f0")
    ours.send("go on")
    process.join()
    assert NpzFiles().load(path, HASH, "f0") is not None


def test_a_file_replaced_while_waiting_for_it(tmp_path: Path):
    path = tmp_path / "c.npz"
    path.write_text("old")
    with locked(path, write=True) as old:
        path.unlink()
        with locked(path, write=True) as new:
            assert os.fstat(new).st_ino != os.fstat(old).st_ino


def test_a_link_with_the_name_of_a_temporary_file(tmp_path: Path):
    """Somebody who can write to the folder has put it there."""
    victim, path = tmp_path / "victim", tmp_path / "values.npz"
    victim.write_text("mine")
    (tmp_path / "values.npz.new").symlink_to(victim)
    files = fill(path, range(40))  # written anew several times
    assert victim.read_text() == "mine"
    assert len(files.items(path, HASH)) == 40


def test_a_link_in_place_of_a_cache(tmp_path: Path):
    other = tmp_path / "other.npz"
    fill(other, range(3))
    before = other.read_bytes()
    for name, target in (("link.npz", other), ("nowhere.npz", tmp_path / "made")):
        (tmp_path / name).symlink_to(target)
        with pytest.raises(OSError, match=name):
            NpzFiles().store(tmp_path / name, HASH, "f9", value_of(9))
    assert other.read_bytes() == before
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
@pytest.mark.filterwarnings("ignore::asyncmd_jupyter.errors.NoFileLocksWarning")
def test_without_locks_of_the_file_system(tmp_path: Path, monkeypatch, number: int):
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "values.npz"
    files = fill(path, range(2))
    monkeypatch.setattr(fcntl, "flock", flock)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for name in range(2, 30):
        files.store(path, HASH, f"f{name}", value_of(name))
        assert np.array_equal(NpzFiles().load(path, HASH, f"f{name}"), value_of(name))
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert [entry.name for entry in tmp_path.iterdir()] == ["values.npz"]
    monkeypatch.undo()
    assert len(NpzFiles().items(path, HASH)) == 30
