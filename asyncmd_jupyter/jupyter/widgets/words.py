"""Numbers and states as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from asyncmd_jupyter.sampling.progress import RunSnapshot, RunState, WalkerSnapshot

__all__ = [
    "duration",
    "escape",
    "goal",
    "listed",
    "no_jobs",
    "outcome",
    "picoseconds",
    "speed",
    "speed_of",
    "steps",
]

# What a run without conditions waits for.
_LENGTH = "full length"


def duration(seconds: float) -> str:
    """Write time in the two units that matter: ``8.4 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    for size, unit, smaller, sub in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {sub}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def picoseconds(time: float) -> str:
    """Write simulated time in ps or ns."""
    if abs(time) >= 10_000:
        return f"{time / 1000:,.1f} ns"
    if abs(time) >= 1000:
        return f"{time:,.0f} ps"
    # Frames may lie a few femtoseconds apart.
    return f"{time:.1f} ps" if abs(time) >= 10 else f"{time:.2f} ps"


def speed(ns_per_day: float | None) -> str:
    """Say how fast the simulation runs."""
    if ns_per_day is None:
        return ""
    return f"{ns_per_day:,.0f} ns/day" if ns_per_day >= 100 else f"{ns_per_day:.3g} ns/day"


def speed_of(rates: Sequence[float]) -> str:
    """Say how fast walkers are, each or together."""
    if not rates:
        return ""
    together = f" (sum of {len(rates)} walkers)" if len(rates) > 1 else ""
    return speed(sum(rates)) + together


def steps(count: int) -> str:
    """Write a number of steps with separators."""
    return f"{count:,}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Write ``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def goal(run: RunSnapshot) -> str:
    """Say what a run goes on for, or what it has not come to."""
    if run.conditions:
        return f"until {_awaited(run)}"
    is_cut_short = run.state in (RunState.CANCELLED, RunState.FAILED)
    return f"{'before' if is_cut_short else 'for'} its {_LENGTH}"


def outcome(run: RunSnapshot) -> str:
    """Say in one sentence what happened to a run, or what it waits for."""
    if len(run.walkers) == 1:
        return _walker_outcome(run.walkers[0], run)
    ended = [w for w in run.walkers if w.state.is_final]
    parts = [_walker_outcome(w, run) for w in ended]
    n_held = sum(walker.state is RunState.HELD for walker in run.walkers)
    if n_held:
        parts.append(f"{n_held} of {len(run.walkers)} walkers {_is_or_are(n_held)} held")
    if going := len(run.walkers) - len(ended) - n_held:
        parts.append(f"{going} of {len(run.walkers)} walkers {'goes' if going == 1 else 'go'} on")
    return "; ".join(parts)


def no_jobs(run: RunSnapshot) -> str:
    """Say why a run has no job to be shown."""
    walkers = run.walkers
    if not run.launcher and not any(walker.job_id for walker in walkers):
        return "It computes without jobs." if any(w.part for w in walkers) else "No jobs."
    if not run.state.is_final:
        had_some = any(walker.part or walker.job_id for walker in walkers)
        return "Its next job has not begun yet." if had_some else "No job yet."
    if any(walker.part or walker.job_id for walker in walkers):
        return "Its jobs ended in an earlier kernel."
    if all(walker.state is RunState.REACHED for walker in walkers):
        return "The start fulfils the conditions: no job was needed."
    return "It ended before its first job."


def _is_or_are(number: int) -> str:
    return "is" if number == 1 else "are"


def _walker_outcome(walker: WalkerSnapshot, run: RunSnapshot) -> str:
    who = "" if len(run.walkers) == 1 else f"walker {walker.index}: "
    return who + _what_happened(walker, run)


def _what_happened(walker: WalkerSnapshot, run: RunSnapshot) -> str:
    time = picoseconds(walker.time_done)
    if walker.state is RunState.REACHED:
        reached = walker.reached_time if walker.reached_time is not None else walker.time_done
        frame = f", frame {walker.n_frames - 1}" if walker.n_frames else ""
        return f"{listed(walker.reached)} reached after {picoseconds(reached)}{frame}"
    return {
        RunState.PREPARING: "being prepared",
        RunState.WAITING: "waits for free cores or its turn in the queue",
        RunState.RUNNING: f"waits for {_awaited(run)}, {time} so far",
        RunState.HELD: f"held after {time}, goes on when it is resumed",
        RunState.DONE: f"done: {time}",
        RunState.LIMIT: f"step limit reached after {time} without {_awaited(run)}",
        RunState.CANCELLED: f"cancelled after {time}",
        RunState.FAILED: f"failed after {time}" + (f": {walker.error}" if walker.error else ""),
    }[walker.state]


def _awaited(run: RunSnapshot) -> str:
    return listed(run.conditions, "or" if run.mode == "any" else "and") or _LENGTH
