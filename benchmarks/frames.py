"""What handling frames costs: joining files, extracting a frame, many Trajectory objects.

The goals: joining 20,000 XTC frames of 1,650 atoms in 3 times the CPU of `cat`, a frame
extracted in 5 ms of CPU, 10,000 objects in 0.8 s of CPU, all of them freed when dropped.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
from common import is_quick, private_folder, report
from MDAnalysis.lib.formats.libmdaxdr import XTCFile

from asyncmd_jupyter import Trajectory
from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.frames.trr import TrrFrame, write_trr_frame
from asyncmd_jupyter.trajectory import (
    InvertedVelocitiesFrameExtractor,
    NoModificationFrameExtractor,
    RandomVelocitiesFrameExtractor,
    TrajectoryConcatenator,
)

ATOMS, NSTOUT, PS_PER_STEP = 1650, 500, 0.002
BOX = np.eye(3, dtype=np.float32) * 2.6
WHOLE = (None, None, 1)


class Fluid:
    """Frames of atoms that shake about their places, the same ones for the same number."""

    def __init__(self) -> None:
        self._places = np.random.default_rng(1).uniform(0, 2.6, (ATOMS, 3))

    def frame(self, number: int) -> np.ndarray:
        shaken = np.random.default_rng(number).normal(0, 0.03, (ATOMS, 3))
        return (self._places + shaken).astype(np.float32)

    def structure(self, path: Path) -> Path:
        lines = ["made for a benchmark", str(ATOMS)]
        for i, (x, y, z) in enumerate(self._places):
            number = f"{i % 99999 + 1:5d}"
            lines.append(f"{i // 3 + 1:5d}SOL  {'OHH'[i % 3]:>5}{number}{x:8.3f}{y:8.3f}{z:8.3f}")
        path.write_text("\n".join([*lines, "   2.60000   2.60000   2.60000", ""]))
        return path

    def xtc(self, path: Path, first: int, n_frames: int) -> Path:
        with XTCFile(str(path), "w") as file:
            for i in range(first, first + n_frames):
                file.write(self.frame(i), BOX, i * NSTOUT, i * NSTOUT * PS_PER_STEP)
        return path

    def trr(self, path: Path, n_frames: int) -> Path:
        with path.open("wb") as file:
            for i in range(n_frames):
                velocities = self.frame(i + 1) - self.frame(i)
                time = i * NSTOUT * PS_PER_STEP
                frame = TrrFrame(i * NSTOUT, time, BOX, self.frame(i), velocities)
                write_trr_frame(file, frame)
        return path


def own_cpu(call: Callable[[], Any], repeats: int) -> float:
    """Median CPU seconds of a call."""
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        found.append(time.process_time() - begin)
    return float(np.median(found))


def command_cpu(command: str, folder: Path, repeats: int) -> float:
    """Median CPU seconds of a shell command, the shell included."""
    found = []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            ["bash", "-c", command], cwd=folder, check=True, capture_output=True, input=b""
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return float(np.median(found))


def concatenate(files: list[Path], structure: Path, out: Path) -> int:
    """Join files as a process does that has never seen them; the number of frames."""
    with runtimes.use(runtimes.Runtime()):
        trajectories = [Trajectory(file, structure) for file in files]
        slices = [WHOLE] * len(files)
        TrajectoryConcatenator().concatenate(trajectories, slices, out, overwrite=True)
        return sum(map(len, trajectories))


def measure_concatenation(folder: Path, fluid: Fluid, n_frames: int, repeats: int) -> None:
    """Print the line of joining two parts, the second of which repeats a frame."""
    structure = fluid.structure(folder / "conf.gro")
    half = n_frames // 2
    files = [
        fluid.xtc(folder / "one.xtc", 0, half),
        fluid.xtc(folder / "two.xtc", half - 1, n_frames - half + 1),
    ]
    concatenate(files, structure, folder / "warm.xtc")
    ours, cat = [], []
    for _ in range(repeats):  # in turn, as the machine is now quick and now slow
        ours.append(own_cpu(lambda: concatenate(files, structure, folder / "out.xtc"), 1))
        cat.append(command_cpu("cat one.xtc two.xtc > cat.xtc", folder, 1))
    spent, baseline = float(np.median(ours)), float(np.median(cat))
    numbers = {}
    if shutil.which("gmx"):
        trjcat = "gmx trjcat -f one.xtc two.xtc -o trjcat.xtc -nobackup"
        numbers["cpu_seconds_trjcat"] = command_cpu(trjcat, folder, 1)
        numbers["ratio_to_trjcat"] = spent / numbers["cpu_seconds_trjcat"]
        same = (folder / "trjcat.xtc").read_bytes() == (folder / "out.xtc").read_bytes()
        numbers["same_bytes_as_trjcat"] = same
    report(
        "concatenation",
        frames=n_frames,
        atoms=ATOMS,
        megabytes=(folder / "out.xtc").stat().st_size / 1e6,
        cpu_seconds=spent,
        cpu_seconds_cat=baseline,
        ratio_to_cat=spent / baseline,
        goal_ratio=3,
        **numbers,
    )


def by_hand(structure: Path, source: Path, number: int, out: Path) -> None:
    """Extract a frame as one does with MDAnalysis alone."""
    universe = MDAnalysis.Universe(str(structure), str(source))
    with MDAnalysis.Writer(str(out), len(universe.atoms)) as writer:
        universe.trajectory[number]
        writer.write(universe.atoms)
    universe.trajectory.close()


def measure_extraction(folder: Path, fluid: Fluid, n_frames: int, repeats: int) -> None:
    """Print a line for each way of extracting a frame from a file that is known already."""
    structure = fluid.structure(folder / "conf.gro")
    source = fluid.trr(folder / "long.trr", n_frames)
    os.utime(source, (0, 0))  # one that nobody writes any more
    out, number = folder / "one.trr", n_frames * 2 // 3
    by_hand(structure, source, number, out)
    hand = own_cpu(lambda: by_hand(structure, source, number, out), max(3, repeats // 5))
    trajectory = Trajectory(source, structure)
    first = own_cpu(lambda: trajectory.frame_table(), 1)
    for extractor in (
        NoModificationFrameExtractor(),
        InvertedVelocitiesFrameExtractor(),
        RandomVelocitiesFrameExtractor(300, masses=np.full(ATOMS, 12.011)),
    ):
        extractor.extract(out, trajectory, 0, overwrite=True)
        spent = own_cpu(
            lambda extractor=extractor: extractor.extract(out, trajectory, number, overwrite=True),
            repeats,
        )
        report(
            "extraction",
            what=type(extractor).__name__,
            atoms=ATOMS,
            frames=n_frames,
            cpu_ms=1e3 * spent,
            goal_ms=5,
            cpu_ms_mdanalysis=1e3 * hand,
            ratio_to_mdanalysis=spent / hand,
            cpu_ms_first_look_at_the_file=1e3 * first,
        )


def measure_objects(folder: Path, fluid: Fluid, n_objects: int) -> None:
    """Print the line of many objects, each of a file of its own."""
    structure = fluid.structure(folder / "conf.gro")
    (folder / "many").mkdir()
    files = [folder / "many" / f"{i}.trr" for i in range(n_objects)]
    for i, file in enumerate(files):
        with file.open("wb") as out:
            write_trr_frame(out, TrrFrame(i, i, BOX, fluid.frame(0)[:30]))
        os.utime(file, (0, 0))
    stat = own_cpu(lambda: [(file.stat(), structure.stat()) for file in files], 3)
    objects: list[Trajectory] = []
    spent = own_cpu(lambda: objects.extend(Trajectory(file, structure) for file in files), 1)
    lengths = own_cpu(lambda: [len(one) for one in objects], 1)
    references = [weakref.ref(one) for one in objects]
    objects.clear()
    alive = sum(reference() is not None for reference in references)
    report(
        "trajectory_objects",
        objects=n_objects,
        cpu_seconds=spent,
        goal_seconds=0.8,
        cpu_seconds_stat=stat,
        ratio_to_stat=spent / stat,
        cpu_seconds_lengths=lengths,
        alive_when_dropped=alive,
    )


def main(quick: bool) -> None:
    """Measure everything."""
    warnings.simplefilter("ignore")  # MDAnalysis about masses and missing attributes
    fluid = Fluid()
    with private_folder() as folder:
        measure_concatenation(folder, fluid, 200 if quick else 20_000, 1 if quick else 5)
        measure_extraction(folder, fluid, 100 if quick else 2000, 2 if quick else 50)
        measure_objects(folder, fluid, 100 if quick else 10_000)


if __name__ == "__main__":
    main(is_quick(__doc__))
