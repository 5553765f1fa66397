"""Stores value after value in an HDF5 file, until it is killed. Run by the tests of the caches."""

from __future__ import annotations

import sys

import h5py
import numpy as np

from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.trajectory import Trajectory


def main(trajectory_file: str, structure_file: str, cache: str, name: str, how_many: str) -> None:
    trajectory = Trajectory(trajectory_file, structure_file)
    with h5py.File(cache, "a") as file:
        caches = ValueCaches.current()
        caches.register_h5py(file)
        for number in range(int(how_many)):
            function_id = f"{name}-{number}"
            caches.store(trajectory, function_id, np.full(len(trajectory), number, dtype=np.int32))
            print(function_id, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
