"""When a job starts, what became of it, and who is told."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from asyncmd_jupyter import runtime as runtimes
from asyncmd_jupyter.background import at_exit, settled
from asyncmd_jupyter.errors import JobError, SubmissionError
from asyncmd_jupyter.jobs import attaching
from asyncmd_jupyter.jobs.book import JobBook
from asyncmd_jupyter.jobs.core_hours import Budget
from asyncmd_jupyter.jobs.folder import prepare_folder, remove_folder
from asyncmd_jupyter.jobs.follower import Follower
from asyncmd_jupyter.jobs.heartbeat import Heartbeat, may_live
from asyncmd_jupyter.jobs.holding import Holder
from asyncmd_jupyter.jobs.job import Job
from asyncmd_jupyter.jobs.launcher import Launcher
from asyncmd_jupyter.jobs.local import LocalLauncher, goes_on_alone
from asyncmd_jupyter.jobs.lookup import pick_by_prefix
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources
from asyncmd_jupyter.jobs.process import Owner
from asyncmd_jupyter.jobs.pruning import prune
from asyncmd_jupyter.jobs.registry import Launchers
from asyncmd_jupyter.jobs.request import new_record
from asyncmd_jupyter.jobs.shared_cores import SharedCores
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.starter import Starter
from asyncmd_jupyter.jobs.stopping import Stopper
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jobs.survey import NEVER_STARTED
from asyncmd_jupyter.jobs.tasks import OwnedTasks, carried_out

__all__ = ["Job", "JobManager"]

logger = logging.getLogger(__name__)

_ONE_CORE = Resources()
_SHUTDOWN_SECONDS = 15.0


class JobManager:
    """Submits jobs, follows them, and remembers all of them.

    Use it from any event loop, from several of them one after the other. `JobChanged` is
    published on the events of the runtime.
    """

    def __init__(self, runtime: runtimes.Runtime) -> None:
        self._runtime = runtime
        self._owner = str(Owner.this())
        self._store = JobStore(runtime.settings.state_dir)
        self._heartbeat = Heartbeat(runtime.settings.state_dir, self._owner)
        self._book = JobBook(runtime.events, self._store)
        self._tasks = OwnedTasks()
        self._launchers = Launchers()
        self._followers: dict[str, Follower] = {}
        self._starter = Starter(
            self._book,
            self._launchers,
            SharedCores(self._store, self._owner, self._launchers, goes_on_alone),
            lambda: runtime.settings.max_cores,
            lambda: runtime.settings.slurm.max_jobs,
            self._follow,
            self._is_wanted,
        )
        self._stopper = Stopper(self._book, self._store, self._launchers, self._starter)
        self._holder = Holder(self._book, self._launchers, self._starter)
        self._is_closed = False
        self._has_pruned = False
        self._attaching: asyncio.Task[list[Job]] | None = None
        self._withdrawn: set[str] = set()
        self._coming: set[str] = set()
        self.register(LocalLauncher(lambda: runtime.settings.cancel_grace))
        self.register(
            SlurmLauncher(
                lambda: runtime.settings.slurm,
                self._is_wanted,
                budget=runtime.service(Budget.of),
                stop=lambda jobs: self._tasks.start(self.ask_to_stop(jobs)),
                on_the_way=self._on_the_way,
            )
        )
        runtime.events.subscribe(lambda _: self._wake(), runtimes.SettingsChanged)

    @classmethod
    def create(cls, runtime: runtimes.Runtime) -> JobManager:
        """The job manager of a runtime, for `Runtime.service`."""
        manager = cls(runtime)
        at_exit(cls.shutdown_now, manager)
        return manager

    @classmethod
    def current(cls) -> JobManager:
        """The job manager of the runtime in force."""
        return runtimes.current().service(cls.create)

    def register(self, launcher: Launcher) -> None:
        """Offer a launcher under its name, in place of one with the same name."""
        self._launchers[launcher.name] = launcher
        self._followers[launcher.name] = Follower(
            launcher,
            self._book,
            self._store,
            self._owner,
            self._starter,
            on_requests=self._obey_requests,
        )

    def is_local(self, launcher: str) -> bool:
        """Whether jobs of a launcher use the cores of this machine."""
        return self._launchers[launcher].is_local

    def announced(self, party: str, launcher: str = "local") -> AbstractContextManager[None]:
        """Say that jobs are being made ready for a party; see `Resources.party`.

        If they use this machine, it counts where cores are shared, also while it has no job.
        """
        if not self._launchers[launcher].is_local:
            return nullcontext()
        return self._starter.announced(party)

    async def submit(
        self,
        command: Command,
        *,
        name: str,
        resources: Resources = _ONE_CORE,
        launcher: str = "local",
        tags: Mapping[str, str] | None = None,
        alone_with: Mapping[str, str] | None = None,
    ) -> Job:
        """Run a command as a job.

        Returns as soon as the job is started, or waits for free cores. If the caller is
        cancelled meanwhile, so is the job.

        Raises
        ------
        JobExistsError
            An unfinished job of any kernel has the tags `alone_with`.
        SubmissionError
            It was refused. One that has to wait and is refused later has failed instead.
        ValueError, TypeError, FileNotFoundError, NotADirectoryError
            The command can't be meant.
        JobError
            The job store can't be written.
        """
        self._check_open()
        record = new_record(
            command,
            name=name,
            resources=resources,
            launcher=self._launchers[launcher].name,
            tags=tags or {},
            owner=self._owner,
        )
        self._launchers.of(record).check(record)
        if not self._launchers.of(record).is_local:
            self._coming.add(record.id)
        bringing_up = self._runtime.tasks.start(self._bring_up(record, alone_with))
        try:
            await asyncio.shield(bringing_up)
        except asyncio.CancelledError:
            await self._undo(bringing_up, record)
            raise
        return Job(self, record)

    async def attach(
        self,
        tags: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        force: bool = False,
    ) -> list[Job]:
        """Take back unfinished jobs that no living process looks after.

        Parameters
        ----------
        tags : Mapping, optional
            Only jobs that have all of these tags.
        folder : path, optional
            Only jobs that work there or below.
        force : bool
            Also jobs of kernels that may live, such as those on machines that can't be seen from
            here. A kernel that does live lets go of them as soon as it notices.

        Returns
        -------
        list of Job
            Those taken now, in their true states: some may have ended meanwhile. Jobs that
            were still held back when their kernel ended are cancelled.
        """
        self._check_open()
        # Cancelled in the middle of it, jobs would have an owner who does not know of them.
        self._attaching = self._tasks.start(
            self._attach(tags or {}, folder, self._attaching, force=force)
        )
        return await asyncio.shield(self._attaching)

    async def _attach(
        self,
        tags: Mapping[str, str],
        folder: Path | None,
        earlier: asyncio.Task[list[Job]] | None,
        *,
        force: bool,
    ) -> list[Job]:
        if earlier is not None and earlier.get_loop() is asyncio.get_running_loop():
            await asyncio.wait([earlier])
        names = set(self._launchers)
        taken = await asyncio.to_thread(
            attaching.claim_orphans, self._store, self._owner, names, tags, folder, force=force
        )
        if not taken:
            return []
        await asyncio.to_thread(self._heartbeat.ensure)
        for record in taken:
            self._book.adopt(record)
            self._starter.count_running(record)
        self._stopper.give_up_waiting(taken, NEVER_STARTED)
        names = {record.launcher for record in taken}
        await asyncio.gather(*(self._followers[name].look() for name in names))
        await self._stopper.cancel([job for job in self._all(taken) if job.cancel_requested])
        self._follow()
        return [Job(self, record) for record in taken]

    async def unfinished(self, tags: Mapping[str, str]) -> list[Job]:
        """Jobs of all kernels that have these tags and have not ended.

        Those that nobody looks after are taken back first; those of other living kernels
        can be cancelled, but not be waited for.
        """
        await self.attach(tags)
        stored = await self.history(unfinished=True)
        newest = [self.newest(record) for record in stored if attaching.has_tags(record, tags)]
        return [Job(self, record) for record in newest if not record.state.is_final]

    def may_live(self, owner: Owner) -> bool:
        """Whether a kernel may look after its jobs and runs; see `heartbeat.may_live`."""
        return may_live(owner, self._store.folder)

    def is_followed(self, job: Job) -> bool:
        """Whether this kernel looks after a job, so that it can be waited for."""
        return job.id in self._book

    def job(self, job_id: str) -> Job:
        """The handle on a job of this or an earlier kernel.

        Parameters
        ----------
        job_id : str
            The beginning is enough when no other id begins so.

        Raises
        ------
        JobError
            There is no such job.
        """
        if job_id in self._book:
            return Job(self, self._book[job_id])
        stored = self._store.find(id_prefix=job_id) if job_id else []
        mine = self.records()
        known = [record.id for record in mine]
        return Job(self, pick_by_prefix([*stored, *mine], job_id, known=known))

    def records(self) -> list[JobRecord]:
        """All jobs known to this kernel, the newest first."""
        return self._book.newest_first()

    async def history(
        self,
        *,
        unfinished: bool = False,
        runs: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[JobRecord]:
        """Jobs of all kernels as the store has them, the newest first.

        Parameters
        ----------
        unfinished : bool
            Only jobs that have not ended.
        runs : collection of str, optional
            Only jobs of runs with these names.
        limit : int, optional
        """
        await asyncio.to_thread(self._store.flush)
        find = functools.partial(self._store.find, unfinished=unfinished, runs=runs, limit=limit)
        return await asyncio.to_thread(find)

    async def tidy_up(self, record: JobRecord) -> None:
        """Remove the folder of a job that has ended well, if the settings say so.

        Not before its end is in the store: the folder would be the only one to tell it.
        """
        record = self.newest(record)
        if record.state is JobState.DONE and self._runtime.settings.remove_good_folders:
            await asyncio.to_thread(self._tidy_up, record)

    def _tidy_up(self, record: JobRecord) -> None:
        try:
            self._store.flush()
        except JobError as error:
            logger.warning("The folder of job %s is kept. %s", record.id, error)
        else:
            remove_folder(record)

    def newest(self, record: JobRecord) -> JobRecord:
        """The newest record of the same job, if this kernel knows one."""
        return self._book.newest(record)

    async def wait(self, record: JobRecord) -> JobRecord:
        """The final record of a job, as soon as there is one."""
        record = self.newest(record)
        if record.state.is_final:
            return record
        if record.id not in self._book:
            raise JobError(
                f"The job {record.id} ({record.name!r}) is looked after by another kernel. When"
                " that has ended, 'await manager.attach()' or '%asyncmd attach' takes it over."
            )
        self._follow()
        return await self._book.wait(record.id)

    async def cancel(self, jobs: Iterable[JobRecord]) -> None:
        """End jobs for good, also another kernel's; returns when the wish was delivered."""
        await self._stopper.cancel(self._all(jobs))
        self._follow()

    async def ask_to_stop(self, jobs: Iterable[JobRecord]) -> None:
        """Let jobs save their work and end by themselves; those that wait are cancelled."""
        await self._stopper.ask_to_stop(self._all(jobs))
        self._follow()

    async def hold(self, jobs: Iterable[JobRecord]) -> None:
        """Keep jobs that wait from starting; see `Job.hold`."""
        await self._holder.hold(self._all(jobs))
        self._follow()

    async def release(self, jobs: Iterable[JobRecord]) -> None:
        """Let held jobs start as soon as it is their turn."""
        await self._holder.release(self._all(jobs))
        self._follow()

    async def shutdown(self) -> None:
        """Let go of all jobs; whether those of this machine are ended is a setting.

        Jobs that are still held back are cancelled: nobody would ever start them.
        """
        self._close()
        if self._runtime.settings.end_local_jobs_on_shutdown:
            await self._end_local()
        for follower in self._followers.values():
            await follower.stop()
        self._book.fail_waiters(JobError("The job manager was shut down, the jobs go on."))
        await asyncio.to_thread(self._close_store)

    def shutdown_now(self) -> None:
        """Do what `shutdown` does without an event loop, such as when the interpreter exits."""
        if self._is_closed:
            return
        self._close()
        if self._runtime.settings.end_local_jobs_on_shutdown:
            self._stopper.end_local_now()
        self._close_store()

    async def _bring_up(self, record: JobRecord, alone_with: Mapping[str, str] | None) -> None:
        try:
            await asyncio.to_thread(_prepare, record, self._heartbeat)
            await self._book.add(record, alone_with)
            self._prune_once()  # of all that is stored the newest is kept, so not before
            start = self._starter.add(record)
            self._follow()
            refusal = await asyncio.shield(start) if start else None
        finally:
            self._coming.discard(record.id)
        if refusal is not None:
            raise refusal

    def _prune_once(self) -> None:
        """Forget jobs that ended long ago, without anybody waiting for it."""
        if not self._has_pruned:
            self._has_pruned = True
            since = self._runtime.service(Budget.of).since
            keep = self._runtime.settings.keep_ended_jobs
            self._tasks.start(asyncio.to_thread(lambda: prune(self._store, keep, since())))

    def _on_the_way(self) -> list[str]:
        """Jobs that a queue will get soon, unless they have to wait for their turn."""
        return [job_id for job_id in self._coming if not self._starter.is_waiting(job_id)]

    async def _undo(self, bringing_up: asyncio.Task[None], record: JobRecord) -> None:
        self._withdrawn.add(record.id)
        await settled(bringing_up)
        if record.id in self._book:
            await carried_out(lambda: self.cancel([record]))
        self._withdrawn.discard(record.id)

    def _is_wanted(self, job_id: str) -> bool:
        is_given_up = job_id in self._book and self._book[job_id].cancel_requested
        return job_id not in self._withdrawn and not is_given_up

    async def _end_local(self) -> None:
        jobs = self._stopper.unfinished_with_kernel()
        await self.cancel(jobs)
        ends = [self._runtime.tasks.start(self._book.wait(job.id)) for job in jobs]
        if ends:
            limit = self._runtime.settings.cancel_grace.total_seconds() + _SHUTDOWN_SECONDS
            await asyncio.wait(ends, timeout=limit)

    def _obey_requests(self, job_ids: Collection[str]) -> None:
        jobs = [self._book[job_id] for job_id in job_ids]
        self._stopper.note(jobs)
        self._tasks.start(self.cancel(jobs))

    def _all(self, jobs: Iterable[JobRecord]) -> list[JobRecord]:
        return [self.newest(job) for job in jobs]

    def _follow(self) -> None:
        for follower in self._followers.values():
            follower.ensure()
            follower.wake()

    def _wake(self) -> None:
        for follower in self._followers.values():
            follower.wake()

    def _check_open(self) -> None:
        if self._is_closed:
            raise JobError("The job manager was shut down; restart the kernel to go on.")

    def _close_store(self) -> None:
        try:
            self._store.close()
        except JobError:
            logger.exception("The last states of the jobs can't be stored.")
        self._heartbeat.stop()

    def _close(self) -> None:
        self._is_closed = True
        reason = "The kernel was shut down before it was started."
        self._stopper.give_up_waiting(self._book.unfinished(), reason)


def _prepare(record: JobRecord, heartbeat: Heartbeat) -> None:
    heartbeat.ensure()
    try:
        prepare_folder(record)
    except OSError as error:
        raise SubmissionError(
            f"The job {record.name!r} needs the folder {str(record.folder)!r}, which can't be"
            f" made ({error}). Choose a working folder that can be written."
        ) from error
