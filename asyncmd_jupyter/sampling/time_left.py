"""How long a run takes at most, also for the walkers that wait for cores."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from statistics import fmean

from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot

_TO_COME = (RunState.WAITING, RunState.PREPARING)


def seconds_left(run: RunSnapshot) -> float | None:
    """Wall time until all that run, or wait for cores, have come to their step limit.

    Those that wait take the place of the one that ends next, at the mean speed of those that
    run now. None where there is no limit, or no speed is known yet.
    """
    counted = [walker for walker in run.walkers if _counts(walker, run)]
    running = [walker for walker in counted if walker.state is RunState.RUNNING]
    if not running or any(walker.step_limit is None for walker in counted):
        return None
    speed = _mean_speed(running)
    if speed is None:
        known = [walker.seconds_left for walker in running if walker.seconds_left is not None]
        is_all = len(known) == len(counted)
        return max(known) if is_all else None
    places = [_left(walker, speed) for walker in running]
    heapq.heapify(places)
    for walker in counted:
        if walker.state in _TO_COME:
            heapq.heapreplace(places, places[0] + _steps_left(walker) / speed)
    return max(places)


def n_uncounted(run: RunSnapshot) -> int:
    """Walkers that go on for nobody knows how long: held ones, and those in a queue."""
    going = [walker for walker in run.walkers if not walker.state.is_final]
    return sum(not _counts(walker, run) for walker in going)


def _counts(walker: WalkerSnapshot, run: RunSnapshot) -> bool:
    waits_here = walker.state in _TO_COME and run.takes_cores_here
    return walker.state is RunState.RUNNING or waits_here


def _mean_speed(running: Sequence[WalkerSnapshot]) -> float | None:
    """MD steps per second of one walker, on average."""
    speeds = [_steps_left(w) / w.seconds_left for w in running if w.seconds_left]
    return fmean(speeds) if speeds else None


def _left(walker: WalkerSnapshot, speed: float) -> float:
    known = walker.seconds_left
    return _steps_left(walker) / speed if known is None else known


def _steps_left(walker: WalkerSnapshot) -> int:
    return max(0, (walker.step_limit or 0) - walker.steps_done)
