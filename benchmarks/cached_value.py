"""What it costs to ask again for a value that is known.

Beside it, in the same process: the least that has to be done, which is to see that the
files are unchanged and to copy the array; a look-up of values not asked for lately; and
computing the values of a few frames anew.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import h5py
import numpy as np
from common import is_quick, private_folder, report

from asyncmd_jupyter import Trajectory, config
from asyncmd_jupyter.frames.cache import ValueCaches
from asyncmd_jupyter.frames.xdr import TrrFrame, index_frames, read_trr_frame, write_trr_frame
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper

N_FRAMES = 10
GRO = "one\n1\n    1PAR      P    1   0.000   0.000   0.000\n   5.00000   5.00000   5.00000\n"
SCALE = 1.0


def made_trajectory(folder: Path) -> Trajectory:
    """A small real one."""
    folder.mkdir()
    (folder / "one.gro").write_text(GRO)
    box = np.eye(3, dtype=np.float32) * 5
    with (folder / "one.trr").open("wb") as file:
        for step in range(N_FRAMES):
            place = np.array([[0.1 * step, 0, 0]], dtype=np.float32)
            write_trr_frame(file, TrrFrame(step, float(step), box, place, None))
    return Trajectory(folder / "one.trr", folder / "one.gro")


def distance(traj: Trajectory, atoms: list[int]) -> np.ndarray:
    """Of the kind that users write: it uses a library, a global, and arguments."""
    path = traj.paths[0]
    frames = (read_trr_frame(path, offset) for offset in index_frames(path).offsets)
    return np.array([np.linalg.norm(frame.positions[atoms]) * SCALE for frame in frames])


async def microseconds(call: Callable[[], Awaitable[object]], repeats: int) -> float:
    """CPU of this process for one call, the median of five rounds."""
    spent = []
    for _ in range(5):
        begin = time.process_time()
        for _ in range(repeats):
            await call()
        spent.append((time.process_time() - begin) / repeats * 1e6)
    return float(np.median(spent))


def the_least(traj: Trajectory, values: np.ndarray) -> Callable[[], Awaitable[object]]:
    """Look at the files and copy the array, by hand."""
    files = [str(path) for path in (*traj.paths, traj.structure_path)]
    known = {path: os.stat(path).st_mtime_ns for path in files}  # noqa: PTH116 - the quickest way

    async def call() -> np.ndarray:
        assert all(os.stat(path).st_mtime_ns == known[path] for path in files)  # noqa: PTH116
        return values.copy()

    return call


async def measure(traj: Trajectory, cache: str, n_values: int, repeats: int) -> None:
    """Print the line of one cache with so many values in it."""
    caches = ValueCaches.current()
    function = PyTrajectoryFunctionWrapper(distance, {"atoms": [0]})
    values = await function(traj)
    for number in range(n_values):
        caches.store(traj, f"other {number}", values)
    await function(traj)

    async def look_up() -> object:
        return caches.load(traj, function.id)

    async def compute() -> object:
        return await function.evaluate(traj, store=False)

    least = await microseconds(the_least(traj, values), repeats)
    known = await microseconds(lambda: function(traj), repeats)
    report(
        "cached_value",
        cache=cache,
        values_stored=n_values + 1,
        cpu_microseconds=known,
        cpu_microseconds_of_the_least=least,
        cpu_ratio=known / least,
        cpu_microseconds_not_asked_lately=await microseconds(look_up, repeats // 20),
        cpu_microseconds_computed_anew=await microseconds(compute, repeats // 100),
    )


async def main(quick: bool) -> None:
    """Measure all caches, with few and with many values."""
    repeats = 200 if quick else 2_000
    with private_folder() as folder, h5py.File(folder / "values.h5", "w") as file:
        for cache in ("npz", "memory", "h5py"):
            for n_values in (10, 100 if quick else 1_000):
                traj = made_trajectory(folder / f"{cache}{n_values}")
                config.register_h5py_cache(file)
                config.set_trajectory_cache_type(cache)
                await measure(traj, cache, n_values, repeats)
        config.deregister_h5py_cache(file)


if __name__ == "__main__":
    asyncio.run(main(is_quick(__doc__)))
