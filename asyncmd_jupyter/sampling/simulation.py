"""An engine together with its files, as propagators see it."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration, known_nstout
from asyncmd_jupyter.engines.command import FILES_TAG, CommandEngine
from asyncmd_jupyter.engines.files import EngineFiles
from asyncmd_jupyter.engines.part import Part
from asyncmd_jupyter.engines.patience import Patience
from asyncmd_jupyter.errors import EngineError, JobError
from asyncmd_jupyter.files.retrying import in_thread, retried
from asyncmd_jupyter.frames.content import FileState, FrameTable
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.sampling.live import LiveLook, follow
from asyncmd_jupyter.sampling.timeline import line_up, missing_frames, steps_of_parts

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FinishedPart:
    """A part with frames that nobody writes any more."""

    trajectory: Trajectory
    table: FrameTable

    @classmethod
    async def of(cls, trajectory: Trajectory) -> Self:
        """Read what is needed in a thread."""
        await trajectory.prepare()
        return cls(trajectory, await asyncio.to_thread(trajectory.frame_table))


class Simulation(ABC):
    """What propagators do with an engine of any kind.

    What the parts came to is read from disk each time: an engine that goes on from a
    checkpoint may cut off what lay behind it.

    Parameters
    ----------
    engine : MDEngine
    files : EngineFiles

    Attributes
    ----------
    before_part : callable
        Called before a part is begun; an exception keeps it from that.
    """

    def __init__(self, engine: MDEngine, files: EngineFiles) -> None:
        self.engine = engine
        self.files = files
        self.before_part: Callable[[], None] = lambda: None
        self._known: dict[tuple[Path, ...], tuple[list[FileState], FinishedPart]] = {}
        self._patience = Patience(files)
        self._interruption = ""
        self._complaint = ""

    @staticmethod
    def of(engine: MDEngine, files: EngineFiles) -> Simulation:
        """Choose by what the engine can do."""
        if isinstance(engine, CommandEngine):
            return _Commands(engine, files)
        return _PublicContract(engine, files)

    @abstractmethod
    async def go_on(self) -> bool:
        """Prepare the engine from the files; False if there are no parts to go on from."""

    @abstractmethod
    async def compute(
        self, limit: int | None, hours: float, look: Callable[[Part], LiveLook]
    ) -> bool:
        """Compute the next part, or wait for the one that is running.

        Returns
        -------
        bool
            False if all steps up to the limit are done.
        """

    @abstractmethod
    async def _trajectories(self) -> list[Trajectory]:
        """All parts with frames that nobody writes."""

    def announced(self) -> AbstractContextManager[None]:
        """Count where cores are shared, also while there is no job."""
        return nullcontext()

    def reserve(self, start: StartingConfiguration) -> None:  # noqa: B027
        """Number this among the simulations that are begun alike, before anything is awaited."""

    async def check_same_start(  # noqa: B027
        self, start: StartingConfiguration, velocities: str
    ) -> None:
        """Refuse to go on with parts that were begun from another start.

        Raises
        ------
        EngineError
        """

    async def end_running_part(self) -> None:  # noqa: B027
        """Let a part that is still being computed save its work and end."""

    async def parts(self) -> list[FinishedPart]:
        """All parts with frames, the same objects as before where the files did not change.

        Raises
        ------
        EngineError
            If frames are missing in between.
        """
        found = await retried(self._read_parts, self.files.path("part*"))
        steps = steps_of_parts([part.table for part in found])
        if missing := missing_frames(steps, known_nstout(self.engine)):
            raise EngineError(
                f"{self.files.deffnm!r} in {str(self.files.workdir)!r}: {missing} Bring them back, "
                "or take all parts away (remove_parts) and start afresh."
            )
        return found

    async def _read_parts(self) -> list[FinishedPart]:
        return [await self._finished(trajectory) for trajectory in await self._trajectories()]

    def last_step(self, parts: Sequence[FinishedPart]) -> int:
        """Step of the last frame, -1 if there is none."""
        steps, _ = line_up([part.table for part in parts], lambda: self.engine.dt)
        return int(steps[-1][-1]) if steps else -1

    async def advance(
        self, limit: int | None, hours: float, look: Callable[[Part], LiveLook]
    ) -> bool:
        """Do as `compute`, but not for ever without getting anywhere.

        Raises
        ------
        EngineError
            If several parts in a row took no step.
        """
        before = await in_thread(self.files.workdir, self._progress)
        self._interruption = self._complaint = ""
        more = await self.compute(limit, hours, look)
        too_short = f"walltime_per_part={hours:g} hours may be too short to get anywhere."
        too_short += f"\n{self._complaint}\n" if self._complaint else ""
        has_advanced = not more or before != await in_thread(self.files.workdir, self._progress)
        self._patience.judge(has_advanced, self._interruption or too_short)
        return more

    def _progress(self) -> tuple[object, ...]:
        sizes = (path.stat().st_size for path in self._trajectory_files())
        return self.engine.steps_done, sum(sizes)

    def _trajectory_files(self) -> list[Path]:
        engine, files = self.engine, self.files
        return engine.files_of_parts(files.workdir, files.deffnm, engine.output_traj_type)

    async def _finished(self, trajectory: Trajectory) -> FinishedPart:
        states = [FileState.of(str(path)) for path in trajectory.paths]
        known = self._known.get(trajectory.paths)
        if known is None or known[0] != states:
            if known is not None and known[1].trajectory is trajectory:
                trajectory = Trajectory(
                    trajectory.paths, trajectory.structure_path, trajectory.nstout
                )
            known = self._known[trajectory.paths] = states, await FinishedPart.of(trajectory)
        return known[1]


class _Commands(Simulation):
    """Engines of which a part can be looked at while it is being computed."""

    engine: CommandEngine

    def announced(self) -> AbstractContextManager[None]:
        return self.engine.announced(self.files)

    def reserve(self, start: StartingConfiguration) -> None:
        self.engine.reserve_stream(self.files, start)

    async def go_on(self) -> bool:
        # In this order: a job that has just ended has left its files.
        if not (await self._is_busy() or await self._has_files()):
            return False
        try:
            await self.engine.prepare_from_files(self.files.workdir, self.files.deffnm)
        except FileNotFoundError:
            return False
        return True

    async def check_same_start(self, start: StartingConfiguration, velocities: str) -> None:
        # Without parts it begins afresh, from the start that is given.
        if await self._is_busy() or await self._has_files():
            check = self.engine.check_same_start
            await in_thread(self.files.workdir, check, self.files, start, velocities)

    async def _has_files(self) -> bool:
        return bool(await in_thread(self.files.workdir, self._trajectory_files))

    async def _is_busy(self) -> bool:
        return bool(await JobManager.current().unfinished({FILES_TAG: self.files.key}))

    async def compute(
        self, limit: int | None, hours: float, look: Callable[[Part], LiveLook]
    ) -> bool:
        part = self.engine.running_part
        done = self.engine.steps_done if part is None else part.first_step
        if limit is not None and done >= limit:
            await self.end_running_part()
            return False
        if part is None:
            self.before_part()
            part = await self.engine.start_part(nsteps=limit, walltime=hours)
        if part is None:
            return False
        end = await follow(part, look(part))
        self._interruption, self._complaint = end.interruption, end.complaint
        return True

    async def end_running_part(self) -> None:
        if (part := self.engine.running_part) is None:
            return
        # A program that is still being started might not hear that it should stop.
        has_begun = part.trajectory_file.exists()
        await (part.ask_to_stop() if has_begun else part.job.cancel())
        try:
            await part.finish()
        except (EngineError, JobError):
            logger.debug("%s ended badly and is not needed.", part.trajectory_file, exc_info=True)

    async def _trajectories(self) -> list[Trajectory]:
        return await self.engine.trajectory_parts()


class _PublicContract(Simulation):
    """Engines of others, which have what `MDEngine` asks for and perhaps no more."""

    def __init__(self, engine: MDEngine, files: EngineFiles) -> None:
        super().__init__(engine, files)
        self._made: list[Trajectory] = []

    async def go_on(self) -> bool:
        if not any(path.stat().st_size for path in self._trajectory_files()):
            return False
        await self.engine.prepare_from_files(self.files.workdir, self.files.deffnm)
        self._made = await self._on_disk()
        return True

    async def compute(
        self, limit: int | None, hours: float, _look: Callable[[Part], LiveLook]
    ) -> bool:
        self.before_part()
        made = await self.engine.run_walltime(hours, max_steps=limit)
        if made is not None:
            self._made.append(made)
            return True
        done: int | None = self.engine.steps_done
        return limit is None or (done is not None and done < limit)

    async def _trajectories(self) -> list[Trajectory]:
        return [made for made in self._made if all(path.stat().st_size for path in made.paths)]

    async def _on_disk(self) -> list[Trajectory]:
        try:
            return await self.engine.trajectory_parts()
        except NotImplementedError:
            pass
        engine, files = self.engine, self.files
        try:
            return engine.parts_in_folder(files.workdir, files.deffnm, engine.output_traj_type)
        except NotImplementedError:
            return self._with_structure_of_the_last()

    def _with_structure_of_the_last(self) -> list[Trajectory]:
        last = self.engine.current_trajectory
        if last is None:
            raise EngineError(
                f"{type(self.engine).__name__} has no current_trajectory after prepare_from_files, "
                f"so that the structure of {self.files.path('part*')} is unknown. Let it have "
                "that, or give it a method parts_in_folder or trajectory_parts."
            )
        paths = [path for path in self._trajectory_files() if path.stat().st_size]
        return [Trajectory(path, last.structure_path, last.nstout) for path in paths]
