"""Cancel, hold, release and requeue jobs, with a sentence on each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.office import Office, ended, ended_before, title, why_it_goes_on
from asyncmd_jupyter.jobs.slurm.identity import Mark
from asyncmd_jupyter.jobs.slurm.launcher import SlurmLauncher
from asyncmd_jupyter.jobs.slurm.listing import ListedJob
from asyncmd_jupyter.jobs.slurm.membership import Memberships
from asyncmd_jupyter.jobs.store import JobStore
from asyncmd_jupyter.jobs.tasks import OwnedTasks
from asyncmd_jupyter.jupyter.server.facts import facts_of
from asyncmd_jupyter.jupyter.server.queue import UserQueue
from asyncmd_jupyter.jupyter.server.rows import possible_with_other, possible_with_ours
from asyncmd_jupyter.jupyter.server.slurm_actions import Outcome, SlurmActions, Target
from asyncmd_jupyter.jupyter.server.threads import in_daemon
from asyncmd_jupyter.jupyter.server.validation import OTHERS_PREFIX
from asyncmd_jupyter.settings import Settings

_PATIENCE_SECONDS = 3.0
_NOT_SHOWN = "This server is set up to leave jobs alone that are not of asyncmd-jupyter."


class Actions:
    """Does what the page asks for.

    Parameters
    ----------
    store : JobStore
    settings : Settings
    queue : UserQueue
    may_touch_others : bool
        Whether jobs of the user that are not ours may be changed.
    """

    def __init__(
        self, store: JobStore, settings: Settings, queue: UserQueue, *, may_touch_others: bool
    ) -> None:
        self._store = store
        self._settings = settings
        self._slurm = SlurmActions(queue, settings.slurm)
        self._may_touch_others = may_touch_others
        self._tasks = OwnedTasks()

    async def do(self, verb: str, ids: Sequence[str]) -> list[Outcome]:
        """Do one thing with several jobs; one outcome for each, in their order.

        Raises
        ------
        JobError
            The store can't be used.
        """
        others = [each for each in ids if each.startswith(OTHERS_PREFIX)]
        records = await in_daemon(self._find, set(ids) - set(others))
        act = self._cancel(records) if verb == "cancel" else self._change(verb, records)
        outcomes = [*await act, *await self._with_others(verb, others)]
        by_id = {outcome.id: outcome for outcome in outcomes}
        return [by_id.get(each) or _unknown(each) for each in ids]

    def _find(self, ids: set[str]) -> list[JobRecord]:
        return self._store.find(ids=ids) if ids else []

    async def _cancel(self, records: list[JobRecord]) -> list[Outcome]:
        """End jobs; those that take long go on ending when the answer is given."""
        if not records:
            return []
        ending = self._tasks.start(asyncio.to_thread(self._end, records))
        done, _ = await asyncio.wait([ending], timeout=_PATIENCE_SECONDS)
        if done:
            return ending.result()
        return [Outcome(job.id, True, f"{title(job)} is being ended.") for job in records]

    def _end(self, records: list[JobRecord]) -> list[Outcome]:
        office = Office(self._settings, self._store)
        seen = office.look(records)
        last = {job.id: job for job in office.end([job for job in seen if not job.state.is_final])}
        pairs = zip(records, seen, strict=True)
        return [_outcome_of_end(old, new, last.get(old.id)) for old, new in pairs]

    async def _change(self, verb: str, records: Iterable[JobRecord]) -> list[Outcome]:
        refused = [
            Outcome(job.id, False, why) for job in records if (why := _why_not_ours(verb, job))
        ]
        ids = {outcome.id for outcome in refused}
        targets = [
            Target(job.id, job.native_id or "", title(job), _possible_with(job), _is_this(job))
            for job in records
            if job.id not in ids
        ]
        return refused + await self._slurm.do(verb, targets)

    async def _with_others(self, verb: str, ids: Sequence[str]) -> list[Outcome]:
        if not self._may_touch_others:
            return [Outcome(each, False, _NOT_SHOWN) for each in ids]
        native_ids = [each.removeprefix(OTHERS_PREFIX) for each in ids]
        targets = [
            Target(each, native_id, f"Job {native_id}", possible_with_other)
            for each, native_id in zip(ids, native_ids, strict=True)
        ]
        return await self._slurm.do(verb, targets)


def _why_not_ours(verb: str, job: JobRecord) -> str:
    """Why Slurm need not be asked about a job."""
    if job.state.is_final:
        return f"{title(job)} has ended ({job.state.value})."
    if job.launcher != SlurmLauncher.name:
        return f"{title(job)} is not in Slurm: only its run can be held, in its notebook."
    if job.native_id is None:
        return f"{title(job)} waits in its kernel and has not come to Slurm yet."
    return ""


def _possible_with(job: JobRecord) -> Callable[[ListedJob], list[str]]:
    return lambda entry: possible_with_ours(facts_of(job), entry)


def _is_this(job: JobRecord) -> Callable[[ListedJob], bool]:
    memberships = Memberships()
    memberships.read([job])
    mark = Mark.of(job, memberships.names(job))
    return lambda listed: mark.fits(listed.entry)


def _outcome_of_end(old: JobRecord, new: JobRecord, last: JobRecord | None) -> Outcome:
    if last is None:
        return Outcome(old.id, False, ended_before(old, new))
    if last.state.is_final:
        return Outcome(old.id, True, ended(last))
    return Outcome(old.id, False, why_it_goes_on(last))


def _unknown(job_id: str) -> Outcome:
    return Outcome(job_id, False, f"There is no job {job_id}.")
