"""What runs come to that no kernel follows: their jobs tell, their records do not any more."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jupyter.server.facts import JobFacts
from asyncmd_jupyter.jupyter.server.runs import FINAL, RunInfo, run_key

INTERRUPTED, CANCELLED, RUNNING, WAITING = "interrupted", "cancelled", "running", "waiting"


def judged(runs: Mapping[str, RunInfo], jobs: Iterable[JobFacts]) -> dict[str, RunInfo]:
    """The runs, with the true state of those that are left alone.

    Parameters
    ----------
    runs : Mapping
        By their keys.
    jobs : iterable of JobFacts
        All of them.
    """
    left = {key: run for key, run in runs.items() if run.open_walkers and not run.is_followed}
    if not left:
        return dict(runs)
    newest = _newest(left, jobs)
    told = {key: _with_states(run, newest.get(key, {})) for key, run in left.items()}
    return {**runs, **told}


def state_of(jobs: Mapping[str, JobFacts]) -> str:
    """The state of a run by the newest jobs of its walkers that have not ended."""
    states = {job.state for job in jobs.values()}
    if JobState.RUNNING in states:
        return RUNNING
    if any(not state.is_final for state in states):
        return WAITING
    were_cancelled = [job.was_cancelled for job in jobs.values()]
    return CANCELLED if were_cancelled and all(were_cancelled) else INTERRUPTED


def _newest(
    runs: Mapping[str, RunInfo], jobs: Iterable[JobFacts]
) -> dict[str, dict[str, JobFacts]]:
    """The newest job of each walker that had not ended, by run and walker."""
    found: dict[str, dict[str, JobFacts]] = {}
    for job in jobs:
        key = run_key(job.cwd, job.run) if job.run else ""
        run = runs.get(key)
        if run is None or job.walker not in run.open_walkers:
            continue
        known = found.setdefault(key, {}).get(job.walker)
        if known is None or (job.submitted or "") >= (known.submitted or ""):
            found[key][job.walker] = job
    return found


def _with_states(run: RunInfo, jobs: Mapping[str, JobFacts]) -> RunInfo:
    """The run as its jobs tell: as a whole, and how many of its walkers are in which state."""
    row = json.loads(run.text)
    going = [{w: jobs[w]} if w in jobs else {} for w in run.open_walkers]
    ended = {state: n for state, n in row.get("states", {}).items() if state in FINAL}
    told = {"state": state_of(jobs), "states": Counter(ended) + Counter(map(state_of, going))}
    if all(row.get(name) == value for name, value in told.items()):
        return run
    return replace(run, text=json.dumps(row | told))
