"""Run jobs on one cluster of Slurm.

The same script as everywhere leaves its exit code in a file, which is seen first; one squeue
for all jobs tells the rest. A job is found by the comment of its submission, so neither a lost
reply nor a killed kernel doubles or loses it. Ids are used again, so whatever ends, holds or
signals jobs goes only to those that the queue has just shown to be these jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from asyncmd_jupyter.errors import SlurmError
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Status, Submitted
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.accounting import Accounting
from asyncmd_jupyter.jobs.slurm.broken import NodeRecords
from asyncmd_jupyter.jobs.slurm.client import SlurmClient
from asyncmd_jupyter.jobs.slurm.delivery import Delivery
from asyncmd_jupyter.jobs.slurm.gathering import Gathering
from asyncmd_jupyter.jobs.slurm.holding import Holding, names_of
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.slurm.parsing import QueueEntry
from asyncmd_jupyter.jobs.slurm.queue import SlurmQueue, Snapshot
from asyncmd_jupyter.jobs.slurm.sightings import Sightings, hearing
from asyncmd_jupyter.jobs.slurm.states import PUT_BACK
from asyncmd_jupyter.jobs.slurm.submission import Submissions
from asyncmd_jupyter.jobs.slurm.traces import read_traces
from asyncmd_jupyter.jobs.slurm.verdict import Grace, Open
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.settings import SlurmSettings

_FOLDERS_A_LOOK = 64
_OTHER_FOLDERS = 16  # of these many, those of jobs that the queue shows as they were
_FIRST_LOOK_SECONDS = 5.0
_CLEARING_SECONDS = 8.0
_SECONDS_BETWEEN_LOOKS = 0.1


class SlurmCluster:
    """Submits each script with sbatch and follows it through the queue.

    Parameters
    ----------
    settings : callable
        Gives the settings in force, with the name of the cluster unless it is the default one.
    is_wanted : callable
        Whether a job, by its id, shall still be started; ends a submission that is tried again.
    waits : bool
        Whether each poll waits for the queue's answer and looks for some seconds at what is
        not clear yet, for those who look only once.
    grace : Grace
        How long to wait for what may come late.
    on_the_way : callable
        Gives the ids of jobs that will be submitted soon.
    """

    def __init__(
        self,
        settings: Callable[[], SlurmSettings],
        is_wanted: Callable[[str], bool] = lambda _: True,
        *,
        waits: bool = False,
        grace: Grace | None = None,
        on_the_way: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._waits = waits
        self._settings = settings
        self._client = client = SlurmClient()
        nodes = NodeRecords(settings)
        memberships = Memberships()
        self._queue = SlurmQueue(client, settings)
        self._accounting = Accounting(client, memberships, settings)
        self._delivery = Delivery(client, settings)
        self._holding = Holding(client, self._queue, settings)
        self._sightings = Sightings(self._accounting, memberships, grace or Grace(), nodes.count)
        submissions = Submissions(client, self._queue, settings, nodes.excluded, is_wanted)
        self._gathering = Gathering(submissions, memberships, settings, nodes.excluded, on_the_way)
        self._tasks = OwnedTasks()
        self._judged: Snapshot | None = None
        self._has_looked = False
        self._turn = 0

    async def submit(self, job: JobRecord) -> Submitted:
        """Put the job into the queue; the native id is Slurm's."""
        try:
            return await self._gathering.submit(job)
        finally:
            self._sightings.note_submission(job)
            self._queue.expect_news()

    async def poll(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Look at files, at the queue when it is time, and into accounting when it must be."""
        statuses = await self._look(jobs)
        if self._waits:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLEARING_SECONDS):
                    await self._look_on(jobs, statuses)
        return statuses

    async def _look_on(self, jobs: Sequence[JobRecord], statuses: dict[str, Status]) -> None:
        """Until there is something to say of each job."""
        ids = {job.id for job in jobs}
        if ids & self._sightings.open_ids():
            await self._queue.refresh()
        while ids & self._sightings.open_ids():
            statuses |= await self._look(jobs)
            await self._accounting.answered()
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)

    async def _look(self, jobs: Sequence[JobRecord]) -> dict[str, Status]:
        await self._look_at_queue(jobs)
        snapshot = self._queue.snapshot
        looked_at = self._choose(jobs, snapshot)
        verdicts, can_hear = await asyncio.to_thread(self._sightings.judge_all, looked_at, snapshot)
        if new := [job for job in can_hear if not self._delivery.is_asked(job)]:
            self._tasks.start(self._ask_own(new))
        self._accounting.ask_when_due(
            job for job in looked_at if verdicts[job.id] is Open.ACCOUNTING
        )
        put_back = [job for job in looked_at if _was_put_back(verdicts[job.id])]
        has_news = snapshot is not self._judged or any(map(_is_end, verdicts.values()))
        unwanted = []
        if snapshot is not None and has_news:
            unwanted = self._sightings.unwanted(jobs, snapshot)
        if unwanted or put_back:
            ending = self._tasks.start(self._end_unwanted(jobs, put_back))
            if self._waits:  # nobody might be there to repeat it
                await asyncio.wait([ending])
        self._judged = snapshot
        return {
            job.id: _dated(verdict, self._accounting.of(job))
            for job in looked_at
            if isinstance(verdict := verdicts[job.id], Status)
        }

    async def cancel(self, jobs: Sequence[JobRecord]) -> None:
        """End the jobs with one scancel; polling repeats it if it can't be delivered now."""
        _, ids = await self._own(jobs)
        await self._delivery.cancel(ids.values())
        self._queue.expect_news()

    async def ask_to_stop(self, jobs: Sequence[JobRecord]) -> None:
        """Jobs that have not begun are cancelled, the others asked as soon as they can hear."""
        snapshot, ids = await self._own(jobs)
        if snapshot is None:
            return
        # Some of them may begin just now; of tasks of arrays Slurm can't tell which.
        await self._delivery.cancel_pending([each for each in ids.values() if "_" not in each])
        await self._delivery.cancel(snapshot.waiting(each for each in ids.values() if "_" in each))
        mine = [job for job in jobs if job.id in ids]
        traces = await asyncio.to_thread(read_traces, mine, frozenset())
        await self._delivery.ask_to_stop(hearing(mine, traces))
        self._queue.expect_news()

    async def signal(self, jobs: Sequence[JobRecord], number: int) -> None:
        """Hand a signal to those jobs that Slurm has.

        Raises
        ------
        SlurmError
            Slurm does not answer, or can't do it.
        """
        snapshot, ids = await self._own(jobs)
        if snapshot is None:
            raise _no_answer("signal")
        for chunk in commands.in_chunks(list(ids.values())):
            argv = commands.signal(self._settings(), number, chunk)
            reply = await self._client.run(argv)
            if reply.code != 0:
                raise SlurmError(reply.complaint)

    async def hold(self, jobs: Sequence[JobRecord]) -> None:
        """``scontrol uhold`` of jobs that have not begun."""
        await self._holding.hold(await self._all_own(jobs, "hold"))
        self._queue.expect_news()

    async def release(self, jobs: Sequence[JobRecord]) -> None:
        """``scontrol release``."""
        await self._holding.release(await self._all_own(jobs, "release"))
        self._queue.expect_news()

    def end_now(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Cancel the jobs and say how those ended that did so at once."""
        snapshot = self._queue.ask_now()
        if snapshot is not None:
            self._delivery.cancel_now(list(self._sightings.own_ids(jobs, snapshot).values()))
        ends = ((job_id, each.end) for job_id, each in read_traces(jobs, frozenset()).items())
        return {job_id: end for job_id, end in ends if end is not None}

    async def _own(self, jobs: Sequence[JobRecord]) -> tuple[Snapshot | None, dict[str, str]]:
        """Slurm's ids of those jobs that it has now; without an answer there are none."""
        snapshot = await self._queue.refresh()
        if snapshot is None:
            return None, {}
        return snapshot, await asyncio.to_thread(self._sightings.own_ids, jobs, snapshot)

    async def _all_own(self, jobs: Sequence[JobRecord], verb: str) -> list[JobRecord]:
        """The jobs as the queue has them.

        Raises
        ------
        SlurmError
            One of them is not there.
        """
        snapshot, ids = await self._own(jobs)
        if snapshot is None:
            raise _no_answer(verb)
        if missing := [job for job in jobs if job.native_id and job.id not in ids]:
            raise SlurmError(f"Slurm can't {verb} {names_of(missing)}: not in the queue any more.")
        return [replace(job, native_id=ids.get(job.id, job.native_id)) for job in jobs]

    async def _ask_own(self, jobs: Sequence[JobRecord]) -> None:
        _, ids = await self._own(jobs)
        mine = (replace(job, native_id=ids[job.id]) for job in jobs if job.id in ids)
        await self._delivery.ask_to_stop(mine)

    async def _end_unwanted(self, jobs: Sequence[JobRecord], put_back: Sequence[JobRecord]) -> None:
        """End what should have ended, as far as a new look at the queue still shows it."""
        snapshot, ids = await self._own(put_back)
        if snapshot is not None:
            unwanted = self._sightings.unwanted(jobs, snapshot)
            await self._delivery.cancel([*ids.values(), *unwanted])

    async def _look_at_queue(self, jobs: Sequence[JobRecord]) -> None:
        if self._sightings.is_anything_open or any(job.cancel_requested for job in jobs):
            self._queue.expect_news()
        asking = self._queue.refresh_when_due()
        if asking is not None and (self._waits or not self._has_looked):
            self._has_looked = True
            await asyncio.wait([asking], timeout=None if self._waits else _FIRST_LOOK_SECONDS)

    def _choose(self, jobs: Sequence[JobRecord], snapshot: Snapshot | None) -> list[JobRecord]:
        """Whose folders to look at: where something is due or new, and a few others in turn."""
        if self._waits or len(jobs) <= _FOLDERS_A_LOOK:
            return list(jobs)
        due_ids = self._sightings.open_ids()
        if snapshot is not None and not snapshot.shows_the_same_as(self._judged):
            due_ids |= {job.id for job in jobs if self._has_news(job, snapshot)}
        due = [job for job in jobs if job.id in due_ids or _is_urgent(job)]
        n_more = max(1, min(_OTHER_FOLDERS, _FOLDERS_A_LOOK - len(due)))
        first = self._turn if self._turn < len(jobs) else 0
        self._turn = first + n_more
        others = jobs[first : self._turn]
        return [*due, *(job for job in others if job.id not in due_ids and not _is_urgent(job))]

    def _has_news(self, job: JobRecord, snapshot: Snapshot) -> bool:
        entry = self._sightings.entry(job, snapshot)
        return entry is None or entry != self._sightings.entry(job, self._judged)


def _no_answer(verb: str) -> SlurmError:
    return SlurmError(f"Slurm can't {verb} jobs: it does not answer. Try again in a moment.")


def _dated(verdict: Status, accounted: QueueEntry | None) -> Status:
    """When a job ended that left no exit code, if accounting knows."""
    if not verdict.state.is_final or verdict.ended is not None or accounted is None:
        return verdict
    return replace(verdict, ended=accounted.ended)


def _is_end(verdict: Status | Open) -> bool:
    return isinstance(verdict, Status) and verdict.state.is_final


def _was_put_back(verdict: Status | Open) -> bool:
    return isinstance(verdict, Status) and verdict.cause == PUT_BACK


def _is_urgent(job: JobRecord) -> bool:
    return job.state is JobState.RUNNING or job.cancel_requested or job.stop_requested
