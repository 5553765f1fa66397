"""A line that says how far runs are, while a cell waits for them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from asyncmd_jupyter import runtime
from asyncmd_jupyter.jupyter.display import publish
from asyncmd_jupyter.jupyter.widgets.words import duration, picoseconds, speed_of
from asyncmd_jupyter.sampling.progress import states_in_words

if TYPE_CHECKING:
    from asyncmd_jupyter.sampling.progress import RunSnapshot
    from asyncmd_jupyter.sampling.run import Run

# Who waits no longer than this needs no line.
PATIENCE = 1.0
_MOST_RUNS = 3


@asynccontextmanager
async def progress_line(runs: Sequence[Run]) -> AsyncIterator[None]:
    """Show and update a line within the block, and leave its last state."""
    line = runtime.start(_show(runs), name="progress line")
    try:
        yield
    finally:
        line.cancel()
        with suppress(asyncio.CancelledError):
            await line


async def _show(runs: Sequence[Run]) -> None:
    await asyncio.sleep(PATIENCE)
    display_id, last = uuid.uuid4().hex, ""
    try:
        while True:
            last = _publish(runs, display_id, last)
            await asyncio.sleep(PATIENCE)
    finally:
        _publish(runs, display_id, last)


def _publish(runs: Sequence[Run], display_id: str, last: str) -> str:
    text = progress_text([run.snapshot() for run in runs])
    if text != last:
        publish({"text/plain": text}, display_id=display_id, update=bool(last))
    return text


def progress_text(runs: Sequence[RunSnapshot]) -> str:
    """Write how far runs are, in one line."""
    going = [run for run in runs if not run.state.is_final]
    if not going:
        names = runs[0].id if len(runs) == 1 else f"{len(runs)} runs"
        took = duration(max(run.wall_seconds for run in runs))
        states = [walker.state for run in runs for walker in run.walkers]
        return f"{names}: {states_in_words(states)}, ended after {took}"
    if len(runs) <= _MOST_RUNS:
        return "; ".join(_of_one(run) for run in runs)
    ended = len(runs) - len(going)
    return f"{ended} of {len(runs)} runs ended; {_of_one(going[0])}"


def _of_one(run: RunSnapshot) -> str:
    ended = sum(walker.state.is_final for walker in run.walkers)
    if ended == len(run.walkers):
        return f"{run.id}: {run.states_in_words}"
    going = [walker for walker in run.walkers if not walker.state.is_final]
    furthest = max(going, key=lambda walker: walker.time_done)
    words = [picoseconds(furthest.time_done) + _share(furthest.steps_done, furthest.step_limit)]
    if len(run.walkers) > 1:
        words = [run.states_in_words, f"the furthest at {words[0]}"]
    rates = [walker.ns_per_day for walker in going if walker.ns_per_day]
    return f"{run.id}: {', '.join([*words, *filter(None, [speed_of(rates)])])}"


def _share(done: int, limit: int | None) -> str:
    return "" if not limit else f" ({100 * done // limit} % of the limit)"
