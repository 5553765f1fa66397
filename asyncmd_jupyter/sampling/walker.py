"""One simulation of a run: drives a propagator and remembers what can be seen of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from asyncmd_jupyter import runtime
from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.engines.command import FILES_TAG, CommandEngine
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.part import Part
from asyncmd_jupyter.errors import JobCancelledError, JobError, MaxStepsReachedError
from asyncmd_jupyter.frames.growing import GrowingFile
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.sampling.clock import Clock
from asyncmd_jupyter.sampling.fixed_length import propagator_class
from asyncmd_jupyter.sampling.hold import HeldError, Hold
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.progress import (
    ConditionSeries,
    RunState,
    SeriesPieces,
    WalkerSnapshot,
    at_least,
)
from asyncmd_jupyter.sampling.series import SeriesBook
from asyncmd_jupyter.sampling.speed import Speed
from asyncmd_jupyter.sampling.states import Examination
from asyncmd_jupyter.sampling.walker_plan import WalkerEnd, WalkerPlan
from asyncmd_jupyter.triage.raised import told_error

logger = logging.getLogger(__name__)

_WAITING = (JobState.WAITING, JobState.PENDING)


class Walker(PropagationObserver):
    """Propagates, joins the parts, and keeps the books for the views."""

    def __init__(
        self,
        plan: WalkerPlan,
        engine: MDEngine,
        conditions: Sequence[Any],
        changed: Callable[[], None],
        *,
        mode: str,
        **parameters: Any,
    ) -> None:
        self._mode = mode
        self._plan = plan
        self._changed = changed
        self.propagator = propagator_class(conditions).from_engine(
            engine, conditions, index=plan.index, mode=mode, observer=self, **parameters
        )
        self.propagator.job_tags = plan.tags
        # Walkers begin alike: what is said of the first one holds for all.
        # Of a start that is needed anyway the run has told.
        self.propagator.tells_of_velocities = plan.index == 0 and plan.continuation
        # One that is brought back is known to be the same, whatever its start's file is now.
        self.propagator.trusts_start = plan.known is not None
        self._engine = engine
        self._hold = Hold(plan.is_held)
        self._tasks = OwnedTasks()
        self._taken_back: set[str] = set()
        self._is_under_way = False
        self.takes_cores_here = not isinstance(engine, CommandEngine) or engine.takes_cores_here
        self._announced = ExitStack()
        self._ending = engine.output_traj_type
        self._reached: tuple[str, ...] = ()
        self._step_limit = self.propagator.step_limit(engine)
        self._dt = engine.dt if engine.has_fixed_dt else None
        self._clock = Clock(self._dt)
        self._state = RunState.PREPARING
        self._part: Part | None = None
        self._parts: dict[int, Trajectory] = {}
        self._speed = Speed()
        self._book = SeriesBook(self.propagator.condition_names, self.propagator.quantities)
        self._task: asyncio.Task[None] | None = None
        self._job_id: str | None = None
        self._newest_file: Path | None = None
        self._structure: Path | None = None
        self.result: Trajectory | None = None
        self._end: WalkerEnd | None = None
        self.has_submitted = asyncio.Event()
        self.error: Exception | None = None

    def start_at(self, start: StartingConfiguration) -> None:
        """Begin at what has been made meanwhile; before `check` and `begin`'s `ready`."""
        self._plan = replace(self._plan, start=start)

    async def check(self) -> None:
        """Evaluate the conditions on the start; raises what they raise."""
        await self.propagator.check(self._plan.start)

    async def check_same_start(self) -> None:
        """Refuse to continue what was begun from another start."""
        plan = self._plan
        if plan.continuation and plan.folder.is_dir():
            names = plan.folder, plan.deffnm
            await self.propagator.check_same_start(plan.start, *names, plan.velocities)
            self.propagator.trusts_start = True

    def begin(self, ready: Awaitable[object]) -> asyncio.Task[None]:
        """Run to the end, whatever it is, as soon as `ready` is done."""
        self._task = runtime.start(self._go(ready), name=f"walker {self._plan.deffnm}")
        # Walkers begin one after the other, but shall share the cores from the first one on.
        self._announce()
        self._task.add_done_callback(self._ended)
        return self._task

    def _ended(self, _: asyncio.Task[None]) -> None:
        # A task that is cancelled before its first step runs none of its code.
        if not self._state.is_final:
            self._state = RunState.CANCELLED
        self._announced.close()
        self._part = None
        self._hold.quieten()
        self.has_submitted.set()
        self._changed()

    def _announce(self) -> None:
        self._announced.enter_context(_announcement(self._engine, self._plan))

    async def _go(self, ready: Awaitable[object]) -> None:
        try:
            await asyncio.shield(ready)
            self._is_under_way = True
            state, self.result = await self._propagate_unless_held()
            self._structure = self._structure or self.result.structure_path
            self._end = WalkerEnd.of(self.result, self._clock, needed_md=self._book.n_frames > 0)
            self._state = state
        except JobCancelledError:
            self._state = RunState.CANCELLED
        except Exception as error:
            logger.debug("Walker %s failed", self._plan.deffnm, exc_info=True)
            self._state, self.error = RunState.FAILED, error

    async def _propagate_unless_held(self) -> tuple[RunState, Trajectory]:
        while True:
            try:
                return await self._propagate()
            except HeldError:
                pass
            except JobCancelledError:
                if self._job_id not in self._taken_back:
                    raise
            self._part = None
            self._plan = replace(self._plan, continuation=True)
            self.propagator.trusts_start = True
            await self._rest()

    async def _rest(self) -> None:
        self._announced.close()
        self.has_submitted.set()  # the next walkers need not wait for this one
        self._changed()
        await self._hold.rest()
        self._state = RunState.PREPARING
        self._announce()
        self._changed()

    async def _propagate(self) -> tuple[RunState, Trajectory]:
        plan, max_steps = self._plan, self.propagator.max_steps
        result = plan.folder / f"{plan.deffnm}.{self._ending}"
        try:
            parts, index = await self.propagator.propagate(
                plan.start,
                plan.folder,
                plan.deffnm,
                continuation=plan.continuation,
                velocities=plan.velocities,
            )
        except MaxStepsReachedError as error:
            if self.propagator.max_steps != max_steps:  # raised meanwhile
                raise HeldError from error
            # Without conditions the limit is the aim.
            end = RunState.LIMIT if self.propagator.conditions else RunState.DONE
            return end, await self.propagator.join_all(
                plan.folder, plan.deffnm, result, overwrite=True
            )
        joined, _ = await self.propagator.cut_and_concatenate(parts, result, overwrite=True)
        await joined.prepare()
        names = self.propagator.condition_names
        self._reached = names if self._mode == "all" else (names[index],)
        return RunState.REACHED, joined

    async def cancel(self) -> None:
        """End it and its job, and wait for both; what is on disk stays."""
        if self._task is None or self._task.done():
            return
        part = self._part
        self._task.cancel()
        await asyncio.wait([self._task])
        if part is not None:
            await part.job.wait()
            await self._count_left(part)
        elif self._plan.continuation:
            await self._cancel_left()

    async def _count_left(self, part: Part) -> None:
        """Count what was written after the last look at a part that was cancelled."""
        with suppress(OSError, ValueError):  # as far as there is a file that can be read
            self._book.frames_left(part.number, await asyncio.to_thread(_frames_of, part))
            self._changed()

    async def _cancel_left(self) -> None:
        """End the job of an earlier kernel that has not been taken over yet."""
        manager = JobManager.current()
        files = EngineFiles(self._plan.folder, self._plan.deffnm)
        for job in await manager.unfinished({FILES_TAG: files.key}):
            if manager.is_followed(job):
                await job.cancel()
                await job.wait()

    async def hold(self) -> None:
        """Let nothing be computed until it is resumed; returns when nothing is."""
        if self._task is None or self._task.done():
            return
        self._hold.close()
        if self._part is not None:
            await self._hold_part(self._part)
        if self._is_under_way and isinstance(self._engine, CommandEngine):
            await self._hold.quiet()
        self._changed()

    def resume(self, max_steps: int | None = None) -> None:
        """Go on after `hold`, with another limit if one is given."""
        if max_steps is not None:
            self.propagator.max_steps = max_steps
            self._step_limit = self.propagator.step_limit(self._engine)
        self._hold.open()
        part = self._part
        if part is not None and part.job.is_held:
            self._tasks.start(part.job.release())
        self._changed()

    async def _hold_part(self, part: Part) -> None:
        if part.job.state in _WAITING:
            try:
                await part.job.hold()
            except JobError:
                logger.debug("%s has begun meanwhile.", part.trajectory_file, exc_info=True)
            else:
                self._hold.quieten()
                return
        # A program that is still being started might not hear that it should stop.
        if part.trajectory_file.exists():
            await part.ask_to_stop()
        else:
            self._taken_back.add(part.job.id)
            await part.job.cancel()

    # What the propagator tells

    def part_begins(self) -> None:
        """Keep it from beginning while this is held."""
        self._hold.check()

    def part_started(self, part: Part) -> None:
        """Follow the new part."""
        self._part = part
        self.has_submitted.set()
        self._job_id, self._structure = part.job.id, part.structure_file
        # Also what a part that is cancelled or fails leaves can be looked at.
        self._newest_file = part.trajectory_file.absolute()
        self._speed = Speed()
        self._state = RunState.RUNNING
        if self._hold.is_on and not part.job.is_held:
            self._tasks.start(self._hold_part(part))
        self._changed()

    def frames_written(self, part: Part, new: FrameIndex) -> None:
        """Count what is on disk."""
        self._speed.seen(int(new.steps[-1]), float(new.times[-1]))
        self._book.frames_written(part.number, new)
        self._changed()

    def examined(
        self, number: int, times: NDArray[Any], examinations: Sequence[Examination], *, live: bool
    ) -> None:
        """Keep what the conditions said."""
        self._book.examined(number, times, examinations, live=live)
        self._changed()

    def part_finished(self, number: int, trajectory: Trajectory) -> None:
        """Take the finished part in place of the growing one."""
        self._parts[number] = trajectory
        self._part = None
        self._book.part_finished(number, trajectory)
        self._changed()

    # What the views see

    @property
    def ended(self) -> bool:
        """Whether nothing of it will change any more."""
        return self._state.is_final

    @property
    def error_kind(self) -> str:
        """Class of the error that ended it; empty if none did."""
        return "" if self.error is None else type(self.error).__name__

    async def read(self) -> None:
        """Do nothing: what the conditions said is known."""

    def series(self) -> ConditionSeries:
        """Everything the conditions said so far."""
        return self._book.series(self._reached_frame)

    def pieces(self) -> SeriesPieces:
        """The same part by part, without copying."""
        return self._book.pieces(self._reached_frame)

    @property
    def _reached_frame(self) -> int | None:
        decided = self._reached and self._end is not None and self._book.n_frames
        return self._end.n_frames - 1 if decided and self._end else None

    def snapshot(self) -> WalkerSnapshot:
        """Take a picture of this moment."""
        end = self._end
        last_step = self._book.last_step if end is None else end.step
        seen = WalkerSnapshot(
            index=self._plan.index,
            state=self._state_now(),
            steps_done=last_step,
            step_limit=self._step_limit,
            time_done=self._time_of(last_step),
            ns_per_day=self._speed.ns_per_day(self._dt),
            seconds_left=self._speed.seconds_left(last_step, self._step_limit),
            n_frames=self._book.n_frames if end is None else end.n_frames,
            part=self._book.last_part,
            job_id=self._job_id,
            reached=self._reached,
            reached_time=end.time if end is not None and self._reached else None,
            trajectory_files=self._files(),
            structure_file=self._structure,
            error="" if self.error is None else told_error(self.error),
            time_limit=self._time_limit,
        )
        return at_least(seen, self._plan.known)

    def _time_of(self, last_step: int) -> float:
        if self._dt is not None:
            return self._clock.time(last_step, 0.0)
        return self._book.last_time if self._end is None else self._end.time

    @property
    def _time_limit(self) -> float | None:
        if self._step_limit is None or self._dt is None:
            return None
        return self._step_limit * self._dt

    def _state_now(self) -> RunState:
        if self._state.is_final:
            return self._state
        if self._part is not None and self._part.job.state in _WAITING:
            return RunState.HELD if self._part.job.is_held else RunState.WAITING
        return RunState.HELD if self._hold.is_on and self._is_quiet else self._state

    @property
    def _is_quiet(self) -> bool:
        """Whether nothing is computed, and nothing will be as long as it is held."""
        begins_parts = isinstance(self._engine, CommandEngine)
        has_none = self._part is None and (begins_parts or not self._is_under_way)
        return self._hold.rests or has_none

    def _files(self) -> tuple[Path, ...]:
        if self.result is not None:
            return self.result.paths
        finished = tuple(path for n in sorted(self._parts) for path in self._parts[n].paths)
        begun = () if self._newest_file is None else (self._newest_file,)
        return tuple(dict.fromkeys((*finished, *begun)))


def _frames_of(part: Part) -> FrameIndex:
    file = GrowingFile(part.trajectory_file)
    file.poll()
    return file.index


def _announcement(engine: MDEngine, plan: WalkerPlan) -> AbstractContextManager[None]:
    if isinstance(engine, CommandEngine):
        return engine.announced(EngineFiles(plan.folder, plan.deffnm))
    return nullcontext()
