"""What it costs to write down where frames come from, beside the same without it.

The goals: 1 ms of CPU for each part of a simulation, 0.5 ms for an extracted frame.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import is_quick, private_folder, report

from asyncmd_jupyter import Trajectory, config
from asyncmd_jupyter.frames.trr import TrrFrame, write_trr_frame
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.testing import MemoryLauncher, ToyEngine
from asyncmd_jupyter.testing.toy_worker import main as toy_main
from asyncmd_jupyter.trajectory import NoModificationFrameExtractor

ATOMS, FRAMES = 1650, 50
PART_GOAL, FRAME_GOAL = 1e-3, 0.5e-3


def make_trajectory() -> Trajectory:
    """Frames of atoms at random places."""
    random = np.random.default_rng(1)
    with Path("a.trr").open("wb") as file:
        for number in range(FRAMES):
            places = random.uniform(0, 3, (ATOMS, 3)).astype(np.float32)
            write_trr_frame(file, TrrFrame(number, float(number), np.eye(3), places, places))
    lines = [f"{1:5d}SOL  {'OW':>5}{i + 1:5d}   0.000   0.000   0.000" for i in range(ATOMS)]
    Path("a.gro").write_text("\n".join(["x", str(ATOMS), *lines, "   3.0   3.0   3.0", ""]))
    return Trajectory("a.trr", "a.gro")


def extract(source: Trajectory, name: str, n_frames: int) -> float:
    """CPU seconds a frame."""
    extractor = NoModificationFrameExtractor()
    begin = time.process_time()
    for number in range(n_frames):
        extractor.extract(f"{name}{number}.trr", source, number % FRAMES)
    return (time.process_time() - begin) / n_frames


def compute(name: str, n_parts: int) -> float:
    """CPU seconds a part of a toy that takes its steps in a thread."""

    async def parts() -> float:
        JobManager.current().register(
            MemoryLauncher({"asyncmd_jupyter.testing.toy_worker": toy_main})
        )
        engine = ToyEngine(launcher="memory", seed=1)
        await engine.prepare(None, ".", name)
        begin = time.process_time()
        for number in range(n_parts):
            await engine.run_steps(10 * (number + 1))
        return (time.process_time() - begin) / n_parts

    return asyncio.run(parts())


def added(measure: Callable[[str], float], rounds: int) -> tuple[float, float]:
    """The median of what records add, and of what it takes without them."""
    pairs = []
    for number in range(rounds):
        found = {}
        for on in (True, False):
            config.set_provenance(on)
            found[on] = measure(f"{'with' if on else 'without'}{number}_")
        pairs.append((found[True] - found[False], found[False]))
    more, without = np.median(np.array(pairs), axis=0)
    return float(more), float(without)


def main() -> None:
    """Measure and print."""
    quick = is_quick(__doc__)
    rounds, count = (3, 5) if quick else (7, 100)
    with private_folder() as folder:
        os.chdir(folder)
        source = make_trajectory()
        time.sleep(2.1)  # younger files are not remembered
        frame, frame_without = added(lambda name: extract(source, name, count), rounds)
        part, part_without = added(lambda name: compute(name, count), rounds)
    report(
        "provenance",
        cpu_seconds_added_to_a_frame=frame,
        cpu_seconds_of_a_frame_without=frame_without,
        goal_of_a_frame=FRAME_GOAL,
        cpu_seconds_added_to_a_part=part,
        cpu_seconds_of_a_toy_part_without=part_without,
        goal_of_a_part=PART_GOAL,
        within_goal=frame <= FRAME_GOAL and part <= PART_GOAL,
    )


if __name__ == "__main__":
    main()
