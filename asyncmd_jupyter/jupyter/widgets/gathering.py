"""Collects what there is to draw of many runs, without keeping the event loop from others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

from asyncmd_jupyter.jupyter.runlike import RunLike
from asyncmd_jupyter.jupyter.widgets.scene import Scene, Track
from asyncmd_jupyter.sampling.progress import RunSnapshot

TURN = 0.004  # seconds at a stretch


def tracks_of(run: RunLike, snapshot: RunSnapshot | None = None) -> Iterator[Track]:
    """Take a picture of all walkers of a run, or use one; copies no frames."""
    snapshot = snapshot or run.snapshot()
    for walker in snapshot.walkers:
        yield Track(snapshot, walker, run.pieces(walker.index))


def scene_now(runs: Sequence[RunLike]) -> Scene:
    """Collect all at once: for few runs, and where there is no event loop."""
    return Scene(tuple(track for run in runs for track in tracks_of(run)))


async def gathered(runs: Sequence[RunLike]) -> Scene:
    """Collect run by run and let others have their turn in between."""
    tracks: list[Track] = []
    begun = time.perf_counter()
    for run in runs:
        tracks += tracks_of(run)
        if time.perf_counter() - begun > TURN:
            await asyncio.sleep(0)
            begun = time.perf_counter()
    return Scene(tuple(tracks))
