"""One simulation of a run: drives a propagator and remembers what can be seen of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray

from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration
from asyncmd_jupyter.engines.command import CommandEngine
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.part import Part
from asyncmd_jupyter.errors import JobCancelledError, MaxStepsReachedError
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.frames.xdr import FrameIndex
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.sampling.observer import PropagationObserver
from asyncmd_jupyter.sampling.progress import (
    ConditionSeries,
    RunState,
    SeriesPieces,
    WalkerSnapshot,
)
from asyncmd_jupyter.sampling.propagate import ConditionalTrajectoryPropagator
from asyncmd_jupyter.sampling.series import SeriesBook
from asyncmd_jupyter.sampling.speed import Speed
from asyncmd_jupyter.sampling.states import Examination

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WalkerPlan:
    """What one walker is to do.

    Attributes
    ----------
    index : int
        Of the walker, from 0.
    start : Trajectory, path or None
    folder : Path
        Of the run.
    deffnm : str
        What the names of its files begin with.
    tags : Mapping
        Of its jobs.
    continuation : bool
        Whether it goes on with what is in the folder.
    """

    index: int
    start: StartingConfiguration
    folder: Path
    deffnm: str
    tags: Mapping[str, str]
    continuation: bool


@dataclass(frozen=True)
class _End:
    """The last frame of a result, remembered: its file may be changed later.

    What was computed behind the deciding frame is no part of it.
    """

    step: int
    time: float
    n_frames: int

    @classmethod
    def of(cls, result: Trajectory, *, needed_md: bool) -> Self:
        if not needed_md:
            return cls(0, 0.0, len(result))
        return cls(result.last_step, result.last_time, len(result))


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
        self.propagator = ConditionalTrajectoryPropagator.from_engine(
            engine, conditions, index=plan.index, mode=mode, observer=self, **parameters
        )
        self.propagator.job_tags = plan.tags
        self._announcement = _announcement(engine, plan)
        self.takes_cores_here = not isinstance(engine, CommandEngine) or engine.takes_cores_here
        self._announced = ExitStack()
        self._ending = engine.output_traj_type
        self._reached: tuple[str, ...] = ()
        self._step_limit = self.propagator.step_limit(engine)
        self._dt = engine.dt
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
        self._end: _End | None = None
        self.has_submitted = asyncio.Event()
        self.error: Exception | None = None

    async def check(self) -> None:
        """Evaluate the conditions on the start; raises what they raise."""
        await self.propagator.check(self._plan.start)

    def begin(self, ready: Awaitable[object]) -> asyncio.Task[None]:
        """Run to the end, whatever it is, as soon as `ready` is done."""
        self._task = asyncio.get_running_loop().create_task(
            self._go(ready), name=f"walker {self._plan.deffnm}"
        )
        # Walkers begin one after the other, but shall share the cores from the first one on.
        self._announced.enter_context(self._announcement)
        self._task.add_done_callback(self._ended)
        return self._task

    def _ended(self, _: asyncio.Task[None]) -> None:
        # A task that is cancelled before its first step runs none of its code.
        if not self._state.is_final:
            self._state = RunState.CANCELLED
        self._announced.close()
        self._part = None
        self.has_submitted.set()
        self._changed()

    async def _go(self, ready: Awaitable[object]) -> None:
        try:
            await asyncio.shield(ready)
            state, self.result = await self._propagate()
            self._structure = self._structure or self.result.structure_path
            self._end = _End.of(self.result, needed_md=self._book.n_frames > 0)
            self._state = state
        except JobCancelledError:
            self._state = RunState.CANCELLED
        except Exception as error:
            logger.debug("Walker %s failed", self._plan.deffnm, exc_info=True)
            self._state, self.error = RunState.FAILED, error

    async def _propagate(self) -> tuple[RunState, Trajectory]:
        plan = self._plan
        result = plan.folder / f"{plan.deffnm}.{self._ending}"
        try:
            parts, index = await self.propagator.propagate(
                plan.start, plan.folder, plan.deffnm, continuation=plan.continuation
            )
        except MaxStepsReachedError:
            return RunState.LIMIT, await self.propagator.join_all(
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

    # What the propagator tells

    def part_started(self, part: Part) -> None:
        """Follow the new part."""
        self._part = part
        self.has_submitted.set()
        self._job_id, self._structure = part.job.id, part.structure_file
        # Also what a part that is cancelled or fails leaves can be looked at.
        self._newest_file = part.trajectory_file.absolute()
        self._speed = Speed()
        self._state = RunState.RUNNING
        self._changed()

    def frames_written(self, part: Part, new: FrameIndex) -> None:
        """Count what is on disk."""
        self._speed.seen(int(new.steps[-1]))
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
        return WalkerSnapshot(
            index=self._plan.index,
            state=self._state_now(),
            steps_done=last_step,
            step_limit=self._step_limit,
            time_done=last_step * self._dt,
            ns_per_day=self._speed.ns_per_day(self._dt),
            seconds_left=self._speed.seconds_left(last_step, self._step_limit),
            n_frames=self._book.n_frames if end is None else end.n_frames,
            part=self._book.last_part,
            job_id=self._job_id,
            reached=self._reached,
            reached_time=end.time if end is not None and self._reached else None,
            trajectory_files=self._files(),
            structure_file=self._structure,
            error=str(self.error or ""),
            time_limit=None if self._step_limit is None else self._step_limit * self._dt,
        )

    def _state_now(self) -> RunState:
        waiting = (JobState.WAITING, JobState.PENDING)
        if self._part is not None and self._part.job.state in waiting:
            return RunState.WAITING
        return self._state

    def _files(self) -> tuple[Path, ...]:
        if self.result is not None:
            return self.result.paths
        finished = tuple(path for n in sorted(self._parts) for path in self._parts[n].paths)
        begun = () if self._newest_file is None else (self._newest_file,)
        return tuple(dict.fromkeys((*finished, *begun)))


def _announcement(engine: MDEngine, plan: WalkerPlan) -> AbstractContextManager[None]:
    if isinstance(engine, CommandEngine):
        return engine.announced(EngineFiles(plan.folder, plan.deffnm))
    return nullcontext()
