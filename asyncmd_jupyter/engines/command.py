"""Engines whose MD program is a command: everything but the program itself.

A program is described by a few hooks that say which files and which command; this module
submits, waits, reads back what is on disk and says in words what went wrong. Nothing is
counted in memory, which is why an engine survives crashes, cancellations and restarts.
"""

from __future__ import annotations

import asyncio
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import MDEngine, StartingConfiguration, check_kind_of_start
from asyncmd_jupyter.engines.files import EngineFiles, checked_files
from asyncmd_jupyter.engines.locks import SimulationLocks
from asyncmd_jupyter.engines.part import Part, PartEnd, last_words, run_to_the_end
from asyncmd_jupyter.engines.patience import Patience
from asyncmd_jupyter.engines.placement import Placement
from asyncmd_jupyter.errors import EngineError
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import Job, JobManager
from asyncmd_jupyter.jobs.model import Command, Resources

FILES_TAG = "files"
_TRAJECTORIES = ("xtc", "trr")
_MOST_STEPS = 2**62


@dataclass(frozen=True)
class PartPlan:
    """What the next part has to do.

    Attributes
    ----------
    number : int
        Of the part, from 1.
    first_step : int
        Steps done before.
    last_step : int or None
        Steps done after it, where that is limited.
    hours : float or None
        Wall time after which it ends.
    """

    number: int
    first_step: int
    last_step: int | None
    hours: float | None


@dataclass(frozen=True)
class OnDisk:
    """What the files of a simulation say.

    Attributes
    ----------
    steps : int
        MD steps from which it would go on.
    next_part : int
        Number of the next part.
    frames : int
        In all parts, up to `steps`.
    last_trajectory : Path or None
        Of the last part with frames.
    """

    steps: int = 0
    next_part: int = 1
    frames: int = 0
    last_trajectory: Path | None = None


class CommandEngine(MDEngine):
    """Base of engines that run a program as jobs of a launcher.

    Parameters
    ----------
    launcher : str, optional
        Name of the launcher that runs the jobs, such as ``local`` or ``slurm``. Without it:
        Slurm if there is something for it, else this machine.
    sbatch_script : str or path, optional
        Text or path of a script for Slurm, in which ``{mdrun_cmd}`` stands for the command.
    sbatch_options : Mapping, optional
        Long names of options of sbatch to their values, empty for those without value.

    Attributes
    ----------
    job_tags : Mapping
        Added to the tags of all jobs.
    """

    def __init__(
        self,
        *,
        launcher: str | None = None,
        sbatch_script: str | PathLike[str] | None = None,
        sbatch_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._place = Placement.of(launcher, sbatch_script, sbatch_options)
        self._forget_simulation()

    def _forget_simulation(self) -> None:
        self.job_tags: Mapping[str, str] = {}
        self._files: EngineFiles | None = None
        self._disk = OnDisk()
        self._seen: FileState = None
        self._running: Part | None = None

    # Where its jobs run

    @property
    def launcher(self) -> str:
        """Name of the launcher that runs the jobs."""
        return self._place.launcher

    @launcher.setter
    def launcher(self, name: str) -> None:
        self._place = replace(self._place, launcher=name)

    @property
    def sbatch_script(self) -> str | PathLike[str] | None:
        """Text or path of the script for Slurm; it is read when it is set."""
        return self._place.script

    @sbatch_script.setter
    def sbatch_script(self, script: str | PathLike[str] | None) -> None:
        self._place = self._place.with_script(script)

    @property
    def sbatch_options(self) -> dict[str, str]:
        """Options of sbatch; a copy, to be set as a whole."""
        return dict(self._place.options)

    @sbatch_options.setter
    def sbatch_options(self, options: Mapping[str, Any] | None) -> None:
        self._place = self._place.with_options(options)

    @property
    def takes_cores_here(self) -> bool:
        """Whether its jobs share the cores of this machine."""
        return self._place.is_local

    # What a program has to say

    @abstractmethod
    def _write_inputs(self, files: EngineFiles, start: StartingConfiguration) -> None:
        """Check the start and write what the parts need (called in a thread)."""

    @abstractmethod
    def _check_same(self, files: EngineFiles) -> None:
        """Refuse to go on with what another engine has begun (called in a thread).

        Raises
        ------
        EngineError
            Naming what differs.
        """

    @abstractmethod
    def _read_disk(self, files: EngineFiles) -> OnDisk:
        """Read how far the simulation has come (called in a thread).

        Raises
        ------
        EngineError
            If it can't be gone on with.
        """

    @abstractmethod
    def _mend(self, files: EngineFiles) -> None:
        """Cut torn frames off files that nobody writes any more (called in a thread)."""

    @abstractmethod
    def _write_part_inputs(self, files: EngineFiles, plan: PartPlan) -> None:
        """Write what one part needs, mend what an interrupted one left (in a thread)."""

    @abstractmethod
    def _run_command(self, files: EngineFiles, plan: PartPlan) -> Command:
        """The command of one part."""

    @abstractmethod
    def _structure_file(self, files: EngineFiles) -> Path:
        """The structure that belongs to the parts."""

    @abstractmethod
    def _resources(self) -> Resources:
        """What a job of this engine needs."""

    @classmethod
    @abstractmethod
    def _structure_in_folder(cls, files: EngineFiles) -> Path:
        """The structure that belongs to the parts of some engine of this class."""

    async def _make_ready(self, files: EngineFiles, start: StartingConfiguration) -> None:
        """Check the start and write what the parts need, with commands if it takes some."""
        await asyncio.to_thread(self._write_inputs, files, start)

    def _stopped_well(self, job: Job) -> bool:
        """Whether the program of a failed job has only obeyed a signal."""
        return False

    def _last_words(self, job: Job) -> str:
        """What the program of a failed job said in the end."""
        return last_words(job)

    # The contract of engines

    @property
    def workdir(self) -> Path | None:
        """Folder of the prepared simulation."""
        return None if self._files is None else self._files.workdir

    @property
    def deffnm(self) -> str | None:
        """What the names of the prepared simulation's files begin with."""
        return None if self._files is None else self._files.deffnm

    @property
    def steps_done(self) -> int:
        """MD steps since the preparation, over all parts."""
        return self._disk.steps

    @property
    def frames_done(self) -> int:
        """Frames written since the preparation, over all parts."""
        return self._disk.frames

    @property
    def current_trajectory(self) -> Trajectory | None:
        """The last finished part."""
        last = self._disk.last_trajectory
        return None if last is None or self._files is None else self._trajectory(last)

    async def prepare(
        self,
        starting_configuration: StartingConfiguration,
        workdir: str | PathLike[str],
        deffnm: str,
    ) -> None:
        """Make ready to start; see `MDEngine.prepare`."""
        check_kind_of_start(starting_configuration)
        files = checked_files(workdir, deffnm)
        async with SimulationLocks.current().of(files.key):
            _refuse_parts(files)
            if (running := await self._find_running_part(files)) is not None:
                raise EngineError(_is_computed(running))
            await self._make_ready(files, starting_configuration)
            self._files, self._running = files, None
            self._keep(OnDisk())

    async def prepare_from_files(self, workdir: str | PathLike[str], deffnm: str) -> None:
        """Make ready to go on; a part that is still being computed is taken over."""
        files = checked_files(workdir, deffnm)
        async with SimulationLocks.current().of(files.key):
            await asyncio.to_thread(self._check_same, files)
            running = await self._find_running_part(files)
            if running is None:
                await asyncio.to_thread(self._mend, files)
            disk = await asyncio.to_thread(self._read_disk, files)
            self._files, self._running = files, running
            self._keep(disk)

    async def trajectory_parts(self) -> list[Trajectory]:
        """All parts with frames that nobody is writing any more, in order."""
        busy = self._running and self._running.trajectory_file
        parts = self._prepared().parts(self.output_traj_type).values()
        return [self._trajectory(p) for p in parts if p.stat().st_size and p != busy]

    @classmethod
    def parts_in_folder(
        cls, folder: str | PathLike[str], deffnm: str, traj_type: str | None = None
    ) -> list[Trajectory]:
        """All parts with frames in a folder; see `MDEngine.parts_in_folder`."""
        kind = traj_type or cls.output_traj_type
        if not isinstance(kind, str) or kind.lower() not in _TRAJECTORIES:
            raise ValueError(f"traj_type={kind!r} has to be 'xtc' or 'trr'.")
        paths = cls.files_of_parts(folder, deffnm, kind.lower())
        structure = cls._structure_in_folder(EngineFiles(Path(folder), deffnm))
        return [Trajectory(path, structure) for path in paths if path.stat().st_size]

    async def run(
        self,
        nsteps: int | None = None,
        walltime: float | None = None,
        steps_per_part: bool = False,
    ) -> Trajectory | None:
        """Compute the next part; see `MDEngine.run`.

        Also returns None when a part was stopped before its first frame. A part that was
        interrupted, such as by a time limit or the end of a node, is gone on with unless
        `walltime` is given; the trajectory then has the files of all parts.
        """
        if nsteps is None and walltime is None:
            raise ValueError("Give nsteps, walltime or both: neither says when to stop.")
        part = await self.start_part(nsteps, walltime, steps_per_part)
        if part is None:
            return None
        end = await part.finish()
        if walltime is None and end.interruption:
            return await self._finish_interrupted(part, end)
        return end.trajectory

    async def _finish_interrupted(self, first: Part, end: PartEnd) -> Trajectory | None:
        patience = Patience(self._prepared())
        before = first.first_step
        while end.interruption:
            patience.judge(end.steps_done > before, end.interruption)
            before = end.steps_done
            part = await self.start_part(first.last_step)
            if part is None:
                break
            end = await part.finish()
        numbered = self._prepared().parts(self.output_traj_type).items()
        files = [path for number, path in numbered if number >= first.number]
        return self._trajectory(*[path for path in files if path.stat().st_size])

    # What propagators use in addition

    @property
    def running_part(self) -> Part | None:
        """The part that is being computed now."""
        return self._running

    def structure_of(self, files: EngineFiles) -> Path:
        """The structure that belongs to the parts of a simulation, also before it exists."""
        return self._structure_file(files)

    def announced(self, files: EngineFiles) -> AbstractContextManager[None]:
        """Let a simulation count where cores are shared, also while it has no job."""
        return JobManager.current().announced(files.key, self.launcher)

    async def start_part(
        self,
        nsteps: int | None = None,
        walltime: float | None = None,
        steps_per_part: bool = False,
    ) -> Part | None:
        """Start the next part and return at once; None when nothing is left to do.

        Parameters are those of `run`.
        """
        files = self._prepared()
        check_walltime(walltime)
        check_nsteps(nsteps, self.nstout)
        locked = SimulationLocks.current().of(files.key)
        with self.announced(files):
            async with locked:
                return await self._start_part(files, nsteps, walltime, steps_per_part)

    async def _start_part(
        self, files: EngineFiles, nsteps: int | None, walltime: float | None, steps_per_part: bool
    ) -> Part | None:
        await self._finish_running()
        await asyncio.to_thread(self._look_again, files)
        plan = self._plan(nsteps, walltime, steps_per_part)
        if plan.last_step is not None and plan.last_step <= plan.first_step:
            return None
        await asyncio.to_thread(self._write_part_inputs, files, plan)
        job = await JobManager.current().submit(
            # Where and what it computes depends on the disk at its start.
            replace(self._place.command(self._run_command(files, plan)), repeatable=False),
            name=f"{files.deffnm}.part{plan.number:04d}",
            resources=replace(
                self._place.resources(self._resources(), plan.hours), party=files.key
            ),
            launcher=self.launcher,
            tags={**self.job_tags, **self._part_tags(files, plan)},
        )
        self._running = self._part(files, plan, job)
        return self._running

    def _look_again(self, files: EngineFiles) -> None:
        """Believe the disk where another engine has gone on, or files were taken away."""
        if self._seen != _state_of(files):
            self._check_same(files)
            self._keep(self._read_disk(files))

    def _keep(self, disk: OnDisk) -> None:
        self._disk, self._seen = disk, _state_of(self._prepared())

    def _prepared(self) -> EngineFiles:
        if self._files is None:
            raise RuntimeError(
                "The engine is not prepared: await prepare() or prepare_from_files() first."
            )
        return self._files

    def _plan(self, nsteps: int | None, hours: float | None, per_part: bool) -> PartPlan:
        done = self._disk.steps
        if nsteps is None:
            last = None
        elif per_part:
            last = (done + nsteps) // self.nstout * self.nstout
        elif nsteps < done:
            raise ValueError(
                f"nsteps={nsteps} counts from the preparation, and {done} steps are done already. "
                "Give more, or steps_per_part=True."
            )
        else:
            last = nsteps
        return PartPlan(self._disk.next_part, done, last, hours)

    def _part_tags(self, files: EngineFiles, plan: PartPlan) -> dict[str, str]:
        numbers = {
            "part": plan.number,
            "first_step": plan.first_step,
            "last_step": "" if plan.last_step is None else plan.last_step,
        }
        engine = {"engine": type(self).__name__, FILES_TAG: files.key}
        return engine | {name: str(value) for name, value in numbers.items()}

    def _part(self, files: EngineFiles, plan: PartPlan, job: Job) -> Part:
        return Part(
            number=plan.number,
            first_step=plan.first_step,
            last_step=plan.last_step,
            nstout=self.nstout,
            dt=self.dt,
            trajectory_file=files.part(plan.number, self.output_traj_type),
            structure_file=self._structure_file(files),
            job=job,
            ended=self._part_ended,
            stopped_well=self._stopped_well,
            last_words=self._last_words,
        )

    async def _part_ended(self, part: Part) -> PartEnd:
        files = self._prepared()
        await asyncio.to_thread(self._mend, files)
        self._keep(await asyncio.to_thread(self._read_disk, files))
        if self._running is part:
            self._running = None
        if self._disk.last_trajectory != part.trajectory_file:
            return PartEnd(self._disk.steps, None)
        trajectory = self._trajectory(part.trajectory_file)
        await trajectory.prepare()
        return PartEnd(self._disk.steps, trajectory)

    def _trajectory(self, *files: Path) -> Trajectory:
        structure = self._structure_file(self._prepared())
        return Trajectory(list(files), structure, nstout=self.nstout)

    async def _run_to_the_end(
        self, command: Command, name: str, needs: Resources, words: Callable[[Job], str]
    ) -> None:
        """Run a command that belongs to no part, where the parts run."""
        place = self._place
        await run_to_the_end(
            place.command(command), name, place.resources(needs), place.launcher, words
        )

    async def _finish_running(self) -> None:
        # Two commands on the same files would destroy them.
        if self._running is not None:
            await self._running.job.wait()
            await self._part_ended(self._running)
        elif (part := await self._find_running_part(self._prepared())) is not None:
            raise EngineError(_is_computed(part))

    async def _find_running_part(self, files: EngineFiles) -> Part | None:
        manager = JobManager.current()
        for job in await manager.unfinished({FILES_TAG: files.key}):
            if not manager.is_followed(job):
                raise EngineError(
                    f"Job {job.id} of another kernel ({job.record.owner}) computes "
                    f"{files.path('part*')}: go on there, or end it with 'asyncmd cancel {job.id}'."
                )
            if not job.record.cancel_requested:
                return self._part(files, _plan_from_tags(job.record.tags), job)
            await job.wait()  # it still writes, but not for long
        return None


FileState = tuple[int, int, int] | None


def _state_of(files: EngineFiles) -> FileState:
    """Tells whether the checkpoint is the one that was seen."""
    try:
        state = files.path("cpt").stat()
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


def _refuse_parts(files: EngineFiles) -> None:
    parts = [path for ending in _TRAJECTORIES for path in files.parts(ending).values()]
    if parts:
        raise ValueError(
            f"{str(files.workdir)!r} holds {len(parts)} part(s) named {files.deffnm!r} already, "
            f"such as {parts[0].name}. Choose another deffnm or folder, remove them, or go on from "
            "them with prepare_from_files()."
        )


def _is_computed(part: Part) -> str:
    return (
        f"Job {part.job.id} computes {part.trajectory_file} already: wait for it, cancel it, or "
        "take it over with prepare_from_files()."
    )


def _plan_from_tags(tags: Mapping[str, str]) -> PartPlan:
    last = tags["last_step"]
    return PartPlan(int(tags["part"]), int(tags["first_step"]), int(last) if last else None, None)


def check_walltime(hours: Any) -> None:
    """Refuse a wall time that is no positive, finite number of hours."""
    if hours is None:
        return
    if isinstance(hours, bool) or not isinstance(hours, int | float):
        raise TypeError(f"walltime={hours!r} has to be a number of hours.")
    if not (math.isfinite(hours) and hours > 0):
        raise ValueError(f"walltime={hours!r} has to be a positive number of hours.")


def check_nsteps(nsteps: Any, nstout: int) -> None:
    """Refuse a number of steps on which no frame would lie."""
    if nsteps is None:
        return
    if isinstance(nsteps, bool) or not hasattr(nsteps, "__index__"):
        raise TypeError(f"nsteps={nsteps!r} has to be a whole number of steps.")
    if nsteps > _MOST_STEPS:
        raise ValueError(f"nsteps={nsteps} is more than programs can count ({_MOST_STEPS}).")
    if nsteps < 0:
        raise ValueError(f"nsteps={nsteps} is negative: MD can't run backwards.")
    if nsteps % nstout:
        near = max(1, round(nsteps / nstout)) * nstout
        raise ValueError(
            f"nsteps={nsteps} is no multiple of nstout={nstout}, so the last steps would leave no "
            f"frame. Take {near}, for example."
        )
