"""Runs: propagations in the background, with a name, that can be watched and cancelled."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Generator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.model import JobChanged
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished
from asyncmd_jupyter.sampling.progress import (
    ConditionSeries,
    RunSnapshot,
    RunState,
    SeriesPieces,
)
from asyncmd_jupyter.sampling.run_folder import check_folder, make_ready
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.states import Condition, as_condition
from asyncmd_jupyter.sampling.walker import Walker, WalkerPlan

RUN_TAG = "run"


class Run:
    """Some walkers on their way from one start until conditions hold.

    Made by `start_run`. ``await run`` waits for the result; cancelling or interrupting
    that wait leaves the run alone.
    """

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.conditions: tuple[str, ...] = ()
        self.walkers: list[Walker] = []
        self._events: EventBus = runtime.current().events
        self._began = time.monotonic()
        self._ended: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """The name the user gave it."""
        return self.spec.name

    @property
    def workdir(self) -> Path:
        """Its folder."""
        return self.spec.folder

    def begin(self, walkers: Sequence[Walker], *, overwrite: bool) -> None:
        """Start all walkers in the running event loop."""
        self.walkers = list(walkers)
        loop = asyncio.get_running_loop()
        ready = loop.create_task(self._make_ready(overwrite), name=f"folder of {self.id}")
        self._ready = ready
        tasks = [ready]
        for walker in self.walkers:
            # One after the other, so that the first walkers are the first to get cores; in a
            # queue of others, all of them at once are cheaper.
            turn = tasks[-1] if walker.takes_cores_here else ready
            tasks.append(walker.begin(turn))
            tasks.append(loop.create_task(_both(ready, walker.has_submitted.wait())))
        self._task = loop.create_task(self._follow(tasks), name=f"run {self.id}")

    async def _follow(self, tasks: list[asyncio.Task[None]]) -> None:
        unsubscribe = self._events.subscribe(self._job_changed, JobChanged)
        try:
            # The walkers keep what went wrong.
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            unsubscribe()
            self._ended = time.monotonic()
            self.changed()
            self._events.publish(RunFinished(self.id))

    async def _make_ready(self, overwrite: bool) -> None:
        # A condition that is none has to be known before an earlier run is overwritten.
        await self.walkers[0].check()
        await make_ready(self.workdir, overwrite=overwrite)

    def _job_changed(self, event: JobChanged) -> None:
        if event.record.tags.get(RUN_TAG) == self.id:
            self.changed()

    def changed(self) -> None:
        """Tell the views that there is something new."""
        self._events.publish(RunChanged(self.id))

    @property
    def state(self) -> RunState:
        """RUNNING as long as any walker goes on, then the worst of their states."""
        return combined_state([walker.snapshot().state for walker in self.walkers])

    @property
    def done(self) -> bool:
        """Whether all walkers have ended."""
        return self._ended is not None

    @property
    def result(self) -> Trajectory | list[Trajectory | None] | None:
        """Of one walker its trajectory, of several the list; None for what there is not."""
        results = [walker.result for walker in self.walkers]
        return results[0] if len(results) == 1 else list(results)

    def snapshot(self) -> RunSnapshot:
        """Take a picture of everything that can be seen from outside."""
        walkers = tuple(walker.snapshot() for walker in self.walkers)
        now = time.monotonic() if self._ended is None else self._ended
        return RunSnapshot(
            id=self.id,
            conditions=self.conditions,
            mode=self.spec.mode,
            workdir=self.workdir,
            state=combined_state([walker.state for walker in walkers]),
            walkers=walkers,
            wall_seconds=now - self._began,
            campaign=self.spec.campaign,
            engine=self.spec.engine.program or type(self.spec.engine).__name__,
            launcher=getattr(self.spec.engine, "launcher", ""),
        )

    def series(self, walker: int = 0) -> ConditionSeries:
        """What the conditions of one walker said so far."""
        return self.walkers[walker].series()

    def pieces(self, walker: int = 0) -> SeriesPieces:
        """The same part by part, without copying: for views of many long runs."""
        return self.walkers[walker].pieces()

    async def wait(self) -> Trajectory | list[Trajectory | None] | None:
        """Wait for the end and return the result.

        Raises
        ------
        Exception
            What ended the first walker that failed; the others' results stay in `result`.
        """
        if self._task is not None:
            await asyncio.shield(self._task)
        for walker in self.walkers:
            if walker.error is not None:
                raise walker.error
        return self.result

    def __await__(self) -> Generator[Any, None, Trajectory | list[Trajectory | None] | None]:
        """``await run`` is ``await run.wait()``."""
        return self.wait().__await__()

    async def cancel(self) -> None:
        """End all walkers and wait until their jobs have ended; frames on disk stay."""
        if self._ready is not None:
            self._ready.cancel()
        await asyncio.gather(*(walker.cancel() for walker in self.walkers))
        if self._task is not None:
            await asyncio.wait([self._task])

    def __repr__(self) -> str:
        """One line with the state of each walker."""
        states = ", ".join(
            f"{w.state.value}{' ' + '+'.join(w.reached) if w.reached else ''} ({w.time_done:g} ps)"
            for w in self.snapshot().walkers
        )
        return f"<Run {self.id}: {states}>"


class Runs:
    """All runs of this kernel by their names."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    @classmethod
    def create(cls, _: runtime.Runtime) -> Runs:
        """Make the service of a runtime."""
        return cls()

    @classmethod
    def current(cls) -> Runs:
        """The service of the current runtime."""
        return runtime.current().service(cls.create)

    def add(self, run: Run) -> None:
        """Take in a run, in place of an ended one of the same name."""
        self._runs[run.id] = run

    def get(self, name: str) -> Run:
        """The run of a name.

        Raises
        ------
        ValueError
            Naming those that there are.
        """
        if name not in self._runs:
            known = ", ".join(self._runs) or "none yet"
            raise ValueError(f"There is no run named {name!r} in this kernel; there are: {known}.")
        return self._runs[name]

    def all(self) -> list[Run]:
        """All runs, oldest first."""
        return list(self._runs.values())

    def is_active(self, name: str) -> bool:
        """Whether a run of this name is going on."""
        return name in self._runs and not self._runs[name].done


def start_run(
    engine: MDEngine,
    start: StartingConfiguration,
    *,
    until: Sequence[Any],
    name: str,
    n_walkers: int = 1,
    mode: str = "any",
    max_steps: int | None = None,
    walltime_per_part: float = 24.0,
    workdir: str | PathLike[str] | None = None,
    overwrite: bool = False,
    continuation: bool = False,
    campaign: str = "",
) -> Run:
    """Start a run in the background and return at once.

    Parameters
    ----------
    engine : MDEngine
        Each walker gets a clone; the engine itself is not touched.
    start : Trajectory, path or None
        All walkers begin at its first frame.
    until : list of condition or (str, condition)
        Conditions, with another name to show where theirs is not wanted.
    name : str
        Of the run, its folder and its files.
    n_walkers : int
    mode : str
        ``any`` or ``all``.
    max_steps : int, optional
        MD steps after which a walker gives up.
    walltime_per_part : float
        Hours.
    workdir : path, optional
        Folder that holds the run's folder; by default the current one.
    overwrite : bool
        Remove the files of an earlier run of this name first.
    continuation : bool
        Go on with an earlier run of this name.
    campaign : str
        Name of a group of runs that belong together.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError, NotADirectoryError, PermissionError
        For an argument that can't be used; nothing was started or written then.
    """
    if isinstance(until, str) or not isinstance(until, Sequence):
        raise TypeError(f"until={until!r} has to be a list of conditions.")
    spec = RunSpec(
        engine=engine,
        start=start,
        until=tuple(_named(item) for item in until),
        name=name,
        workdir=Path.cwd() / (workdir or "."),
        n_walkers=n_walkers,
        mode=mode,
        max_steps=max_steps,
        walltime_per_part=walltime_per_part,
        campaign=campaign,
    )
    return start_spec(spec, overwrite=overwrite, continuation=continuation)


def start_spec(spec: RunSpec, *, overwrite: bool = False, continuation: bool = False) -> Run:
    """Start what a `RunSpec` says in the background; see `start_run`."""
    check_spec(spec)
    run = Run(spec)
    walkers = [_walker(run, index, continuation) for index in range(spec.n_walkers)]
    run.conditions = walkers[0].propagator.condition_names
    check_folder(spec.folder, overwrite=overwrite, continuation=continuation)
    Runs.current().add(run)
    run.begin(walkers, overwrite=overwrite)
    return run


def check_spec(spec: RunSpec) -> None:
    """Refuse an order that can't be carried out; nothing is written.

    Raises
    ------
    ValueError, TypeError
    """
    check_name(spec.name)
    if spec.campaign:
        check_name(spec.campaign, "campaign")
    n_walkers = spec.n_walkers
    if isinstance(n_walkers, bool) or not hasattr(n_walkers, "__index__") or n_walkers < 1:
        raise ValueError(f"n={n_walkers!r} has to be a whole number of at least 1.")
    if not isinstance(spec.engine, MDEngine):
        raise TypeError(f"engine={spec.engine!r} is no MD engine, such as an OpenMMEngine.")
    if spec.starts and len(spec.starts) != n_walkers:
        raise ValueError(f"There are {len(spec.starts)} starts for {n_walkers} walkers.")
    for start in spec.starts or (spec.start,):
        spec.engine.check_start(start)
    if Runs.current().is_active(spec.name):
        raise ValueError(
            f"The name {spec.name!r} is in use by a run that goes on: choose another one."
        )


def _walker(run: Run, index: int, continuation: bool) -> Walker:
    spec = run.spec
    plan = WalkerPlan(
        index=index,
        start=spec.start_of(index),
        folder=spec.folder,
        deffnm=spec.deffnm(index),
        tags={RUN_TAG: spec.name, "walker": str(index)},
        continuation=continuation,
    )
    return Walker(
        plan,
        spec.engine,
        spec.until,
        run.changed,
        mode=spec.mode,
        max_steps=spec.max_steps,
        walltime_per_part=spec.walltime_per_part,
    )


def _named(item: Any) -> Condition:
    label, condition = item if isinstance(item, tuple) and len(item) == 2 else (None, item)
    return as_condition(condition, label)


async def _both(ready: Awaitable[None], submitted: Awaitable[object]) -> None:
    await submitted
    await asyncio.shield(ready)


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def check_name(name: Any, what: str = "name") -> None:
    """Refuse a name that can't name a folder and files.

    Raises
    ------
    ValueError
        Saying which characters can be used.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{what}={name!r} names a folder and files: use letters, digits, '_', '-' and '.', "
            "beginning with a letter or digit."
        )


def combined_state(states: Sequence[RunState]) -> RunState:
    """One state for a run."""
    for state in _BY_URGENCY:
        if state in states:
            return state
    return RunState.PREPARING


_BY_URGENCY = (
    RunState.RUNNING,
    RunState.WAITING,
    RunState.PREPARING,
    RunState.FAILED,
    RunState.CANCELLED,
    RunState.LIMIT,
    RunState.REACHED,
)
