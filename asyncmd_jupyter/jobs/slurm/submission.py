"""Hand one job to Slurm: once and only once, however often that has to be tried."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from asyncmd_jupyter.errors import JobError, SubmissionError
from asyncmd_jupyter.jobs.model import JobRecord
from asyncmd_jupyter.jobs.slurm import commands
from asyncmd_jupyter.jobs.slurm.client import (
    CommandMissingError,
    NoAnswerError,
    Reply,
    SlurmClient,
)
from asyncmd_jupyter.jobs.slurm.parsing import parse_sbatch
from asyncmd_jupyter.jobs.slurm.queue import SlurmQueue
from asyncmd_jupyter.jobs.tasks import settled
from asyncmd_jupyter.settings import SlurmSettings

logger = logging.getLogger(__name__)

_TRIES = 4
_PATIENCE_SECONDS = 900.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_ARRIVAL_SECONDS = 1.0
_LOOK_SECONDS = 0.1

# Words of sbatch: nobody was reached; it was heard, but what became of it is not known; what
# was asked for will never be possible. All others may pass.
_AWAY = re.compile(r"unable to contact|connect failure|connection refused", re.I)
_UNCLEAR = re.compile(r"timed out|zero bytes|communication|unexpected message|reset by peer", re.I)
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
    complaint: str = ""
    is_clear: bool = True
    was_reached: bool = True
    is_hopeless: bool = False


def outcome_of(reply: Reply) -> Outcome:
    """Judge a reply of sbatch."""
    native_id = parse_sbatch(reply.out)
    if reply.code == 0 and native_id is not None:
        return Outcome(native_id)
    complaint = reply.complaint
    if reply.code == 0:
        return Outcome(complaint=f"sbatch named no job: {complaint}", is_clear=False)
    if _AWAY.search(complaint):
        return Outcome(complaint=complaint, was_reached=False)
    if _UNCLEAR.search(complaint) or reply.code < 0:
        return Outcome(complaint=complaint, is_clear=False)
    return Outcome(complaint=complaint, is_hopeless=bool(_HOPELESS.search(complaint)))


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
        self._is_wanted = is_wanted

    async def submit(self, job: JobRecord) -> str | None:
        """The native id, or None when only the queue will be able to tell it.

        Raises
        ------
        SubmissionError
            The job is not in the queue and will not be.
        """
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        pause, refusals = _FIRST_PAUSE, 0
        while True:
            outcome = await self._try(job)
            if outcome.native_id is not None:
                return outcome.native_id
            refusals += outcome.was_reached
            is_over = refusals >= _TRIES or time.monotonic() > give_up_at
            if outcome.is_clear and (is_over or outcome.is_hopeless):
                raise _refused(job, outcome.complaint)
            if is_over:
                return None
            logger.info("sbatch is tried again for the job %r: %s", job.name, outcome.complaint)
            await self._sleep(job, pause)
            if not self._is_wanted(job.id):
                _check_unclear(job, outcome)
                return None
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _try(self, job: JobRecord) -> Outcome:
        """Call sbatch once; if this is cancelled, what it has started is ended."""
        calling = asyncio.ensure_future(self._call(job))
        try:
            outcome = await asyncio.shield(calling)
        except asyncio.CancelledError:
            await settled(calling)
            await settled(asyncio.ensure_future(self._undo(job, calling)))
            raise
        return outcome if outcome.is_clear else await self._cleared_up(job, outcome)

    async def _call(self, job: JobRecord) -> Outcome:
        argv = commands.sbatch(self._settings(), job, self._excluded())
        try:
            reply = await self._client.run(argv, commands.environment(job, os.environ))
        except CommandMissingError as error:
            raise SubmissionError(str(error)) from error
        except NoAnswerError as error:
            return Outcome(complaint=str(error), is_clear=False)
        except (OSError, ValueError) as error:
            raise SubmissionError(f"sbatch can't be run: {error}") from error
        return outcome_of(reply)

    async def _cleared_up(self, job: JobRecord, outcome: Outcome) -> Outcome:
        """Look into the queue for a job that may be there, once it has had time to get in."""
        await self._sleep(job, _ARRIVAL_SECONDS)
        while self._is_wanted(job.id):
            snapshot = await self._queue.refresh()
            if snapshot is not None:
                found = snapshot.by_job.get(job.id, ())
                return Outcome(found[0].id) if found else Outcome(complaint=outcome.complaint)
            await self._sleep(job, _FIRST_PAUSE)
        return outcome

    async def _undo(self, job: JobRecord, calling: asyncio.Future[Outcome]) -> None:
        if calling.cancelled() or calling.exception() is not None:
            return
        outcome = calling.result()
        if not outcome.is_clear:
            snapshot = await self._queue.refresh()
            found = snapshot.by_job.get(job.id, ()) if snapshot else ()
            outcome = Outcome(found[0].id if found else None)
        if outcome.native_id is not None:
            with suppress(JobError):
                await self._client.run(commands.scancel(self._settings(), [outcome.native_id]))

    async def _sleep(self, job: JobRecord, seconds: float) -> None:
        end = time.monotonic() + seconds
        # A wish may come from any thread.
        while self._is_wanted(job.id) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)


def _refused(job: JobRecord, complaint: str) -> SubmissionError:
    return SubmissionError(f"Slurm refused the job {job.name!r}: {complaint}")


def _check_unclear(job: JobRecord, outcome: Outcome) -> None:
    if outcome.is_clear:
        raise SubmissionError(
            f"The job {job.name!r} was cancelled before it was in the queue: {outcome.complaint}"
        )
