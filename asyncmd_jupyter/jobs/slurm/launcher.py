"""Run jobs through Slurm.

The same script as everywhere leaves its exit code in a file, which is seen first; one squeue
for all jobs tells the rest. A job is found by the comment of its submission, so neither a lost
reply nor a killed kernel doubles or loses it.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Status
from asyncmd_jupyter.jobs.process import find_members
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.accounting import Accounting
from asyncmd_jupyter.jobs.slurm.broken import NodeRecords
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.jobs.slurm.options import check_directives, check_options
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry
from asyncmd_jupyter.jobs.slurm.queue import SlurmQueue, Snapshot
from asyncmd_jupyter.jobs.slurm.states import PUT_BACK, state_of
from asyncmd_jupyter.jobs.slurm.submission import Submissions
from asyncmd_jupyter.jobs.slurm.traces import Traces, read_traces
from asyncmd_jupyter.jobs.slurm.verdict import Evidence, Grace, Open, judge
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)

_FOLDERS_A_LOOK = 64
_DELIVERY_SECONDS = 15.0
_FIRST_LOOK_SECONDS = 5.0
_END_SECONDS = 60.0
_ALREADY_OVER = ("Invalid job id", "already completing or completed", "already done")


class SlurmLauncher:
    """Submits each script with sbatch and follows it through the queue.

    Parameters
    ----------
    settings : callable
        Gives the settings in force.
    is_wanted : callable
        Whether a job, by its id, shall still be started; ends a submission that is tried again.
    waits : bool
        Whether each poll waits for the queue's answer, for those who look only once.
    grace : Grace
        How long to wait for what may come late.
    """

    name = "slurm"
    is_local = False

    def __init__(
        self,
        settings: Callable[[], SlurmSettings],
        is_wanted: Callable[[str], bool] = lambda _: True,
        *,
        waits: bool = False,
        grace: Grace | None = None,
    ) -> None:
        self._settings = settings
        self._waits = waits
        self._grace = grace or Grace()
        self._client = SlurmClient()
        self._nodes = NodeRecords(settings)
        self._queue = SlurmQueue(self._client, settings)
        self._accounting = Accounting(self._client, settings)
        self._submissions = Submissions(
            self._client, self._queue, settings, self._nodes.excluded, is_wanted
        )
        self._tasks = OwnedTasks()
        self._needs: dict[str, float] = {}  # since when more has to be known of a job
        self._entered: dict[str, float] = {}  # when sbatch had returned
        self._ends: dict[str, tuple[str, int]] = {}  # native id and attempt of those that ended
        self._cancelled: set[str] = set()
        self._arriving: set[str] = set()
        self._asked: set[tuple[str, int]] = set()  # jobs with their attempts, to stop
        self._judged: Snapshot | None = None
        self._has_looked = False
        self._turn = 0

    def check(self, job: JobRecord) -> None:
        """Raise ValueError for options that are no use."""
        check_options(job.resources.options)
        check_directives(job.command.template)

    async def submit(self, job: JobRecord) -> str | None:
        """Put the job into the queue; the native id is Slurm's."""
        try:
            return await self._submissions.submit(job)
        finally:
            self._entered[job.id] = time.monotonic()
            self._queue.expect_news()

    async def poll(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Look at files, at the queue when it is time, and into accounting when it must be."""
        await self._look_at_queue(jobs)
        snapshot = self._queue.snapshot
        looked_at = self._choose(jobs, snapshot)
        verdicts, hearing = await asyncio.to_thread(self._judge_all, looked_at, snapshot)
        if new := [job for job in hearing if (job.id, job.attempt) not in self._asked]:
            self._tasks.start(self._signal(new))
        self._accounting.ask_when_due(
            job for job in looked_at if verdicts[job.id] is Open.ACCOUNTING
        )
        if again := [job.native_id for job in looked_at if _was_put_back(verdicts[job.id])]:
            self._tasks.start(self._scancel([native_id for native_id in again if native_id]))
        if snapshot is not None and snapshot is not self._judged:
            self._cancel_unwanted(jobs, snapshot)
        self._judged = snapshot
        return {
            job_id: verdict for job_id, verdict in verdicts.items() if isinstance(verdict, Status)
        }

    async def cancel(self, jobs: Sequence[JobRecord]) -> None:
        """End the jobs with one scancel; polling repeats it if it can't be delivered now."""
        await self._scancel([job.native_id for job in jobs if job.native_id])
        self._queue.expect_news()

    async def ask_to_stop(self, jobs: Sequence[JobRecord]) -> None:
        """Jobs that have not begun are cancelled, the others asked as soon as they can hear."""
        ids = [job.native_id for job in jobs if job.native_id]
        for chunk in commands.in_chunks(ids):
            await self._deliver(commands.scancel_pending(self._settings(), chunk))
        traces = await asyncio.to_thread(read_traces, jobs, frozenset())
        await self._signal(_hearing(jobs, traces))
        self._queue.expect_news()

    def end_now(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Cancel the jobs and say how those ended that did so at once."""
        ids = [job.native_id for job in jobs if job.native_id]
        with suppress(OSError, subprocess.SubprocessError):
            for chunk in commands.in_chunks(ids):
                argv = commands.scancel(self._settings(), chunk)
                subprocess.run(argv, capture_output=True, timeout=_END_SECONDS, check=False)
        ends = ((job_id, each.end) for job_id, each in read_traces(jobs, frozenset()).items())
        return {job_id: end for job_id, end in ends if end is not None}

    async def _look_at_queue(self, jobs: Sequence[JobRecord]) -> None:
        if self._needs or any(job.cancel_requested for job in jobs):
            self._queue.expect_news()
        asking = self._queue.refresh_when_due()
        if asking is not None and (self._waits or not self._has_looked):
            self._has_looked = True
            await asyncio.wait([asking], timeout=None if self._waits else _FIRST_LOOK_SECONDS)

    def _choose(self, jobs: Sequence[JobRecord], snapshot: Snapshot | None) -> list[JobRecord]:
        """Whose folders to look at: where something is due or new, and a few others in turn."""
        if len(jobs) <= _FOLDERS_A_LOOK:
            return list(jobs)
        due: list[JobRecord] = []
        rest: list[JobRecord] = []
        for job in jobs:
            is_due = _is_urgent(job) or job.id in self._needs or self._has_news(job, snapshot)
            (due if is_due else rest).append(job)
        n_more = max(1, _FOLDERS_A_LOOK - len(due))
        first = self._turn % len(rest) if rest else 0
        self._turn = first + n_more
        return due + rest[first : first + n_more]

    def _has_news(self, job: JobRecord, snapshot: Snapshot | None) -> bool:
        if snapshot is self._judged:
            return False
        entry = _entry(job, snapshot)
        return entry is None or entry != _entry(job, self._judged)

    def _judge_all(
        self, jobs: Sequence[JobRecord], snapshot: Snapshot | None
    ) -> tuple[dict[str, Status | Open], list[JobRecord]]:
        thorough = frozenset(job.id for job in jobs if job.id in self._needs)
        traces = read_traces(jobs, thorough)
        arriving = _being_submitted(
            [job for job in jobs if job.native_id is None and _entry(job, snapshot) is None]
        )
        verdicts = {
            job.id: self._judge(job, traces[job.id], snapshot, may_arrive=job.id in arriving)
            for job in jobs
        }
        return verdicts, _hearing([job for job in jobs if job.stop_requested], traces)

    def _judge(
        self, job: JobRecord, traces: Traces, snapshot: Snapshot | None, *, may_arrive: bool
    ) -> Status | Open:
        self._note_arrival(job, may_arrive)
        now, needed = time.monotonic(), self._needs.get(job.id)
        entry = _entry(job, snapshot)
        entered = self._entered.get(job.id, 0.0)
        evidence = Evidence(
            job,
            traces,
            entry,
            is_missing=snapshot is not None and entry is None and snapshot.asked > entered,
            is_fresh=snapshot is not None and needed is not None and snapshot.asked > needed,
            may_arrive=may_arrive,
            waited=now - needed if needed is not None else 0.0,
            accounted=self._accounting.of(job),
            was_accounted=self._accounting.was_asked(job),
        )
        return self._settled(job, judge(evidence, self._grace))

    def _note_arrival(self, job: JobRecord, may_arrive: bool) -> None:
        """What the queue showed before a submission was over says nothing."""
        if may_arrive:
            self._arriving.add(job.id)
        elif job.id in self._arriving:
            self._arriving.discard(job.id)
            self._needs[job.id] = time.monotonic()

    def _settled(self, job: JobRecord, verdict: Status | Open) -> Status | Open:
        """Note what is left to do after a verdict."""
        if isinstance(verdict, Open):
            self._needs.setdefault(job.id, time.monotonic())
            return verdict
        self._needs.pop(job.id, None)
        if verdict.state.is_final:
            self._ends[job.id] = verdict.native_id or job.native_id or "", job.attempt
            self._nodes.count(verdict)
        return verdict

    def _cancel_unwanted(self, jobs: Iterable[JobRecord], snapshot: Snapshot) -> None:
        """Cancel what should have ended: undelivered wishes, doubles, restarts after the end."""
        given_up = {job.id for job in jobs if job.cancel_requested}
        unwanted = [
            entry.id
            for job_id, entries in snapshot.by_job.items()
            for entry in entries
            if _is_active(entry) and (job_id in given_up or self._is_leftover(entry, entries))
        ]
        if unwanted:
            self._tasks.start(self._scancel(unwanted))

    def _is_leftover(self, entry: QueueEntry, entries: Sequence[QueueEntry]) -> bool:
        if entry.job_id in self._ends:
            native_id, attempt = self._ends[entry.job_id]
            return entry.id != native_id or entry.restarts > attempt
        return entry != _first(entries)

    async def _scancel(self, ids: Sequence[str]) -> None:
        new = [native_id for native_id in ids if native_id not in self._cancelled]
        for chunk in commands.in_chunks(new):
            self._cancelled.update(chunk)
            if not await self._deliver(commands.scancel(self._settings(), chunk)):
                self._cancelled.difference_update(chunk)

    async def _signal(self, jobs: Sequence[JobRecord]) -> None:
        """Ask each job once in each attempt."""
        asked = {(job.id, job.attempt): job.native_id for job in jobs}
        new = {key: native_id for key, native_id in asked.items() if key not in self._asked}
        self._asked.update(new)
        for chunk in commands.in_chunks([native_id for native_id in new.values() if native_id]):
            if not await self._deliver(commands.stop_signal(self._settings(), chunk)):
                self._asked.difference_update(new)

    async def _deliver(self, argv: Sequence[str]) -> bool:
        """Run a command that ends or signals jobs; those that have ended are no error."""
        try:
            reply = await asyncio.wait_for(self._client.run(argv), _DELIVERY_SECONDS)
        except (JobError, OSError, TimeoutError) as error:
            logger.warning("Slurm could not be told; it is tried again: %s", error or argv[0])
            return False
        lines = [line for line in reply.err.splitlines() if "error" in line]
        real = [line for line in lines if not any(words in line for words in _ALREADY_OVER)]
        if reply.code != 0 and real:
            logger.warning("%s said: %s", argv[0], "; ".join(real[-3:]))
        return reply.code == 0 or not real


def _entry(job: JobRecord, snapshot: Snapshot | None) -> QueueEntry | None:
    if snapshot is None:
        return None
    if job.native_id is not None:
        return snapshot.entries.get(job.native_id)
    found = snapshot.by_job.get(job.id, ())
    return _first(found) if found else None


def _first(entries: Sequence[QueueEntry]) -> QueueEntry:
    return min(entries, key=lambda entry: int(entry.id.partition("_")[0]))


def _hearing(jobs: Iterable[JobRecord], traces: Mapping[str, Traces]) -> list[JobRecord]:
    """Jobs whose scripts run and were not signalled yet."""
    return [job for job in jobs if traces[job.id].can_hear and job.native_id is not None]


def _was_put_back(verdict: Status | Open) -> bool:
    return isinstance(verdict, Status) and verdict.cause == PUT_BACK


def _is_urgent(job: JobRecord) -> bool:
    return job.state is JobState.RUNNING or job.cancel_requested or job.stop_requested


def _is_active(entry: QueueEntry) -> bool:
    state = state_of(entry.state)
    return state is not None and not state.is_final and entry.state != "COMPLETING"


def _being_submitted(jobs: Sequence[JobRecord]) -> set[str]:
    """Which jobs an sbatch that outlived its kernel may still bring into the queue."""
    members = find_members({job.id: None for job in jobs}) if jobs else {}
    return {job_id for job_id, processes in members.items() if processes}
