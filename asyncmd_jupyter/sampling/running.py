"""A run: walkers on their way in the background, to be watched, held and cancelled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Generator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncmd_jupyter import runtime
from asyncmd_jupyter.background import check_loop
from asyncmd_jupyter.engines.energies.table import EnergyTable
from asyncmd_jupyter.events import EventBus
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.model import JobChanged, JobState
from asyncmd_jupyter.sampling.events import RunChanged, RunFinished
from asyncmd_jupyter.sampling.progress import (
    ConditionSeries,
    RunSnapshot,
    RunState,
    SeriesPieces,
    combined_state,
)
from asyncmd_jupyter.sampling.run_energies import RunEnergies
from asyncmd_jupyter.sampling.run_folder import make_ready
from asyncmd_jupyter.sampling.run_memory_keeper import Keeper
from asyncmd_jupyter.sampling.run_memory_walker import StoredWalker
from asyncmd_jupyter.sampling.run_record import RunRecord
from asyncmd_jupyter.sampling.run_spec import RunSpec
from asyncmd_jupyter.sampling.start_frame import StartWriting
from asyncmd_jupyter.sampling.walker import Walker
from asyncmd_jupyter.sampling.wishes import WishesOfOthers

RUN_TAG = "run"
_NOTE_SECONDS = 30.0  # what has been computed is seen without this kernel, but not written often


class Run:
    """Some walkers on their way from one start until conditions hold.

    Made by `start_run`, or brought back by `attach_runs`. ``await run`` waits for the result;
    cancelling or interrupting that wait leaves the run alone.
    """

    def __init__(self, spec: RunSpec, record: RunRecord | None = None) -> None:
        self.spec = spec
        self.conditions: tuple[str, ...] = ()
        self.walkers: list[Walker | StoredWalker] = []
        self._events: EventBus = runtime.current().events
        self._seconds_before = _seconds_so_far(record)
        self._began = time.monotonic() - self._seconds_before
        self._ended: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Task[None] | None = None
        self._is_known = False
        self._keeper = Keeper(spec, self._look, record)
        self._next_note = time.monotonic() + _NOTE_SECONDS
        self._energies = RunEnergies(spec)

    @property
    def id(self) -> str:
        """The name the user gave it."""
        return self.spec.name

    @property
    def workdir(self) -> Path:
        """Its folder."""
        return self.spec.folder

    def begin(
        self,
        walkers: Sequence[Walker | StoredWalker],
        *,
        overwrite: bool = False,
        known: bool = False,
        writing: StartWriting | None = None,
    ) -> None:
        """Start all walkers that have not ended in the running event loop.

        Parameters
        ----------
        walkers : sequence of Walker or StoredWalker
        overwrite : bool
            Remove the files of an earlier run first.
        known : bool
            Whether its folder and conditions are those of a run that was begun before.
        writing : StartWriting, optional
            Starts that are written first.
        """
        self._is_known = known
        self.walkers = list(walkers)
        going = [walker for walker in walkers if isinstance(walker, Walker) and not walker.ended]
        if not going:
            self._ended = self._began + self._seconds_before
            self.changed()
            return
        making = self._make_ready(overwrite, known, writing)
        ready = runtime.start(making, name=f"folder of {self.id}")
        self._ready = ready
        tasks = [ready]
        for walker in going:
            # One after the other, so that the first walkers are the first to get cores; in a
            # queue of others, all of them at once are cheaper.
            turn = tasks[-1] if walker.takes_cores_here else ready
            begun = walker.begin(turn), runtime.start(_both(ready, walker.has_submitted.wait()))
            for task in begun:
                task.add_done_callback(lambda _: self._keeper.note())
            tasks += begun
        self._task = runtime.start(self._follow(tasks), name=f"run {self.id}")
        WishesOfOthers.current().ensure()

    async def _follow(self, tasks: list[asyncio.Task[None]]) -> None:
        unsubscribe = self._events.subscribe(self._job_changed, JobChanged)
        try:
            # The walkers keep what went wrong.
            await asyncio.gather(*tasks, return_exceptions=True)
            self._ended = time.monotonic()
            await self._keeper.settled()
        finally:
            unsubscribe()
            if not self.is_left:
                self._ended = self._ended or time.monotonic()
                self.changed()
                self._events.publish(RunFinished(self.id))

    async def checked(self, patience: float = 5.0) -> None:
        """Wait until the conditions have been evaluated on the start, but not for ever.

        Raises
        ------
        Exception
            What a condition raised; nothing has been computed or overwritten then.
        """
        if self._ready is None:
            return
        await asyncio.wait([self._ready], timeout=patience)
        error = self._ready.exception() if self._is_known_bad() else None
        if error is not None:
            raise error

    def _is_known_bad(self) -> bool:
        ready = self._ready
        return ready is not None and ready.done() and not ready.cancelled()

    async def take_over(self, *, force: bool = False) -> None:
        """Make this kernel the one that goes on with a run that is brought back.

        Raises
        ------
        OtherKernelError
            Another kernel was quicker.
        """
        await self._keeper.take_over(force=force)

    async def _make_ready(self, overwrite: bool, known: bool, writing: StartWriting | None) -> None:
        if writing is not None:
            self._start_at(await writing.written())
        first = self.walkers[0]
        if not known and isinstance(first, Walker):
            # A condition that is none has to be known before an earlier run is overwritten.
            await first.check()
            await self._check_same_starts()
        else:  # one that is resumed may have been cancelled before it had a folder
            overwrite = False
        await make_ready(self.workdir, overwrite=overwrite)
        await self._keeper.begin()

    def _start_at(self, spec: RunSpec) -> None:
        """Let the walkers begin at starts that have been written."""
        self.spec = self._keeper.spec = spec
        for index, walker in enumerate(self.walkers):
            if isinstance(walker, Walker):
                walker.start_at(spec.start_of(index))

    async def _check_same_starts(self) -> None:
        checks = [w.check_same_start() for w in self.walkers if isinstance(w, Walker)]
        for problem in await asyncio.gather(*checks, return_exceptions=True):
            if problem is not None:  # of the first walker, whoever was quickest
                raise problem

    def _look(self) -> tuple[RunSnapshot, tuple[str, ...]]:
        return self.snapshot(), tuple(walker.error_kind for walker in self.walkers)

    def _job_changed(self, event: JobChanged) -> None:
        if event.record.tags.get(RUN_TAG) != self.id:
            return
        self.changed()
        if event.record.state is JobState.RUNNING:
            self._note()

    def changed(self) -> None:
        """Tell the views that there is something new."""
        self._events.publish(RunChanged(self.id))
        if time.monotonic() > self._next_note and not self.done:
            self._note()

    def _note(self) -> None:
        self._next_note = time.monotonic() + _NOTE_SECONDS
        with suppress(RuntimeError):  # no event loop runs: the interpreter exits
            self._keeper.note()

    @property
    def state(self) -> RunState:
        """RUNNING as long as any walker goes on, then the worst of their states."""
        return combined_state([walker.snapshot().state for walker in self.walkers])

    @property
    def done(self) -> bool:
        """Whether all walkers have ended."""
        return self._ended is not None

    @property
    def is_left(self) -> bool:
        """Whether its event loop was closed before it ended; its jobs go on, and `resume` follows.

        A loop that ``asyncio.run`` ends cancels the run instead, as all that it runs.
        """
        return self._ended is None and self._task is not None and self._task.get_loop().is_closed()

    @property
    def result(self) -> Trajectory | list[Trajectory | None] | None:
        """Of one walker its trajectory, of several the list; None for what there is not."""
        results = [walker.result for walker in self.walkers]
        return results[0] if len(results) == 1 else list(results)

    @property
    def reached(self) -> list[tuple[str, ...]]:
        """For each walker the names of the conditions that ended it.

        Empty for a walker on its way, and for one that ended without, such as at its limit. With
        ``mode="any"`` there is more than one name where several hold in the same frame.
        """
        return [walker.snapshot().reached for walker in self.walkers]

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
            takes_cores_here=all(one.ended or one.takes_cores_here for one in self.walkers),
        )

    def series(self, walker: int = 0) -> ConditionSeries:
        """What the conditions of one walker said so far."""
        return self.walkers[walker].series()

    def pieces(self, walker: int = 0) -> SeriesPieces:
        """The same part by part, without copying: for views of many long runs."""
        return self.walkers[walker].pieces()

    async def energies(self, walker: int = 0) -> EnergyTable:
        """Energies, temperature, density and more of one walker, as its program wrote them.

        Of a run that goes on the rows that are on disk now, of one that has ended all up to the
        frame that decided. See `OpenMMEngine` (`nstenergy`) and ``nstenergy`` of GROMACS for how
        often they are written.

        Parameters
        ----------
        walker : int
            Its number, from 0.

        Returns
        -------
        EnergyTable
            Name of a column -> array of shape (n_rows,), with `units`, `steps`, and `times` in
            ps since the start of the run.

        Raises
        ------
        NotImplementedError
            The engine does not say how energies are written.
        IndexError, OSError, ValueError

        Examples
        --------
        In a notebook, of a run called ``first``::

            energies = await first.energies()
            energies["Temperature"].mean()       # K
            energies.to_csv("first.csv")
        """
        return await asyncio.to_thread(self.read_energies, walker)

    def read_energies(self, walker: int = 0) -> EnergyTable:
        """Do as `energies`, in a thread or where nothing else has to go on meanwhile."""
        return self._energies.of_walker(self.walkers[walker].snapshot())

    @property
    def has_energies(self) -> bool:
        """Whether the engine says how energies are written."""
        return self.spec.engine.energy_format is not None

    async def read(self) -> None:
        """Read what the conditions said of walkers that were brought back as ended.

        `series` shows nothing of them before, and begins that by itself; `RunChanged` says
        when it is there.
        """
        await asyncio.gather(*(walker.read() for walker in self.walkers))

    async def wait(self) -> Trajectory | list[Trajectory | None] | None:
        """Wait for the end and return the result.

        Raises
        ------
        Exception
            What ended the first walker that failed; the others' results stay in `result`.
        RuntimeError
            Its event loop was closed before it ended.
        """
        if self.is_left:
            raise RuntimeError(
                f"The event loop in which the run {self.id!r} was started was closed before it "
                "ended: run.resume() goes on with it in this one."
            )
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
            # What is known of an earlier run is kept up to date, whatever becomes of it.
            if not self._is_known:
                self._ready.cancel()
            await asyncio.wait([self._ready])
        await asyncio.gather(*(walker.cancel() for walker in self.walkers))
        if self._task is not None:
            await asyncio.wait([self._task])

    async def hold(self) -> None:
        """Let nothing be computed until `resume`; returns when nothing is any more.

        Jobs that wait keep their places and are not started; those that compute save their
        work and end.

        Raises
        ------
        ValueError
            The run has ended.
        """
        if self.done:
            raise ValueError(
                f"The run {self.id!r} has ended ({self.state.value}): there is nothing to hold."
            )
        await asyncio.gather(*(walker.hold() for walker in self.walkers))
        await self._keeper.settled()
        self.changed()

    def go_on(self, spec: RunSpec) -> None:
        """Let held walkers go on, with what has changed of the order."""
        max_steps = None if spec.max_steps == self.spec.max_steps else spec.max_steps
        self.spec = self._keeper.spec = spec
        for walker in self.walkers:
            walker.resume(max_steps)
        self._keeper.note()
        self.changed()

    def resume(self, *, max_steps: int | None = None, max_ps: float | None = None) -> Run:
        """Go on with a held run, or from its files with one that was cancelled, failed or left.

        Parameters
        ----------
        max_steps : int, optional
            Another limit, counted from the start; needed where a walker has ended at the old one.
        max_ps : float, optional
            The same as simulated time.

        Returns
        -------
        Run
            The run itself if it was held, else the one that takes its place.

        Raises
        ------
        ValueError, TypeError
            There is nothing to go on with, or a limit that can't be used; says why.
        RuntimeError
            No event loop runs.
        """
        from asyncmd_jupyter.sampling.run_length import chosen_steps
        from asyncmd_jupyter.sampling.run_resume import resumed

        check_loop("Run.resume")
        given = {"max_steps": max_steps, "max_ps": max_ps}
        return resumed(self, chosen_steps(self.spec.engine, given, has_conditions=True))

    def __repr__(self) -> str:
        """One line with the state of each walker."""
        states = ", ".join(
            f"{w.state.value}{' ' + '+'.join(w.reached) if w.reached else ''} ({w.time_done:g} ps)"
            for w in self.snapshot().walkers
        )
        return f"<Run {self.id}: {states}>"


async def _both(ready: Awaitable[None], submitted: Awaitable[object]) -> None:
    await submitted
    await asyncio.shield(ready)


def _seconds_so_far(record: RunRecord | None) -> float:
    """Of a run that was brought back: those it took, or those since it began."""
    if record is None:
        return 0.0
    if record.state.is_final:
        return record.wall_seconds
    return max(0.0, (datetime.now(UTC) - record.created).total_seconds())
