"""Runs and jobs that tests move by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from asyncmd_jupyter.jobs.model import Command, JobChanged, JobRecord, JobState
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished
from asyncmd_jupyter.sampling.progress import (
    Band,
    ConditionSeries,
    Observable,
    RunSnapshot,
    RunState,
    SeriesPieces,
    WalkerSnapshot,
)


class PretendJobs:
    """The part of a JobManager that the table uses."""

    def __init__(self, events):
        self.events = events
        self.known = {}
        self.cancelled = []

    def put(self, job_id, state=JobState.RUNNING, **fields):
        old = self.known.get(job_id) or JobRecord(
            id=job_id,
            name=f"job {job_id}",
            launcher="local",
            command=Command(("true",), Path("/")),
            folder=Path("/"),
            submitted=datetime(2026, 1, 1, 12, len(self.known), tzinfo=UTC),
        )
        if state is JobState.RUNNING and old.started is None:
            fields.setdefault("started", datetime.now(tz=UTC))
        self.known[job_id] = replace(old, state=state, **fields)
        self.events.publish(JobChanged(self.known[job_id]))

    def records(self):
        return list(self.known.values())[::-1]

    def job(self, job_id):
        return PretendJob(self, job_id)


class PretendJob:
    def __init__(self, jobs, job_id):
        self.jobs, self.id = jobs, job_id

    async def cancel(self):
        self.jobs.cancelled.append(self.id)
        self.jobs.put(self.id, JobState.CANCELLED, ended=datetime.now(tz=UTC))


class PretendRun:
    """A run in which an angle wanders until it is inside a band."""

    def __init__(self, events, name="first", n_walkers=1, step_limit=10_000):
        self.events = events
        self.id = name
        self.was_cancelled = False
        walkers = tuple(
            WalkerSnapshot(i, step_limit=step_limit, job_id=f"job{i}") for i in range(n_walkers)
        )
        self._snapshot = RunSnapshot(
            name, ("alphaR", "C7eq"), "any", Path("/tmp"), RunState.PREPARING, walkers, 0.0
        )
        self._series = [series(0) for _ in range(n_walkers)]

    def snapshot(self):
        return self._snapshot

    def series(self, walker):
        return self._series[walker]

    def pieces(self, walker):
        one = self._series[walker]
        return SeriesPieces((one,), one.reached_frame)

    async def cancel(self):
        self.was_cancelled = True
        self.change(state=RunState.CANCELLED)

    def change(self, walker=None, state=None, **fields):
        """Set fields of one walker (all by default), the state also of the run."""
        if state is not None:
            fields["state"] = state
        walkers = tuple(
            replace(w, **fields) if walker in (None, w.index) else w for w in self._snapshot.walkers
        )
        ended = all(w.state.is_final for w in walkers)
        self._snapshot = replace(
            self._snapshot,
            walkers=walkers,
            state=state if ended or (state and not state.is_final) else self._snapshot.state,
        )
        self.events.publish(RunFinished(self.id) if ended else RunChanged(self.id))

    def grow(self, n_frames, walker=0, **fields):
        self._series[walker] = series(n_frames, seed=walker, **fields)
        self.change(
            walker,
            RunState.RUNNING,
            n_frames=n_frames,
            time_done=n_frames * 0.2,
            steps_done=n_frames * 50,
            ns_per_day=412.0,
            seconds_left=42.0,
            part=1 + n_frames // 100,
        )


def series(n, seed=0, reached_frame=None, period=360.0, observables=True):
    angles = 150 * np.sin(np.arange(n) / 30 + seed) + 20 * np.random.default_rng(seed).normal(
        size=n
    )
    values = (angles + 180) % 360 - 180
    inside = (values > 120) | (values < -160)
    alpha = (values > -100) & (values < 50)
    shown = Observable(
        "psi",
        values,
        (Band("alphaR", -100, 50, period), Band("C7eq", 120, 200, period)),
    )
    return ConditionSeries(
        times=np.arange(n) * 0.2,
        parts=1 + np.arange(n) // 100,
        fulfilled={"alphaR": alpha, "C7eq": inside},
        observables=(shown,) if observables else (),
        reached_frame=reached_frame,
    )
