"""Cached values of all living trajectories at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from asyncmd_jupyter import config
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.trajectory import Trajectory
from asyncmd_jupyter.trajectory.trajectory import (
    clear_all_cache_values_for_all_trajectories,
    deregister_h5py_cache_for_all_trajectories,
    update_cache_type_for_all_trajectories,
)

pytestmark = pytest.mark.usefixtures("runtime", "folder")


def test_values_of_all_trajectories():
    caches = ValueCaches.current()
    living = [Trajectory(f"{name}.xtc", "conf.gro") for name in "ab"]
    shutil.copy("a.xtc", "gone.xtc")
    gone = Trajectory("gone.xtc", "conf.gro")
    Path("gone.xtc").unlink()
    values = [np.arange(len(trajectory), dtype=float) for trajectory in living]

    def known() -> list[bool]:
        return [caches.load(trajectory, "f") is not None for trajectory in living]

    for trajectory, array in zip(living, values, strict=True):
        caches.store(trajectory, "f", array)
    config.set_trajectory_cache_type("memory", copy_content=False)
    assert known() == [False, False]
    update_cache_type_for_all_trajectories(copy_content=True, clear_old_cache=True)
    assert known() == [True, True]
    assert not list(Path().glob(".*npz"))
    with h5py.File("values.h5", "w") as file:
        config.register_h5py_cache(h5py_group=file)
        clear_all_cache_values_for_all_trajectories()
        assert known() == [False, False]
        deregister_h5py_cache_for_all_trajectories(h5py_group=file)
        with pytest.raises(ValueError, match="not registered"):
            config.deregister_h5py_cache(h5py_group=file)
    assert "gone" in repr(gone)
