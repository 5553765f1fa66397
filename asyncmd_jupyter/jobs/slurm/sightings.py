"""What is known of the jobs that are followed, looked at together, and what is left to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from asyncmd_jupyter.jobs.model import JobRecord, Status
from asyncmd_jupyter.jobs.process import find_members
from asyncmd_jupyter.jobs.slurm.accounting import Accounting
from asyncmd_jupyter.jobs.slurm.claims import revoke
from asyncmd_jupyter.jobs.slurm.identity import Mark
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry
from asyncmd_jupyter.jobs.slurm.queue import Snapshot
from asyncmd_jupyter.jobs.slurm.states import state_of
from asyncmd_jupyter.jobs.slurm.traces import Traces, read_traces
from asyncmd_jupyter.jobs.slurm.verdict import NEVER_ARRIVED, Evidence, Grace, Open, judge

Verdicts = Mapping[str, Status | Open]


class Sightings:
    """Puts together files, queue and accounting for each job, and keeps what is still open.

    Parameters
    ----------
    accounting : Accounting
        Tells about jobs that have vanished.
    memberships : Memberships
        Tell which jobs are tasks of arrays.
    grace : Grace
        How long to wait for what may come late.
    on_end : callable
        Called with the final status of each job.
    """

    def __init__(
        self,
        accounting: Accounting,
        memberships: Memberships,
        grace: Grace,
        on_end: Callable[[Status], object],
    ) -> None:
        self._accounting = accounting
        self._memberships = memberships
        self._grace = grace
        self._on_end = on_end
        self._needs: dict[str, float] = {}  # since when more has to be known of a job
        self._entered: dict[str, float] = {}  # when sbatch had returned
        self._ends: dict[str, tuple[str, int]] = {}  # native id and attempt of those that ended
        self._arriving: set[str] = set()
        self._claimants: dict[str, str] = {}  # which of the entries of a name is the job

    @property
    def is_anything_open(self) -> bool:
        """Whether more has to be known of some job."""
        return bool(self._needs)

    def open_ids(self) -> set[str]:
        """Jobs, by their ids, of which more has to be known."""
        return set(self._needs)

    def note_submission(self, job: JobRecord) -> None:
        """What the queue showed earlier says nothing about this job."""
        self._entered[job.id] = time.monotonic()

    def entry(self, job: JobRecord, snapshot: Snapshot | None) -> QueueEntry | None:
        """How the queue shows a job; another one that has got its number does not count."""
        if snapshot is None:
            return None
        if job.id in self._claimants:
            return self._own_entry(job, self._claimants[job.id], snapshot)
        found = self._entries(job, snapshot)
        if job.native_id is None:
            return _first(found) if found else None
        entry = self._own_entry(job, job.native_id, snapshot)
        # Of several, one that is over without having begun is not the job.
        if len(found) > 1 and (entry is None or not _is_active(entry)):
            return next(filter(_is_active, found), entry)
        return entry

    def own_ids(self, jobs: Iterable[JobRecord], snapshot: Snapshot) -> dict[str, str]:
        """Slurm's ids of those jobs that it has, by ours; reads files."""
        jobs = list(jobs)
        self._memberships.read(jobs)
        entries = ((job, self.entry(job, snapshot)) for job in jobs)
        return {job.id: entry.id for job, entry in entries if entry is not None}

    def _own_entry(self, job: JobRecord, native_id: str, snapshot: Snapshot) -> QueueEntry | None:
        entry = snapshot.entries.get(native_id)
        mark = Mark.of(job, self._memberships.names(job))
        return entry if entry is not None and mark.fits(entry) else None

    def _entries(self, job: JobRecord, snapshot: Snapshot) -> list[QueueEntry]:
        names = self._memberships.names(job)
        return [entry for name in names for entry in snapshot.by_job.get(name, ())]

    def _doubtful(self, jobs: Iterable[JobRecord], snapshot: Snapshot | None) -> frozenset[str]:
        """Jobs of which it has to be seen what has become of them, or which they are."""
        return frozenset(
            job.id
            for job in jobs
            if job.id in self._needs
            or job.native_id is None
            or (snapshot is not None and len(self._entries(job, snapshot)) > 1)
        )

    def judge_all(
        self, jobs: Sequence[JobRecord], snapshot: Snapshot | None
    ) -> tuple[Verdicts, list[JobRecord]]:
        """The verdicts on jobs, and those of them that can hear and shall stop; reads files."""
        self._memberships.read(jobs)
        traces = read_traces(jobs, self._doubtful(jobs, snapshot))
        for job in jobs:
            self._note_claim(job, traces[job.id])
        arriving = self._being_submitted(
            [job for job in jobs if job.native_id is None and self.entry(job, snapshot) is None]
        )
        verdicts = {
            job.id: self._judge(job, traces[job.id], snapshot, may_arrive=job.id in arriving)
            for job in jobs
        }
        return verdicts, hearing([job for job in jobs if job.stop_requested], traces)

    def unwanted(self, jobs: Iterable[JobRecord], snapshot: Snapshot) -> list[str]:
        """What should have ended: undelivered wishes, doubles, restarts after the end."""
        given_up = [job for job in jobs if job.cancel_requested]
        names = {name for job in given_up for name in self._memberships.names(job)}
        own = (self.entry(job, snapshot) for job in given_up)
        found = {entry.id: entry for entry in own if entry is not None}
        for name, entries in snapshot.by_job.items():
            for entry in entries:
                if name in names or self._is_leftover(entry):
                    found[entry.id] = entry
        return [entry.id for entry in found.values() if _is_active(entry)]

    def _note_claim(self, job: JobRecord, traces: Traces) -> None:
        if traces.claimant is not None:
            self._claimants |= dict.fromkeys(self._memberships.names(job), traces.claimant)

    def _judge(
        self, job: JobRecord, traces: Traces, snapshot: Snapshot | None, *, may_arrive: bool
    ) -> Status | Open:
        self._note_arrival(job, may_arrive)
        known, job = job, replace(job, native_id=self._claimants.get(job.id, job.native_id))
        now, needed = time.monotonic(), self._needs.get(job.id)
        entry = self.entry(job, snapshot)
        was_accounted = self._accounting.was_asked(job)
        if entry is None and snapshot is not None and job.native_id and traces.start is None:
            entry = snapshot.cancelled_task(
                job.native_id,
                lambda other: self._memberships.share_array(job, other),
                is_accounted=was_accounted and self._accounting.of(job) is None,
            )
        evidence = Evidence(
            job,
            traces,
            entry,
            is_missing=snapshot is not None
            and entry is None
            and snapshot.asked > self._entered.get(job.id, 0.0),
            is_fresh=snapshot is not None and needed is not None and snapshot.asked > needed,
            may_arrive=may_arrive,
            waited=now - needed if needed is not None else 0.0,
            answered=snapshot.seconds_answered(needed) if snapshot and needed else 0.0,
            accounted=self._accounting.of(job),
            was_accounted=was_accounted,
        )
        verdict = judge(evidence, self._grace)
        if isinstance(verdict, Status) and verdict.reason == NEVER_ARRIVED and not revoke([job]):
            verdict = Open.NEWS  # it has just begun
        if isinstance(verdict, Status) and job.native_id != known.native_id:
            verdict = replace(verdict, native_id=verdict.native_id or job.native_id)
        if isinstance(verdict, Status) and entry is not None:
            verdict = replace(verdict, queued=entry.submitted)
        return self._settled(job, entry, verdict)

    def _note_arrival(self, job: JobRecord, may_arrive: bool) -> None:
        """What the queue showed before a submission was over says nothing."""
        if may_arrive:
            self._arriving.add(job.id)
        elif job.id in self._arriving:
            self._arriving.discard(job.id)
            self._needs[job.id] = time.monotonic()

    def _settled(
        self, job: JobRecord, entry: QueueEntry | None, verdict: Status | Open
    ) -> Status | Open:
        """Note what is left to do after a verdict."""
        if isinstance(verdict, Open):
            self._needs.setdefault(job.id, time.monotonic())
            return verdict
        self._needs.pop(job.id, None)
        if verdict.state.is_final:
            end = verdict.native_id or job.native_id or "", job.attempt
            names = {*self._memberships.names(job), entry.job_id if entry else job.id}
            self._ends |= dict.fromkeys(names, end)
            self._on_end(verdict)
        return verdict

    def _is_leftover(self, entry: QueueEntry) -> bool:
        if entry.job_id in self._ends:
            native_id, attempt = self._ends[entry.job_id]
            return entry.id != native_id or entry.restarts > attempt
        # Without a claim nobody knows which one will run; ending one might end the job.
        return entry.id != self._claimants.get(entry.job_id, entry.id)

    def _being_submitted(self, jobs: Sequence[JobRecord]) -> set[str]:
        """Which jobs an sbatch that outlived its kernel may still bring into the queue."""
        carried = {job.id: self._memberships.submitters(job) for job in jobs}
        searched = {name: None for names in carried.values() for name in names}
        members = find_members(searched) if searched else {}
        return {job_id for job_id, names in carried.items() if any(members[name] for name in names)}


def hearing(jobs: Iterable[JobRecord], traces: Mapping[str, Traces]) -> list[JobRecord]:
    """Jobs whose scripts run and were not signalled yet."""
    return [job for job in jobs if traces[job.id].can_hear and job.native_id is not None]


def _first(entries: Sequence[QueueEntry]) -> QueueEntry:
    return min(entries, key=lambda entry: int(entry.id.partition("_")[0]))


def _is_active(entry: QueueEntry) -> bool:
    state = state_of(entry.state)
    return state is not None and not state.is_final and entry.state != "COMPLETING"
