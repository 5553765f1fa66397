"""One look at the store, the records of runs and the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.listing import ListedJob
from asyncmd_jupyter.jobs.slurm.states import state_of
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jupyter.server.board import Board
from asyncmd_jupyter.jupyter.server.facts import JobFacts, iso
from asyncmd_jupyter.jupyter.server.left_runs import judged
from asyncmd_jupyter.jupyter.server.options import Options
from asyncmd_jupyter.jupyter.server.orphans import Orphans
from asyncmd_jupyter.jupyter.server.places import Places
from asyncmd_jupyter.jupyter.server.queue import QueueView, UserQueue
from asyncmd_jupyter.jupyter.server.rows import row_of_other, row_of_ours
from asyncmd_jupyter.jupyter.server.runs import RunInfo, RunRecords, run_key
from asyncmd_jupyter.jupyter.server.stored import StoredJobs
from asyncmd_jupyter.jupyter.server.threads import DaemonThread
from asyncmd_jupyter.jupyter.server.validation import OTHERS_PREFIX
from asyncmd_jupyter.settings import Settings

_FIRST_ANSWER_SECONDS = 2.0
_LOOKS_BETWEEN_ORPHANS = 2.5  # which cost more than the rest, and nobody hurries


@dataclass(frozen=True, slots=True)
class _Line:
    """A row with what it was made of."""

    job: JobFacts
    run: RunInfo | None
    entry: ListedJob | None
    text: str
    partition: str

    def is_of(self, job: JobFacts, run: RunInfo | None, entry: ListedJob | None) -> bool:
        return self.job is job and self.run is run and self.entry == entry


class Looker:
    """Makes boards; one look at a time.

    Parameters
    ----------
    store : JobStore
    settings : Settings
    queue : UserQueue
    options : Options
    places : Places
    problems : tuple of str
        What is wrong for good.
    """

    def __init__(
        self,
        store: JobStore,
        settings: Settings,
        queue: UserQueue,
        options: Options,
        places: Places,
        problems: tuple[str, ...] = (),
    ) -> None:
        self._stored = StoredJobs(store, options.ended_days, options.most_jobs)
        self._runs = RunRecords(places, store.folder)
        pause = options.poll_interval * _LOOKS_BETWEEN_ORPHANS
        self._orphans = Orphans(store, settings, pause)
        self._queue = queue
        self._options = options
        self._places = places
        self._problems = problems
        # Always the same thread: each that has read a lot keeps memory for the next time.
        self._thread = DaemonThread("asyncmd-look")
        self._lines: dict[str, _Line] = {}
        self._made_of: tuple[object, ...] = ()
        self._others: tuple[object, Mapping[str, str]] = None, {}
        self._board = Board()

    @property
    def runs(self) -> Mapping[str, RunInfo]:
        """The runs that were read last, by their keys."""
        return self._runs.runs

    async def look(self, *, others: bool) -> Board:
        """Everything as it is now; the same object while nothing has changed."""
        problem = await self._thread.run(self._read)
        verdicts = await self._true_facts()
        jobs = {job_id: verdicts.get(job_id, job) for job_id, job in self._stored.jobs.items()}
        await self._ask_queue(jobs, others=others and self._options.show_other_jobs)
        return await self._thread.run(self._make, jobs, problem)

    def _read(self) -> str:
        problem = ""
        try:
            self._stored.read()
        except JobError as error:
            problem = str(error)
        wanted = ((job.cwd, job.run) for job in self._stored.jobs.values() if job.run)
        self._runs.read(wanted)
        self._queue.look_for_commands()
        return problem or self._stored.problem

    async def _true_facts(self) -> Mapping[str, JobFacts]:
        return await self._orphans.look(await self._thread.run(self._stored.orphans))

    async def _ask_queue(self, jobs: Mapping[str, JobFacts], *, others: bool) -> None:
        if not (others or any(_is_in_slurm(job) for job in jobs.values())):
            return
        is_first = not self._queue.has_been_asked
        asking = self._queue.ask_when_due(with_history=others)
        if asking is not None and is_first:
            await asyncio.wait([asking], timeout=_FIRST_ANSWER_SECONDS)

    def _make(self, jobs: Mapping[str, JobFacts], problem: str) -> Board:
        view, runs = self._queue.view, judged(self._runs.runs, jobs.values())
        problems = tuple(filter(None, (*self._problems, problem, *self._runs.problems)))
        made_of = (jobs, runs, view, problems)
        if made_of == self._made_of:
            return self._board
        self._made_of = made_of
        self._lines = {job.id: self._line(job, runs, view) for job in jobs.values()}
        needs_slurm = view.scheduler or any(map(_is_in_slurm, jobs.values()))
        self._board = Board(
            time=iso(datetime.now(UTC)) or "",
            jobs={job_id: line.text for job_id, line in self._lines.items()},
            others=self._rows_of_others(jobs, view),
            runs={key: run.text for key, run in runs.items()},
            scheduler=view.scheduler,
            queue_problem=view.problem if needs_slurm else "",
            problems=problems,
            can_show_others=self._options.show_other_jobs,
        )
        return self._board

    def _line(self, job: JobFacts, runs: Mapping[str, RunInfo], view: QueueView) -> _Line:
        run = runs.get(run_key(job.cwd, job.run)) if job.run else None
        entry = _own_entry(job, view)
        known = self._lines.get(job.id)
        if known is not None and known.is_of(job, run, entry):
            return known
        seen = (entry.partition if entry else "") or (known.partition if known else "")
        partition = seen or job.partition
        text = row_of_ours(job, run, entry, partition, self._places)
        return _Line(job, run, entry, text, partition)

    def _rows_of_others(self, jobs: Mapping[str, JobFacts], view: QueueView) -> Mapping[str, str]:
        """Those in the queue, and those that accounting remembers."""
        if not self._options.show_other_jobs:
            return {}
        ours = {job.native_id for job in jobs.values() if _is_shown_by(job, view)}
        made_of = (view.jobs, view.history, ours)
        if self._others[0] != made_of:
            rows = {
                f"{OTHERS_PREFIX}{entry.id}": row_of_other(entry, self._places)
                for entry in _foreign(view, ours)
            }
            self._others = made_of, rows
        return self._others[1]


def _foreign(view: QueueView, ours: set[str | None]) -> Iterator[ListedJob]:
    for entry in {**view.history, **view.jobs}.values():
        is_stale = not entry.in_queue and entry.ended is None
        if entry.id not in ours and not entry.is_ours and not is_stale:
            yield entry


def _own_entry(job: JobFacts, view: QueueView) -> ListedJob | None:
    """How the queue shows a job; another one that has got its number does not count."""
    entry = view.jobs.get(job.native_id or "")
    is_this = entry is not None and job.mark is not None and job.mark.fits(entry.entry)
    return entry if is_this else None


def _is_shown_by(job: JobFacts, view: QueueView) -> bool:
    """Whether what Slurm says of the number of a job is about it."""
    entry = view.jobs.get(job.native_id or "")
    if job.launcher != SlurmLauncher.name or entry is None:
        return job.launcher == SlurmLauncher.name
    if job.mark is not None:
        return job.mark.fits(entry.entry)
    state = state_of(entry.state)
    return state is None or state.is_final


def _is_in_slurm(job: JobFacts) -> bool:
    return job.launcher == SlurmLauncher.name and not job.state.is_final
