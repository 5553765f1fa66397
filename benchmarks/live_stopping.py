"""How many MD steps are computed after the frame that decides.

Alanine dipeptide, a condition that looks at the molecule and becomes true at a random
frame, the whole way of a user: propagator, local job, worker, live look, signal. The goal:
at most two output intervals plus one chunk (the worker sees a signal between chunks).
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import MDAnalysis
import numpy as np
from common import FORCE_FIELD, is_quick, private_folder, report
from MDAnalysis.lib.distances import calc_dihedrals

from asyncmd_jupyter.engines.openmm import OpenMMEngine
from asyncmd_jupyter.engines.stepping.integrate import CHUNK_SECONDS
from asyncmd_jupyter.examples import alanine_dipeptide
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.functions import PyTrajectoryFunctionWrapper
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator

# Frames of 22 atoms with velocities.
FRAME_BYTES = 84 + 36 + 2 * 12 * 22
WHOLE_PART_SECONDS, QUICK_PART_SECONDS = 6.0, 1.0


def holds_from(traj: Any, step: int) -> Any:
    """Look at the molecule as a user would, and be true from a step on."""
    universe = MDAnalysis.Universe(traj.structure_file, *traj.trajectory_files)
    positions = universe.trajectory.timeseries(order="fac")
    psi = calc_dihedrals(*(positions[:, atom] for atom in (6, 8, 14, 16)))
    return np.isfinite(psi) & (traj.frame_table().steps >= step)


@dataclass(frozen=True)
class Shot:
    """One repetition: steps behind the deciding frame, and the times that led to them."""

    overshoot: int
    steps_per_second: float
    seconds_to_request: float


class Watch(PropagationObserver):
    """Notes when the frames were on disk and when the live look knew."""

    def __init__(self) -> None:
        self.known: float | None = None
        self.seen: list[tuple[float, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._file: Path | None = None

    def part_started(self, part: Any) -> None:
        if self._file is None:
            self._file = part.trajectory_file
            self._thread.start()

    def examined(self, number: int, times: Any, examinations: Any, *, live: bool) -> None:
        if live and self.known is None and examinations[0].fulfilled.any():
            self.known = time.monotonic()

    def _watch(self) -> None:
        while not self._over.wait(0.002):
            size = self._file.stat().st_size if self._file and self._file.exists() else 0
            if not self.seen or size != self.seen[-1][1]:
                self.seen.append((time.monotonic(), size))

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def written(self, frame: int) -> float:
        """When a frame, counted from 0, was on disk."""
        return next(when for when, size in self.seen if size >= (frame + 1) * FRAME_BYTES)

    @property
    def frames_per_second(self) -> float:
        (begin, first), (end, last) = self.seen[1], self.seen[-1]
        return (last - first) / FRAME_BYTES / (end - begin)


async def shoot(
    engine: OpenMMEngine, folder: Path, frame: int, part_seconds: float | None = None
) -> Shot:
    """One run that is over with a given frame: stopped live, or at the end of whole parts."""
    live = part_seconds is None
    watch = Watch()
    condition = PyTrajectoryFunctionWrapper(
        holds_from, {"step": frame * engine.nstout}, needs_whole_part=not live
    )
    hours = (part_seconds or 3600) / 3600
    propagator = ConditionalTrajectoryPropagator.from_engine(
        engine, [condition], walltime_per_part=hours, observer=watch
    )
    folder.mkdir()
    await propagator.propagate(None, folder, "shot")
    watch.close()
    on_disk = engine.clone()
    await on_disk.prepare_from_files(folder, "shot")
    return Shot(
        overshoot=on_disk.steps_done - frame * engine.nstout,
        steps_per_second=watch.frames_per_second * engine.nstout,
        seconds_to_request=(watch.known or np.nan) - watch.written(frame) if live else np.nan,
    )


async def measure(
    folder: Path,
    nstout: int,
    frames: tuple[int, int],
    repeats: int,
    part_seconds: float = WHOLE_PART_SECONDS,
) -> None:
    """Print the line of one output interval."""
    engine = OpenMMEngine.from_pdb(alanine_dipeptide(folder), *FORCE_FIELD, nstout=nstout)
    draw = np.random.default_rng(1)
    some = [int(draw.integers(*frames)) for _ in range(repeats)]
    name = f"{nstout}-steps"
    shots = [await shoot(engine, folder / f"{name}-{i}", f) for i, f in enumerate(some)]
    few = some[: max(1, repeats // 5)]
    whole = [
        await shoot(engine, folder / f"{name}-whole-{i}", f, part_seconds)
        for i, f in enumerate(few)
    ]
    speed = float(np.median([shot.steps_per_second for shot in shots]))
    chunk = min(nstout, CHUNK_SECONDS * speed)
    overshoots = np.array([shot.overshoot for shot in shots])
    late = np.array([shot.seconds_to_request for shot in shots])
    allowed = 2 * nstout + chunk
    report(
        "live_stopping",
        seconds_per_frame=nstout / speed,
        interval_steps=nstout,
        chunk_steps=round(chunk),
        repeats=repeats,
        overshoot_intervals={
            "median": float(np.median(overshoots)) / nstout,
            "max": float(overshoots.max()) / nstout,
        },
        goal_intervals=allowed / nstout,
        within_goal=f"{int((overshoots <= allowed).sum())}/{repeats}",
        whole_part_seconds=part_seconds,
        ratio_to_whole_parts=float(
            np.median(overshoots) / np.median([shot.overshoot for shot in whole])
        ),
        seconds_from_frame_to_request={
            "median": float(np.median(late)),
            "max": float(late.max()),
        },
    )


async def main(quick: bool) -> None:
    """Measure an interval of some 0.2 s, and a dense one."""
    with private_folder() as folder:
        if quick:
            await measure(folder, 500, (2, 4), 1, QUICK_PART_SECONDS)
        else:
            await measure(folder, 4000, (3, 15), 15)
            await measure(folder, 200, (30, 150), 15)
        await JobManager.current().shutdown()


if __name__ == "__main__":
    asyncio.run(main(is_quick(__doc__)))
