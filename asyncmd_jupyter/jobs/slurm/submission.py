"""Hand jobs to Slurm: once and only once, however often that has to be tried."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import re
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from asyncmd_jupyter import runtime
from asyncmd_jupyter.background import settled
from asyncmd_jupyter.errors import JobError, SlurmSubmissionError
from asyncmd_jupyter.jobs.model import Submitted
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.claims import revoke
from asyncmd_jupyter.jobs.slurm.client import (
    CommandMissingError,
    NoAnswerError,
    Reply,
    SlurmClient,
)
from asyncmd_jupyter.jobs.slurm.pace import Pace
from asyncmd_jupyter.jobs.slurm.parsing import parse_sbatch, parse_squeue
from asyncmd_jupyter.jobs.slurm.queue import ARRIVAL_SECONDS, SlurmQueue, Snapshot
from asyncmd_jupyter.jobs.slurm.request import Request
from asyncmd_jupyter.jobs.slurm.states import advice_on_refusal
from asyncmd_jupyter.jobs.tasks import carried_out
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)

_TRIES = 4
_PATIENCE_SECONDS = 900.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_LOOKS_PAUSE = 2.0
_LOOK_SECONDS = 0.1

# Words of sbatch: nobody was reached; it was heard, but what became of it is not known; what
# was asked for will never be possible. All others may pass.
_AWAY = re.compile(r"unable to contact|connect failure|connection refused", re.I)
_UNCLEAR = re.compile(
    r"timed out|zero bytes|communication(?! connection failure)|unexpected message|reset by peer"
    r"|(send|receive|shutdown) failure|broken pipe|header lengths|insane message|interrupted",
    re.I,
)
_HOPELESS = re.compile(
    r"invalid|unrecognized|ambiguous|not permitted|denied|requires an argument"
    r"|configuration is not available|can ?not be satisfied|unable to open",
    re.I,
)


@dataclass(frozen=True)
class Outcome:
    """What one call of sbatch led to.

    Attributes
    ----------
    native_id : str or None
        Of the new job.
    cluster : str
        That has taken it, where sbatch says so.
    complaint : str
        Why there is none, as far as is known.
    is_clear : bool
        Whether it is certain that there is none.
    was_reached : bool
        Whether the controller was there.
    is_hopeless : bool
        Whether the same request will be refused each time.
    """

    native_id: str | None = None
    cluster: str = ""
    complaint: str = ""
    is_clear: bool = True
    was_reached: bool = True
    is_hopeless: bool = False


def outcome_of(reply: Reply) -> Outcome:
    """Judge a reply of sbatch."""
    new_job = parse_sbatch(reply.out)
    if reply.code == 0 and new_job is not None:
        return Outcome(*new_job)
    complaint = reply.complaint
    if reply.code == 0:
        return Outcome(complaint=f"sbatch named no job: {complaint}", is_clear=False)
    if _UNCLEAR.search(reply.err) or reply.code < 0:
        return Outcome(complaint=complaint, is_clear=False)
    if _AWAY.search(complaint):
        return Outcome(complaint=complaint, was_reached=False)
    return Outcome(complaint=complaint, is_hopeless=bool(_HOPELESS.search(complaint)))


class RefusedError(SlurmSubmissionError):
    """Slurm's answer is no, and why.

    Attributes
    ----------
    complaint : str
        Words of sbatch.
    is_hopeless : bool
        Whether the same request will be refused each time.
    """

    def __init__(self, request: Request, outcome: Outcome, excluded: Collection[str] = ()) -> None:
        advice = advice_on_refusal(outcome.complaint, excluded)
        super().__init__(f"Slurm refused {request.title}: {outcome.complaint}{advice}")
        self.complaint = outcome.complaint
        self.is_hopeless = outcome.is_hopeless


class Submissions:
    """Calls sbatch until a job is in the queue, refused, or not wanted any more.

    Parameters
    ----------
    client : SlurmClient
        Runs sbatch.
    queue : SlurmQueue
        Tells whether a job whose submission got no reply is there.
    settings : callable
        Gives the settings in force.
    excluded : callable
        Gives the nodes that no job shall use.
    is_wanted : callable
        Whether a job, by its id, shall still be started.
    """

    def __init__(
        self,
        client: SlurmClient,
        queue: SlurmQueue,
        settings: Callable[[], SlurmSettings],
        excluded: Callable[[], Sequence[str]],
        is_wanted: Callable[[str], bool],
    ) -> None:
        self._client = client
        self._queue = queue
        self._settings = settings
        self._excluded = excluded
        self._is_job_wanted = is_wanted
        self._said: set[str] = set()
        self._pace = Pace(lambda: settings().max_submissions_per_minute)

    async def submit(self, request: Request) -> Submitted:
        """What the new job is called, without its id when only the queue will tell that.

        Raises
        ------
        SlurmSubmissionError
            It is not in the queue and will not be.
        """
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        pause, refusals = _FIRST_PAUSE, 0
        self._check_variables()
        while True:
            outcome = await self._try(request)
            if outcome.native_id is not None:
                return request.taken(outcome.native_id, outcome.cluster)
            refusals += outcome.was_reached
            is_over = refusals >= _TRIES or time.monotonic() > give_up_at
            if outcome.is_clear and (is_over or outcome.is_hopeless):
                raise RefusedError(request, outcome, self._excluded())
            if is_over:
                return request.taken(None)
            logger.info("sbatch is tried again for %s: %s", request.title, outcome.complaint)
            await self._sleep(request, pause)
            if not self._is_wanted(request):
                _check_unclear(request, outcome)
                await _revoke(request)
                return request.taken(None)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def end(self, native_id: str) -> None:
        """Take back what was submitted, as far as that is possible."""
        with suppress(JobError, OSError):
            await self._client.run(commands.scancel(self._settings(), [native_id]))

    def _check_variables(self) -> None:
        word = commands.unheeded_clusters(self._settings(), os.environ)
        if word and word not in self._said:
            self._said.add(word)
            logger.warning(
                "The variable %s is not used: jobs go to %s. Another cluster is chosen with"
                " 'config.set_slurm_settings(cluster=…)'.",
                word,
                self._settings().cluster or "the default cluster",
            )

    def _is_wanted(self, request: Request) -> bool:
        return request.is_wanted(self._is_job_wanted)

    async def _try(self, request: Request) -> Outcome:
        """Call sbatch once; if this is cancelled, what it has started is ended."""
        calling = runtime.start(self._call(request))
        try:
            outcome = await asyncio.shield(calling)
        except asyncio.CancelledError:
            await settled(calling)
            await carried_out(lambda: self._undo(request, calling))
            raise
        return outcome if outcome.is_clear else await self._cleared_up(request, outcome)

    async def _call(self, request: Request) -> Outcome:
        is_due = await self._pace.turn(lambda: self._is_wanted(request))
        if not is_due or (request.tasks and not self._is_wanted(request)):
            raise SlurmSubmissionError(_never_submitted(request))
        argv = request.argv(self._settings(), self._excluded(), self._is_job_wanted)
        try:
            undo = functools.partial(self._undo_abandoned, request)
            reply = await self._client.run(
                argv, request.environment(), script=request.script(), if_abandoned=undo
            )
        except CommandMissingError as error:
            raise SlurmSubmissionError(str(error)) from error
        except NoAnswerError as error:
            return Outcome(complaint=str(error), is_clear=False)
        except (OSError, ValueError) as error:
            raise SlurmSubmissionError(f"sbatch can't be run: {error}") from error
        return outcome_of(reply)

    async def _cleared_up(self, request: Request, outcome: Outcome) -> Outcome:
        """Look into the queue until what may be there is there, or can't come any more."""
        watch = _Watch()
        await self._sleep(request, _FIRST_PAUSE)
        while self._is_wanted(request):
            begin = time.monotonic()
            snapshot = await self._queue.refresh()
            if snapshot and (found := _find(snapshot, request)):
                return Outcome(found)
            if watch.shows_absence(begin, has_answered=snapshot is not None):
                return Outcome(complaint=outcome.complaint)
            await self._sleep(request, _LOOKS_PAUSE)
        return outcome

    async def _undo(self, request: Request, calling: asyncio.Future[Outcome]) -> None:
        if calling.cancelled() or calling.exception() is not None:
            return  # the client has undone it, or there is nothing to undo
        outcome = calling.result()
        if not outcome.is_clear:
            await _revoke(request)
            snapshot = await self._queue.refresh()
            outcome = Outcome(_find(snapshot, request) if snapshot else None)
        if outcome.native_id is not None:
            await self.end(outcome.native_id)

    def _undo_abandoned(self, request: Request, reply: Reply | None) -> None:
        """End what was submitted when the event loop had ended; runs in a thread."""
        outcome = Outcome(is_clear=False) if reply is None else outcome_of(reply)
        native_id = outcome.native_id
        if not outcome.is_clear:
            revoke(request.tasks or [request.record])
            native_id = self._find_now(request)
        if native_id is not None:
            with suppress(JobError, OSError):
                self._client.run_now(commands.scancel(self._settings(), [native_id]))

    def _find_now(self, request: Request) -> str | None:
        try:
            reply = self._client.run_now(commands.squeue(self._settings(), os.getuid()))
        except (JobError, OSError):
            return None
        return _find(Snapshot.of(time.monotonic(), parse_squeue(reply.out)), request)

    async def _sleep(self, request: Request, seconds: float) -> None:
        end = time.monotonic() + seconds
        # A wish may come from any thread.
        while self._is_wanted(request) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)


class _Watch:
    """Tells when looks at the queue that show nothing are a proof that nothing will come.

    A controller that hung answers a look before it is done with what had come earlier.
    """

    def __init__(self) -> None:
        self._answering_since: float | None = None
        self._slowest = 0.0

    def shows_absence(self, begin: float, *, has_answered: bool) -> bool:
        """Note a look that has just ended; whether it is the proof."""
        now = time.monotonic()
        if not has_answered:
            self._answering_since = None
            return False
        if self._answering_since is None:
            self._answering_since = now
        # A controller that takes its time for an answer does so for requests, too.
        self._slowest = max(self._slowest, now - begin)
        return begin - self._answering_since >= max(ARRIVAL_SECONDS, 2 * self._slowest)


def _find(snapshot: Snapshot, request: Request) -> str | None:
    """Slurm's id of what was submitted, if it is there; that of the whole for an array."""
    found = (entry for name in request.names for entry in snapshot.by_job.get(name, ()))
    entry = next(found, None)
    return entry.id.partition("_")[0] if entry else None


async def _revoke(request: Request) -> None:
    """Nobody wants it any more, but it may still get into the queue: then it shall not run."""
    await asyncio.to_thread(revoke, request.tasks or [request.record])


def _check_unclear(request: Request, outcome: Outcome) -> None:
    if outcome.is_clear:
        raise SlurmSubmissionError(f"{_never_submitted(request)} Slurm said: {outcome.complaint}")


def _never_submitted(request: Request) -> str:
    return f"Nobody wanted {request.title} any more before it was in the queue."
