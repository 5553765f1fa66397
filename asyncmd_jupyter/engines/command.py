"""Engines whose MD program is a command: everything but the program itself.

A program is described by a few hooks that say which files and which command; this module
submits, waits, reads back what is on disk and says in words what went wrong. Nothing is
counted in memory, which is why an engine survives crashes, cancellations and restarts.
"""

from __future__ import annotations

import asyncio
import warnings
from abc import abstractmethod
from collections.abc import Hashable
from contextlib import AbstractContextManager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.engines.base import StartingConfiguration, check_kind_of_start
from asyncmd_jupyter.engines.energies.table import EnergyTable
from asyncmd_jupyter.engines.files import EngineFiles, checked_files
from asyncmd_jupyter.engines.foreign import refuse_planted
from asyncmd_jupyter.engines.locks import SimulationLocks
from asyncmd_jupyter.engines.part import Part, PartEnd
from asyncmd_jupyter.engines.patience import Patience
from asyncmd_jupyter.engines.plan import (
    OnDisk,
    PartPlan,
    check_walltime,
    checked_nsteps,
    plan_from_tags,
)
from asyncmd_jupyter.engines.recorded import RecordedEngine
from asyncmd_jupyter.engines.recording import cut_is_known, forget_if_empty
from asyncmd_jupyter.engines.starts import (
    START,
    Start,
    first_frame,
    name_of,
    read_if_possible,
    recorded_name,
)
from asyncmd_jupyter.engines.stepping.configuration import Configuration
from asyncmd_jupyter.engines.streams import Stream, StreamRegistry, source_of
from asyncmd_jupyter.engines.velocities import StartVelocities, check_velocities
from asyncmd_jupyter.errors import EngineCrashedError, EngineError, OtherKernelError
from asyncmd_jupyter.files.retrying import in_thread, retried
from asyncmd_jupyter.frames.read import read_frame
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.manager import Job, JobManager
from asyncmd_jupyter.jobs.model import Command, Resources
from asyncmd_jupyter.jobs.store import JobExistsError

FILES_TAG = "files"
_TRAJECTORIES = ("xtc", "trr")


NOTHING_DONE = OnDisk()


class CommandEngine(RecordedEngine):
    """Base of engines that run a program as jobs of a launcher.

    Parameters are those of `PlacedEngine`.

    Attributes
    ----------
    tells_of_velocities : bool
        Whether it warns of velocities that are drawn; one of many equal walkers is enough.
    streams : StreamRegistry
        Tells its simulations and those of its clones apart, for their random numbers.
    """

    tells_of_velocities = True
    streams: StreamRegistry

    def __init__(self, **place: Any) -> None:
        super().__init__(**place)
        self.streams = StreamRegistry()  # also that of its clones
        self._forget_simulation()

    def _check_new_traj_type(self, value: str) -> None:
        """Refuse another ending for trajectories where there are some.

        Raises
        ------
        AttributeError
        """
        files = self._files
        if files and (self._running or any(files.parts(ending) for ending in _TRAJECTORIES)):
            raise AttributeError(
                f"output_traj_type can't be changed to {value!r}: {files.deffnm!r} in "
                f"{str(files.workdir)!r} has parts already. Make another engine."
            )

    def _forget_simulation(self) -> None:
        self.job_tags = {}
        self._files: EngineFiles | None = None
        self._disk = OnDisk()
        self._seen: FileState = None
        self._prepared_as: FileState = None
        self._running: Part | None = None
        self._stream: Stream | None = None

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
        *,
        velocities: str = "keep",
    ) -> None:
        """Make ready to start; see `MDEngine.prepare`."""
        check_kind_of_start(starting_configuration)
        check_velocities(velocities)
        files = checked_files(workdir, deffnm)
        self.reserve_stream(files, starting_configuration)
        async with SimulationLocks.current().of(files):
            _refuse_parts(files)
            if (running := await self._find_running_part(files)) is not None:
                raise EngineError(_is_computed(running))
            await in_thread(files.workdir, self._refuse_foreign_files, files)
            # Done again it begins the same stream of random numbers.
            begun = await retried(
                lambda: self._make_ready(files, starting_configuration, velocities), files.workdir
            )
            record = self._record_preparation
            await in_thread(files.workdir, record, files, starting_configuration, begun)
            self._files, self._running = files, None
            self._keep(OnDisk())
            self._prepared_as = _state(self._facts_file(files))
        if begun.warning is not None and self.tells_of_velocities:
            warnings.warn(begun.warning, stacklevel=2)

    async def prepare_from_files(self, workdir: str | PathLike[str], deffnm: str) -> None:
        """Make ready to go on; a part that is still being computed is taken over."""
        files = checked_files(workdir, deffnm)
        async with SimulationLocks.current().of(files):
            await in_thread(files.workdir, self._check_same, files)
            running = await self._find_running_part(files)
            if running is None:
                await in_thread(files.workdir, self._mend_and_settle, files)
            disk = await in_thread(files.workdir, self._read_disk, files)
            self._files, self._running = files, running
            self._keep(disk)
            self._prepared_as = _state(self._facts_file(files))

    async def trajectory_parts(self) -> list[Trajectory]:
        """All parts with frames that nobody is writing any more, in order."""
        busy = self._running and self._running.trajectory_file
        parts = self._prepared().parts(self.output_traj_type).values()
        return [self._trajectory(p) for p in parts if p.stat().st_size and p != busy]

    async def energies(self) -> EnergyTable:
        """What the prepared simulation wrote so far; see `MDEngine.energies_in_folder`."""
        energies = self.energies_of(self._prepared())
        return await asyncio.to_thread(energies.read)

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
        if end.complaint:
            raise EngineCrashedError(end.complaint)
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

    def check_same_start(
        self, files: EngineFiles, start: StartingConfiguration, velocities: str = "keep"
    ) -> None:
        """Refuse to continue what was begun from another start, or otherwise; blocks.

        Parameters of the engine are compared as `prepare_from_files` does it. Of the start, what
        counts is the content of the first frame: positions, velocities and box, to the
        digits that the less precise format has. What can't be read any more is not compared.

        Raises
        ------
        EngineError
            Naming both starts, or both values of a parameter.
        """
        self._refuse_other_engine(files)
        there = read_if_possible(lambda: self._start_there(files))
        part = files.parts(self.output_traj_type).get(1)
        there = there or read_if_possible(lambda: first_frame(part))
        here = read_if_possible(lambda: self._start_here(start))
        if here is not None and velocities == "new":
            here = replace(here, velocities=None)
        if there is not None and here is not None and (how := there.difference_to(here)):
            old = recorded_name(self._input_file(files))
            raise EngineError(
                f"{files.deffnm!r} in {str(files.workdir)!r} was begun from another start: {old}, "
                f"not {name_of(start)} ({how}). To continue it give the start that it was begun "
                "from; to begin from this one choose another deffnm or folder, or remove its "
                "parts (remove_parts)."
            )

    @abstractmethod
    def _facts_file(self, files: EngineFiles) -> Path:
        """What `prepare` writes anew each time, about the engine and its random numbers."""

    @abstractmethod
    def begun_velocities(
        self, start: StartingConfiguration, velocities: str = "keep"
    ) -> StartVelocities:
        """What `prepare` would do about the velocities of a start, which is read.

        Raises
        ------
        ValueError
            Some have to be drawn, and no temperature is known.
        """

    def _start_there(self, files: EngineFiles) -> Start | None:
        """What a simulation was begun from; FileNotFoundError if that was not kept."""
        return Start(**vars(Configuration.read(files.path(START))))

    def _start_here(self, start: StartingConfiguration) -> Start | None:
        """What it would begin from now."""
        trajectory = self.start_as_trajectory(start)
        if trajectory is None:
            return None
        frame = read_frame(trajectory, 0)
        return Start(frame.positions, frame.velocities, frame.box)

    # Streams of random numbers

    def reserve_stream(self, files: EngineFiles, start: StartingConfiguration) -> None:
        """Number a simulation that may be begun soon; nothing without a fixed seed.

        In the order of these calls simulations of one name that have the same start get
        different random numbers: called before anything is waited for, that is the order in
        which a script asks for them.
        """
        self._number(files.deffnm, start, files.key)

    def _fixed_seeds(self) -> Hashable:
        """What the random numbers of all simulations are derived from; falsy without a seed."""
        return None

    def _number(self, name: str, start: StartingConfiguration, key: str = "") -> int:
        seeds = self._fixed_seeds()
        return self.streams.reserve(_alike(seeds, name, start), key) if seeds else 0

    def _begin_stream(
        self, name: str, start: StartingConfiguration, digest: str, number: int
    ) -> Stream:
        """The stream of what begins with a configuration of this digest."""
        seeds, stream = self._fixed_seeds(), Stream(name, digest)
        if not seeds:
            return stream
        return self.streams.begin(seeds, stream, _alike(seeds, name, start), number)

    def _found_stream(self, stream: Stream | None) -> None:
        """Go on with the stream that is written beside a simulation."""
        self._stream = stream
        if stream is not None and (seeds := self._fixed_seeds()):
            self.streams.found(seeds, stream)

    # What propagators use in addition

    @property
    def running_part(self) -> Part | None:
        """The part that is being computed now."""
        return self._running

    def structure_of(self, files: EngineFiles) -> Path:
        """The structure that belongs to the parts of a simulation, also before it exists."""
        return self._structure_file(files)

    def found(
        self, files: EngineFiles, start: StartingConfiguration, velocities: str = "keep"
    ) -> OnDisk:
        """How far a simulation has come that would be gone on with; blocks.

        Raises
        ------
        EngineError
            It was begun from another start or by another engine.
        """
        if not any(path.stat().st_size for path in files.parts(self.output_traj_type).values()):
            return OnDisk()
        self.check_same_start(files, start, velocities)
        return self._read_disk(files)

    def rehearsed(
        self,
        files: EngineFiles,
        start: StartingConfiguration,
        limit: int | None,
        hours: float,
        done: OnDisk = NOTHING_DONE,
    ) -> tuple[list[Command], Resources]:
        """What would be run up to the end of the next part; nothing is checked or written.

        Parameters
        ----------
        files : EngineFiles
            Their folder need not exist.
        start : Trajectory, path or None
        limit : int, optional
            MD steps at which it ends.
        hours : float
            Wall time of the part.
        done : OnDisk
            What it would go on from.

        Returns
        -------
        list of Command
            Those that prepare, and last the one that computes the part.
        Resources
            For that.
        """
        plan = PartPlan(done.next_part, done.steps, limit, hours)
        preparing = self._preparing(files, start) if done.next_part == 1 else []
        run = self._place.command(self._run_command(files, plan))
        needs = self._place.resources(self._resources(), hours)
        return [*preparing, replace(run, repeatable=False)], needs

    def _preparing(self, files: EngineFiles, start: StartingConfiguration) -> list[Command]:
        """The commands that make ready, where it takes some."""
        return []

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
        nsteps = checked_nsteps(nsteps, self.nstout)
        with self.announced(files):
            async with SimulationLocks.current().of(files):
                return await self._start_part(files, nsteps, walltime, steps_per_part)

    async def _start_part(
        self, files: EngineFiles, nsteps: int | None, walltime: float | None, steps_per_part: bool
    ) -> Part | None:
        await self._finish_running()
        await in_thread(files.workdir, self._look_again, files)
        await in_thread(files.workdir, self._refuse_prepared_again, files)
        plan = self._plan(nsteps, walltime, steps_per_part)
        if plan.last_step is not None and plan.last_step <= plan.first_step:
            return None
        await in_thread(files.workdir, self._make_part_ready, files, plan)
        try:
            # Such an error comes before the job is on record, so it can't be there twice.
            job = await retried(lambda: self._submit(files, plan), files.workdir)
        except JobExistsError as error:
            raise OtherKernelError(_is_others(error.job_id, error.owner, files)) from error
        self._running = part = self._part(files, plan, job)
        part.begun_record = self._record_begun(files, part)
        return part

    def _make_part_ready(self, files: EngineFiles, plan: PartPlan) -> None:
        refuse_planted(files, plan.number)
        last = self._disk.last_trajectory
        with cut_is_known([last] if last else []):
            self._write_part_inputs(files, plan)

    def _mend_and_settle(self, files: EngineFiles) -> None:
        with cut_is_known(list(files.parts(self.output_traj_type).values())[-2:]):
            self._mend(files)
        self._settle_records(files)

    async def _submit(self, files: EngineFiles, plan: PartPlan) -> Job:
        return await JobManager.current().submit(
            # Where and what it computes depends on the disk at its start.
            replace(self._place.command(self._run_command(files, plan)), repeatable=False),
            name=f"{files.deffnm}.part{plan.number:04d}",
            resources=replace(
                self._place.resources(self._resources(), plan.hours), party=files.key
            ),
            launcher=self.launcher,
            tags={**self.job_tags, **self._part_tags(files, plan)},
            alone_with={FILES_TAG: files.key},
        )

    def _look_again(self, files: EngineFiles) -> None:
        """Believe the disk where another engine has gone on, or files were taken away."""
        if self._seen != _state(files.path("cpt")):
            self._check_same(files)
            self._keep(self._read_disk(files))

    def _refuse_prepared_again(self, files: EngineFiles) -> None:
        # Its random numbers and start would be another one's than this engine tells.
        mine, there = self._prepared_as, _state(self._facts_file(files))
        if self._disk.next_part > 1 or None in (mine, there) or mine == there:
            return
        raise OtherKernelError(
            f"{files.deffnm!r} in {str(files.workdir)!r} has been prepared again by another engine "
            "or kernel since: prepare it once more, or choose another deffnm or folder."
        )

    def _keep(self, disk: OnDisk) -> None:
        self._disk, self._seen = disk, _state(self._prepared().path("cpt"))

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
        await in_thread(files.workdir, self._mend, files)
        self._keep(await in_thread(files.workdir, self._read_disk, files))
        if self._running is part:
            self._running = None
        if part.begun_record is not None and not part.begun_record.done():
            await asyncio.wait([part.begun_record])
        if self._disk.last_trajectory != part.trajectory_file:
            await in_thread(part.trajectory_file, forget_if_empty, part.trajectory_file)
            return PartEnd(self._disk.steps, None)
        self.streams.has_frames(files.key)
        trajectory = self._trajectory(part.trajectory_file)
        await retried(trajectory.prepare, part.trajectory_file)
        await in_thread(files.workdir, self._record_ended, files, part, trajectory)
        return PartEnd(self._disk.steps, trajectory)

    def _trajectory(self, *files: Path) -> Trajectory:
        structure = self._structure_file(self._prepared())
        return Trajectory(list(files), structure, nstout=self.nstout)

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
                raise OtherKernelError(_is_others(job.id, job.record.owner, files))
            if not job.record.cancel_requested:
                return self._part(files, plan_from_tags(job.record.tags), job)
            await job.wait()  # it still writes, but not for long
        return None


def _alike(seeds: Hashable, name: str, start: StartingConfiguration) -> Hashable:
    return seeds, name, source_of(start)


FileState = tuple[int, int, int] | None


def _state(path: Path) -> FileState:
    """Tells whether a file is the one that was seen."""
    try:
        state = path.stat()
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


def _is_others(job_id: str, owner: str, files: EngineFiles) -> str:
    return (
        f"Job {job_id} of another kernel ({owner}) computes {files.path('part*')}: go on there, or "
        f"end it with 'asyncmd cancel {job_id}'."
    )


def _is_computed(part: Part) -> str:
    return (
        f"Job {part.job.id} computes {part.trajectory_file} already: wait for it, cancel it, or "
        "take it over with prepare_from_files()."
    )
