"""How long the live plot of a campaign keeps the event loop from others.

A heartbeat task measures the longest time it was not woken, while 100 runs grow to
10,000 frames each and their plot is refreshed. Beside it: the heartbeat with nothing to
do, and a plot that draws all lines with matplotlib on the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from common import is_quick, private_folder, report

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.widgets.conditions import ConditionPlot
from asyncmd_jupyter.sampling.conditions import as_function
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished
from asyncmd_jupyter.sampling.progress import Band, RunSnapshot, RunState, WalkerSnapshot
from asyncmd_jupyter.sampling.series import SeriesBook
from asyncmd_jupyter.sampling.states import Examination, Quantity

BANDS = (Band("alphaR", -100, 50, 360.0), Band("C7eq", 120, 200, 360.0))
NAMES = ("alphaR", "C7eq")


class GrowingRun:
    """A run of one walker that keeps real books, of frames that are made up."""

    def __init__(self, name: str, n_frames: int, seed: int) -> None:
        self.id = name
        rng = np.random.default_rng(seed)
        waves = 150 * np.sin(np.arange(n_frames) / 300 + seed)
        self.angles = (waves + 30 * rng.normal(size=n_frames) + 180) % 360 - 180
        function = as_function(np.size)
        self.book = SeriesBook(NAMES, [Quantity("psi", function, None, BANDS)])
        self.state = RunState.RUNNING
        self.done = 0

    def grow(self, n_frames: int) -> None:
        """Add frames, as a live look at a growing file does."""
        new = self.angles[self.done : self.done + n_frames]
        times = 0.2 * np.arange(self.done, self.done + len(new))
        self.done += len(new)
        psi = {"psi": new}
        seen = [Examination((new > -100) & (new < 50), psi), Examination(new > 120, psi)]
        self.book.examined(1, times, seen, live=True)

    def snapshot(self) -> RunSnapshot:
        walker = WalkerSnapshot(0, self.state, n_frames=self.done)
        return RunSnapshot(self.id, NAMES, "any", Path(), self.state, (walker,), 0.0)

    def series(self, _: int):
        return self.book.series()

    def pieces(self, _: int):
        return self.book.pieces()


class Heartbeat:
    """Wakes every millisecond and remembers by how much it was late."""

    def __init__(self) -> None:
        self.late: list[float] = []

    async def beat(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.late.append(time.perf_counter() - before - 0.001)

    def numbers(self) -> dict[str, float]:
        late = 1000 * np.array(self.late)
        return {"longest_ms": float(late.max()), "of_1000_ms": float(np.percentile(late, 99.9))}


async def measured(work: Awaitable[object]) -> dict[str, float]:
    heart = Heartbeat()
    beating = asyncio.create_task(heart.beat())
    begun = time.perf_counter()
    await work
    seconds = time.perf_counter() - begun
    beating.cancel()
    return {**heart.numbers(), "seconds": seconds}


async def grow(runs: list[GrowingRun], steps: int, grown: Callable[[GrowingRun], object]) -> None:
    """Let all runs grow step by step, as many small events; what that costs is no plot's."""
    for step in range(steps):
        for run in runs:
            run.grow(len(run.angles) // (2 * steps))
            grown(run)
            await asyncio.sleep(0.0002)
        await asyncio.sleep(0.05 * (step % 2))


def made(n_runs: int, n_frames: int) -> list[GrowingRun]:
    runs = [GrowingRun(f"run{i}", n_frames, i) for i in range(n_runs)]
    for run in runs:
        run.grow(n_frames // 2)
    return runs


async def live(n_runs: int, n_frames: int, steps: int, **options: object) -> dict[str, float]:
    """Our plot."""
    events = runtime.current().events
    runs = made(n_runs, n_frames)
    plot = ConditionPlot(runs, **options).open()
    images: list[float] = []
    plot.figure.observe(lambda _: images.append(time.perf_counter()), "png")
    while not images:  # the first one imports matplotlib
        await asyncio.sleep(0.05)
    images.clear()
    numbers = await measured(grow(runs, steps, lambda run: events.publish(RunChanged(run.id))))
    numbers["images_per_s"] = len(images) / numbers["seconds"]
    numbers["png_kB"] = len(plot.figure.png) / 1000
    for run in runs:
        run.state = RunState.LIMIT
        events.publish(RunFinished(run.id))
    end = await measured(plot.closed())
    return {**numbers, "end_longest_ms": end["longest_ms"]}


async def naive(n_runs: int, n_frames: int, steps: int) -> dict[str, float]:
    """Lines of all frames, drawn on the event loop."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    runs = made(n_runs, n_frames)
    figure = Figure(figsize=(7.2, 2.4), dpi=150)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    drawn = 0

    async def draw() -> None:
        nonlocal drawn
        while True:
            axes.clear()
            for run in runs:
                series = run.series(0)
                axes.plot(series.times, series.observables[0].values, lw=0.5)
            canvas.draw()
            drawn += 1
            await asyncio.sleep(0.25)

    drawing = asyncio.create_task(draw())
    numbers = await measured(grow(runs, steps, lambda run: None))
    drawing.cancel()
    return {**numbers, "images_per_s": drawn / numbers["seconds"]}


async def main(n_runs: int, n_frames: int, steps: int) -> None:
    runs = made(n_runs, n_frames)
    idle = await measured(grow(runs, steps, lambda run: None))
    report("condition_plot_live", what="nothing drawn", **idle)
    report("condition_plot_live", what="plot", **await live(n_runs, n_frames, steps))
    report("condition_plot_live", what="naive draw", **await naive(n_runs, n_frames, steps // 5))


if __name__ == "__main__":
    quick = is_quick(__doc__)
    with private_folder():
        asyncio.run(main(*((20, 500, 20) if quick else (100, 10_000, 40))))
