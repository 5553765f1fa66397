"""Let Slurm hold, release, requeue or cancel jobs, after a look at what is possible."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.model import JobState
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.listing import ListedJob
from asyncmd_jupyter.jobs.slurm.states import state_of
from asyncmd_jupyter.jupyter.server.queue import UserQueue
from asyncmd_jupyter.settings import SlurmSettings

_MOST_SINGLE_CALLS = 32
_DONE = {
    "cancel": "Slurm was told to end {title}.",
    "hold": "{title} is held.",
    "release": "{title} was released.",
    "requeue": "{title} was put back into the queue.",
}
# A plain hold by an administrator could not be released by a user.
_WORDS = {"hold": "uhold", "release": "release", "requeue": "requeue"}


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Attributes
    ----------
    id : str
    ok : bool
    message : str
        A sentence.
    """

    id: str
    ok: bool
    message: str


@dataclass(frozen=True)
class Target:
    """A job that something shall be done with.

    Attributes
    ----------
    id : str
        The page's.
    native_id : str
        Slurm's; empty if it is not known.
    title : str
        What it is called in sentences.
    possible : callable
        What can be done with it, by what the queue says.
    is_this : callable
        Whether an entry of the queue is it, and not another job that has got its number.
    """

    id: str
    native_id: str
    title: str
    possible: Callable[[ListedJob], Sequence[str]]
    is_this: Callable[[ListedJob], bool] = lambda _: True


class SlurmActions:
    """Runs scontrol and scancel.

    Parameters
    ----------
    queue : UserQueue
    settings : SlurmSettings
    """

    def __init__(self, queue: UserQueue, settings: SlurmSettings) -> None:
        self._queue = queue
        self._settings = settings

    async def do(self, verb: str, targets: Sequence[Target]) -> list[Outcome]:
        """Do one thing with several jobs; only with those that the queue shows."""
        if not targets:
            return []
        shown = self._queue.view.jobs
        try:
            entries = (await self._queue.refresh()).jobs
        except JobError as error:
            return [Outcome(target.id, False, str(error)) for target in targets]
        others = {key for key, entry in entries.items() if _is_another(shown.get(key), entry)}
        refused = [
            Outcome(target.id, False, why)
            for target in targets
            if (why := _why_not(verb, target, entries.get(target.native_id), others))
        ]
        refused_ids = {outcome.id for outcome in refused}
        wanted = [target for target in targets if target.id not in refused_ids]
        return refused + await self._tell(verb, wanted)

    async def _tell(self, verb: str, targets: Sequence[Target]) -> list[Outcome]:
        if not targets:
            return []
        if verb == "requeue":  # which can't be tried again where it has failed for one
            outcomes = await self._tell_each(verb, targets)
        else:
            outcomes = await self._tell_all(verb, targets)
        begun = await self._begun(targets) if verb == "hold" else set()
        with suppress(JobError):
            await self._queue.refresh()  # so that all pages show it
        return [_too_late(each) if each.id in begun else each for each in outcomes]

    async def _begun(self, targets: Sequence[Target]) -> set[str]:
        """Those that were not held in time: Slurm holds what runs without a word, for later."""
        try:
            entries = (await self._queue.refresh()).jobs
        except JobError:
            return set()
        late = [each for each in targets if _runs(entries.get(each.native_id))]
        if late:
            await self._complaint("release", [target.native_id for target in late])
        return {target.id for target in late}

    async def _tell_all(self, verb: str, targets: Sequence[Target]) -> list[Outcome]:
        by_id = {target.native_id: target for target in targets}
        outcomes: list[Outcome] = []
        for chunk in commands.in_chunks(list(by_id)):
            outcomes += await self._tell_together(verb, [by_id[each] for each in chunk])
        return outcomes

    async def _tell_each(self, verb: str, targets: Sequence[Target]) -> list[Outcome]:
        alone = [self._tell_together(verb, [target]) for target in targets]
        return [outcome for each in await asyncio.gather(*alone) for outcome in each]

    async def _tell_together(self, verb: str, targets: Sequence[Target]) -> list[Outcome]:
        complaint = await self._complaint(verb, [target.native_id for target in targets])
        if not complaint:
            return [_done(verb, target) for target in targets]
        if len(targets) == 1 or len(targets) > _MOST_SINGLE_CALLS:
            return [_failed(verb, target, complaint) for target in targets]
        return await self._tell_each(verb, targets)

    async def _complaint(self, verb: str, ids: Sequence[str]) -> str:
        if verb == "cancel":
            argv = commands.scancel(self._settings, commands.compact(ids))
        else:
            argv = commands.scontrol(self._settings, _WORDS[verb], ids)
        try:
            # Slurm may do it although nobody waits for the answer any more.
            reply = await self._queue.client.run(argv)
        except JobError as error:
            return str(error)
        return reply.complaint if reply.code != 0 else ""


def _is_another(shown: ListedJob | None, entry: ListedJob) -> bool:
    """Whether a number means another job now than on the page."""
    if shown is None:
        return False
    if shown.name != entry.name or entry.attempt < shown.attempt:
        return True
    # A job that is put back is counted at once, and submitted anew once its first attempt is over.
    return entry.attempt == 0 and shown.submitted != entry.submitted


def _why_not(verb: str, target: Target, entry: ListedJob | None, others: Collection[str]) -> str:
    """Why something can't be done with a job as it is; nothing if it can."""
    if entry is None or not target.is_this(entry) or target.native_id in others:
        return f"{target.title} is not in Slurm's queue."
    if verb in target.possible(entry):
        return ""
    state = state_of(entry.state)
    if state is not None and state.is_final:
        return f"{target.title} has ended ({entry.state})."
    if verb == "requeue" and state is JobState.RUNNING:
        return f"{target.title} may run only once; its run goes on from its last checkpoint."
    if verb == "requeue":
        return f"{target.title} waits already ({entry.state})."
    if state is JobState.RUNNING:
        return f"{target.title} runs already: only jobs that wait can be held or released."
    if verb == "hold":
        return f"{target.title} is held already."
    if entry.reason == "JobHeldAdmin":
        return f"{target.title} is held by an administrator, who has to release it."
    return f"{target.title} is not held ({entry.reason or entry.state})."


def _done(verb: str, target: Target) -> Outcome:
    return Outcome(target.id, True, _DONE[verb].format(title=target.title))


def _failed(verb: str, target: Target, complaint: str) -> Outcome:
    return Outcome(target.id, False, f"Slurm can't {verb} {target.title}: {complaint}")


def _too_late(outcome: Outcome) -> Outcome:
    return Outcome(outcome.id, False, "It began before Slurm could hold it.")


def _runs(entry: ListedJob | None) -> bool:
    return entry is not None and state_of(entry.state) is JobState.RUNNING
