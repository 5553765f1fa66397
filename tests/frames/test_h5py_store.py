"""Values in HDF5 files of the user: several sources, migration, damage, killed writers."""

from __future__ import annotations

import logging
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from asyncmd_jupyter import config
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.h5py_layout import pair_name, read_pair, write_pair
from asyncmd_jupyter.frames.npz_store import npz_cache_path
from asyncmd_jupyter.frames.trajectory import Trajectory

pytestmark = pytest.mark.usefixtures("runtime", "folder")
ROOT = Path(__file__).parents[2]
VALUES = np.linspace(0, 1, 5)


@pytest.fixture
def caches() -> ValueCaches:
    return ValueCaches.current()


@pytest.fixture
def trajectory() -> Trajectory:
    return Trajectory("a.xtc", "conf.gro")


@pytest.fixture
def file() -> Iterator[h5py.File]:
    with h5py.File("values.h5", "w") as file:
        yield file


def read_only(name: str, trajectory: Trajectory, **values: np.ndarray) -> h5py.File:
    """A file with values that is open for reading."""
    with h5py.File(name, "w") as file:
        for function_id, array in values.items():
            write_pair(file, trajectory.trajectory_hash, function_id, array)
    return h5py.File(name, "r")


def members(group: h5py.Group) -> list[str]:
    found: list[str] = []
    group.visit(found.append)
    return sorted(found)


def test_the_layout_is_that_of_the_predecessor(caches, trajectory, file):
    config.register_h5py_cache(file.create_group("mine"))
    assert caches.type == "h5py"
    caches.store(trajectory, "f", VALUES)
    at = f"mine/asyncmd/TrajectoryFunctionValueCache/{trajectory.trajectory_hash}"
    name = pair_name("f")
    assert file[f"{at}/FunctionIDs/{name}"].asstr()[()] == "f"
    assert np.array_equal(file[f"{at}/FunctionValues/{name}"], VALUES)


def test_a_value_outlives_the_process(caches, trajectory, file):
    config.register_h5py_cache(file)
    caches.store(trajectory, "f", VALUES)
    file.close()
    with h5py.File("values.h5", "r") as again:
        fresh = ValueCaches()
        fresh.register_h5py(again)
        assert np.array_equal(fresh.load(trajectory, "f"), VALUES)


def test_read_only_files_are_searched_and_not_changed(caches, trajectory, file):
    with (
        read_only("one.h5", trajectory, f=VALUES, both=VALUES + 1) as one,
        read_only("two.h5", trajectory, g=VALUES + 2, both=VALUES + 3) as two,
    ):
        config.register_h5py_cache(one)
        assert caches.type == "h5py"
        config.register_h5py_cache(file)
        config.register_h5py_cache(two)
        for function_id, values in {"f": VALUES, "g": VALUES + 2, "both": VALUES + 3}.items():
            assert np.array_equal(caches.load(trajectory, function_id), values)
        caches.store(trajectory, "both", VALUES + 4)
        assert np.array_equal(caches.load(trajectory, "both"), VALUES + 4)
        assert len(members(file)) == 7
        assert np.array_equal(read_pair(one, trajectory.trajectory_hash, "both"), VALUES + 1)


def test_the_writable_file_registered_last_gets_new_values(caches, trajectory, file):
    with h5py.File("newer.h5", "w") as newer:
        config.register_h5py_cache(file)
        caches.store(trajectory, "f", VALUES)
        config.register_h5py_cache(newer)
        caches.store(trajectory, "g", VALUES)
        assert read_pair(newer, trajectory.trajectory_hash, "f") is None
        assert read_pair(newer, trajectory.trajectory_hash, "g") is not None
        assert np.array_equal(caches.load(trajectory, "f"), VALUES)
        config.deregister_h5py_cache(newer)
        assert caches.load(trajectory, "g") is None
        caches.store(trajectory, "h", VALUES)
        assert read_pair(file, trajectory.trajectory_hash, "h") is not None


def test_registering_twice_is_registering_once(caches, file):
    for group in (file, file["/"], file):
        config.register_h5py_cache(group)
    assert len(caches.h5py_sources) == 1
    config.deregister_h5py_cache(file["/"])
    assert caches.h5py_sources == ()


def test_everything_of_the_other_files_is_copied_on_request(caches, trajectory, file):
    other = Trajectory("b.xtc", "conf.gro")
    with read_only("one.h5", trajectory, f=VALUES) as one, h5py.File("new.h5", "w") as new:
        config.register_h5py_cache(one)
        config.register_h5py_cache(file)
        caches.store(other, "g", VALUES)
        config.register_h5py_cache(new, copy_h5py=True)
        assert np.array_equal(read_pair(new, trajectory.trajectory_hash, "f"), VALUES)
        assert np.array_equal(read_pair(new, other.trajectory_hash, "g"), VALUES)
        assert np.array_equal(read_pair(file, other.trajectory_hash, "g"), VALUES)
        config.register_h5py_cache(file, copy_h5py=True, clear_old_cache=True)
        assert members(new) == ["asyncmd", "asyncmd/TrajectoryFunctionValueCache"]
        assert np.array_equal(read_pair(one, trajectory.trajectory_hash, "f"), VALUES)
        assert np.array_equal(caches.load(trajectory, "f"), VALUES)


def test_what_can_not_be_registered_changes_nothing(caches, trajectory, file):
    caches.store(trajectory, "f", VALUES)
    config.register_h5py_cache(file)
    config.set_trajectory_cache_type("npz")
    file.close()
    with read_only("one.h5", trajectory) as one:
        for wrong, error, message in (
            ("values.h5", TypeError, "An open h5py.File or a group in one is needed, not 'val"),
            (None, TypeError, "not None"),
            (file, ValueError, "is closed; open the file again"),
        ):
            with pytest.raises(error, match=message):
                config.register_h5py_cache(wrong)
        with pytest.raises(ValueError, match=r"Nothing can be copied to .*one.h5 \(/\), read-only"):
            config.register_h5py_cache(one, copy_h5py=True)
        with pytest.raises(ValueError, match="would leave the values in memory only"):
            config.register_h5py_cache(one, clear_old_cache=True)
        with pytest.raises(ValueError, match="would leave the values in memory only"):
            config.set_trajectory_cache_type("H5PY", clear_old_cache=True)
        with pytest.raises(ValueError, match=r"is not registered as a cache. Registered: .*values"):
            config.deregister_h5py_cache(one)
    assert caches.type == "npz"
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)


@pytest.mark.parametrize("old", ["npz", "memory", "h5py"])
@pytest.mark.parametrize("new", ["npz", "memory", "h5py"])
@pytest.mark.parametrize("clear", [False, True])
def test_migration_keeps_every_value(caches, trajectory, file, old, new, clear):
    kinds = {
        "floats": VALUES,
        "bools": VALUES > 0.5,
        "big": VALUES.astype(">f4"),
        "complex": VALUES * 1j,
        "empty": np.zeros((5, 0)),
        "wide": np.arange(30, dtype=np.uint8).reshape(5, 2, 3)[:, ::-1],
        "odd": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324]),
        "long": np.arange(5, dtype=np.longdouble) / 3,
        "half": VALUES.astype("e"),
        "φ ψ": VALUES,
    }
    config.register_h5py_cache(file)
    config.set_trajectory_cache_type(old)
    for function_id, values in kinds.items():
        caches.store(trajectory, function_id, values)
    config.set_trajectory_cache_type(new.upper(), clear_old_cache=clear)
    for function_id, values in kinds.items():
        found = caches.load(trajectory, function_id)
        assert (found.dtype, found.shape) == (values.dtype, values.shape)
        assert np.array_equal(found, values, equal_nan=values.dtype.kind == "f")
    if clear and old != new:
        assert not list(caches._stores[old].items(trajectory))
        assert npz_cache_path(trajectory.paths).exists() == (new == "npz")


def test_without_a_file_to_write_values_are_kept_for_the_next_one(
    caches, trajectory, file, caplog: pytest.LogCaptureFixture
):
    caches.store(trajectory, "before", VALUES)
    with caplog.at_level(logging.WARNING), read_only("one.h5", trajectory) as one:
        config.register_h5py_cache(one)
        assert np.array_equal(caches.load(trajectory, "before"), VALUES)
        for number in range(3):
            caches.store(trajectory, f"f{number}", VALUES + number)
        assert caplog.text.count("Values are kept in memory only") == 1
        assert "read-only" in caplog.text
        config.register_h5py_cache(file)
    for number in range(3):
        kept = read_pair(file, trajectory.trajectory_hash, f"f{number}")
        assert np.array_equal(kept, VALUES + number)


def test_a_file_that_the_user_closed(caches, trajectory, caplog: pytest.LogCaptureFixture):
    file = h5py.File("values.h5", "w")
    config.register_h5py_cache(file)
    caches.store(trajectory, "f", VALUES)
    file.close()
    with caplog.at_level(logging.WARNING):
        caches.store(trajectory, "g", VALUES)
        assert caches.load(trajectory, "nothing") is None
    assert caplog.text.count("values.h5 (/), closed") == 1
    assert np.array_equal(caches.load(trajectory, "g"), VALUES)
    with h5py.File("values.h5", "a") as again:
        config.register_h5py_cache(again)
        assert len(caches.h5py_sources) == 1
        for function_id in "fg":
            assert read_pair(again, trajectory.trajectory_hash, function_id) is not None
    config.deregister_h5py_cache(again)
    assert caches.h5py_sources == ()


def test_a_file_that_is_removed_while_it_is_open(caches, trajectory, file):
    config.register_h5py_cache(file)
    Path("values.h5").unlink()
    caches.store(trajectory, "f", VALUES)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    config.set_trajectory_cache_type("npz")
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)


def test_one_trajectory_can_do_without_a_group(caches, trajectory, file):
    same = Trajectory("a.xtc", "conf.gro")
    with pytest.raises(RuntimeError, match="The cache type is npz"):
        trajectory.deregister_h5py_cache(file)
    with read_only("one.h5", trajectory, f=VALUES) as one:
        config.register_h5py_cache(one)
        config.register_h5py_cache(file)
        assert caches.load(trajectory, "f") is not None
        trajectory.deregister_h5py_cache(one)
        assert caches.load(trajectory, "f") is None
        assert caches.peek(trajectory, "f") is None
        assert caches.load(same, "f") is not None
        with pytest.raises(ValueError, match="is not registered"):
            trajectory.deregister_h5py_cache(h5py.File("other.h5", "w"))
        trajectory.deregister_h5py_cache(file)
        caches.store(trajectory, "g", VALUES)
        assert np.array_equal(caches.load(trajectory, "g"), VALUES)
        assert read_pair(file, trajectory.trajectory_hash, "g") is None


def test_cleared_values_are_gone_also_those_in_read_only_files(caches, trajectory, file):
    other = Trajectory("b.xtc", "conf.gro")
    with read_only("one.h5", trajectory, f=VALUES) as one:
        write_pair(file, other.trajectory_hash, "f", VALUES)
        config.register_h5py_cache(one)
        config.register_h5py_cache(file)
        caches.store(trajectory, "g", VALUES)
        trajectory.clear_all_cache_values()
        assert caches.load(trajectory, "f") is None
        assert caches.load(trajectory, "g") is None
        assert caches.load(other, "f") is not None
        assert read_pair(one, trajectory.trajectory_hash, "f") is not None
        caches.store(trajectory, "f", VALUES + 1)
        assert np.array_equal(caches.load(trajectory, "f"), VALUES + 1)


def put_foreign(file: h5py.File, trajectory_hash: int) -> None:
    """Ids and values side by side by number, as another program may do it."""
    cache = file.create_group(f"asyncmd/TrajectoryFunctionValueCache/{trajectory_hash}")
    cache.create_dataset("FunctionIDs/0", data="f")
    cache.create_dataset("FunctionValues/0", data=VALUES + 9)
    cache.create_dataset("notes", data=1)


def test_what_other_programs_keep_is_neither_read_nor_changed(caches, trajectory, file):
    put_foreign(file, 12345)
    put_foreign(file, trajectory.trajectory_hash)
    before = members(file)
    config.register_h5py_cache(file)
    assert caches.load(trajectory, "f") is None
    caches.store(trajectory, "f", VALUES)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    trajectory.clear_all_cache_values()
    config.set_trajectory_cache_type("memory", clear_old_cache=True)
    assert members(file) == before


def cut_values(ids: h5py.Group, values: h5py.Group, name: str) -> None:
    del values[name]


def cut_id(ids: h5py.Group, values: h5py.Group, name: str) -> None:
    del ids[name]


def cut_checksum(ids: h5py.Group, values: h5py.Group, name: str) -> None:
    del ids[name].attrs["checksum"]


def change_values(ids: h5py.Group, values: h5py.Group, name: str) -> None:
    values[name][2] = 7


def swap_id(ids: h5py.Group, values: h5py.Group, name: str) -> None:
    checksum = ids[name].attrs["checksum"]
    del ids[name]
    ids.create_dataset(name, data="another").attrs["checksum"] = checksum


def other_kind(ids: h5py.Group, values: h5py.Group, name: str) -> None:
    del ids[name]
    ids.create_group(name)


@pytest.mark.parametrize(
    "damage", [cut_values, cut_id, cut_checksum, change_values, swap_id, other_kind]
)
def test_a_pair_that_is_not_whole_is_none_and_mended(caches, trajectory, file, damage):
    config.register_h5py_cache(file)
    for function_id in "fgh":
        caches.store(trajectory, function_id, VALUES)
    at = f"asyncmd/TrajectoryFunctionValueCache/{trajectory.trajectory_hash}"
    damage(file[f"{at}/FunctionIDs"], file[f"{at}/FunctionValues"], pair_name("g"))
    fresh = ValueCaches()
    fresh.register_h5py(file)
    assert fresh.load(trajectory, "g") is None
    assert sorted(dict(fresh._stores["h5py"].items(trajectory))) == ["f", "h"]
    fresh.store(trajectory, "g", VALUES + 1)
    assert np.array_equal(fresh.load(trajectory, "g"), VALUES + 1)
    assert len(members(file[at])) == 8


def test_damaged_groups_are_set_aside(caches, trajectory, file):
    root = file.create_group("asyncmd/TrajectoryFunctionValueCache")
    root.create_dataset(str(trajectory.trajectory_hash), data=3)
    config.register_h5py_cache(file)
    assert caches.load(trajectory, "f") is None
    caches.store(trajectory, "f", VALUES)
    assert np.array_equal(caches.load(trajectory, "f"), VALUES)
    assert root[f"{trajectory.trajectory_hash}.damaged.1"][()] == 3


def test_one_value_costs_the_same_among_ten_or_two_thousand(file):
    few, many = file.create_group("few"), file.create_group("many")
    for number in range(2000):
        write_pair(many, 1, f"f{number}", VALUES)
        if number < 10:
            write_pair(few, 1, f"f{number}", VALUES)
    spent: dict[str, list[float]] = {"few": [], "many": []}
    for number in range(20_000, 20_200):
        for group in (few, many):
            start = time.perf_counter()
            write_pair(group, 1, f"f{number}", VALUES)
            assert read_pair(group, 1, f"f{number}") is not None
            spent[group.name[1:]].append(time.perf_counter() - start)
    assert statistics.median(spent["many"]) < 3 * statistics.median(spent["few"])


def start_writer(name: str, how_many: int) -> subprocess.Popen[str]:
    script = Path(__file__).with_name("store_in_h5py.py")
    return subprocess.Popen(
        [sys.executable, str(script), "a.xtc", "conf.gro", "v.h5", name, str(how_many)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_second_writer_is_told_so_and_nothing_is_lost(trajectory):
    """HDF5 locks a file that is written: another process can't open it meanwhile."""
    with h5py.File("v.h5", "w") as file:
        ValueCaches.current().register_h5py(file)
        second = start_writer("second", 3)
        said, complaint = second.communicate()
        assert second.returncode != 0
        assert said == ""
        assert "unable to lock file" in complaint
        ValueCaches.current().store(trajectory, "f", VALUES)
    with h5py.File("v.h5", "r") as file:
        assert np.array_equal(read_pair(file, trajectory.trajectory_hash, "f"), VALUES)


def test_a_killed_writer_leaves_a_file_that_can_be_used(trajectory):
    """HDF5 keeps no journal: what a kill tore is computed again, and never misread."""
    generator, said = random.Random(3), []
    for turn in range(5):
        with start_writer(f"{turn}", 100_000) as writer:
            lines = [writer.stdout.readline() for _ in range(generator.randint(1, 80))]
            writer.kill()
            lines += writer.stdout.readlines()
        said += [line.strip() for line in lines if line.endswith("\n")]
        with h5py.File("v.h5", "a") as file:
            caches = ValueCaches()
            caches.register_h5py(file)
            for function_id in said:
                found = caches.load(trajectory, function_id)
                wanted = [int(function_id.split("-")[1])] * 5
                if found is None:
                    caches.store(trajectory, function_id, np.array(wanted))
                    found = caches.load(trajectory, function_id)
                assert found.tolist() == wanted
            assert set(said) <= dict(caches._stores["h5py"].items(trajectory)).keys()
