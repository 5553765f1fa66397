"""A part of a simulation while it is being computed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from asyncmd_jupyter import runtime
from asyncmd_jupyter.errors import EngineCrashedError, JobLostError
from asyncmd_jupyter.files.disks import disk_of, has_no_room
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.job import cancelled_error
from asyncmd_jupyter.jobs.manager import Job, JobManager
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources
from asyncmd_jupyter.jobs.tasks import carried_out

logger = logging.getLogger(__name__)

_DYING_SECONDS = 5.0
_SILENCE = "(no output)"


@dataclass(frozen=True)
class PartEnd:
    """What a part came to.

    Attributes
    ----------
    steps_done : int
        MD steps since the preparation.
    trajectory : Trajectory or None
        None for a part without a frame.
    interruption : str
        A sentence on what has ended it early that was neither its program nor a wish, such
        as the time limit of a queue; empty if nothing has.
    complaint : str
        What the program said where it ended well without a step and nobody had asked it to
        end; empty otherwise.
    """

    steps_done: int
    trajectory: Trajectory | None
    interruption: str = ""
    complaint: str = ""


@dataclass(eq=False)
class Part:
    """A part that was started.

    Attributes
    ----------
    number : int
        Of the part, from 1.
    first_step, last_step : int, int or None
        Steps since the preparation before it, and after it where that is limited.
    nstout : int
        Steps between two frames.
    dt : float
        MD time step in ps.
    trajectory_file, structure_file : Path
        The growing file, which may not exist yet, and its structure.
    job : Job
        Computes it.
    begun_record : Future, optional
        Ends when it is written down that the part was begun.
    """

    number: int
    first_step: int
    last_step: int | None
    nstout: int
    dt: float
    trajectory_file: Path
    structure_file: Path
    job: Job
    ended: Callable[[Part], Awaitable[PartEnd]]
    stopped_well: Callable[[Job], bool]
    last_words: Callable[[Job], str]
    begun_record: asyncio.Future[None] | None = None

    async def ask_to_stop(self) -> None:
        """Let the program save its state and end; the part counts as finished."""
        await self.job.ask_to_stop()

    async def wait(self) -> Trajectory | None:
        """Wait for the end; see `finish`."""
        return (await self.finish()).trajectory

    async def finish(self) -> PartEnd:
        """Wait for the end. Cancelling the waiting task cancels the job.

        Raises
        ------
        EngineCrashedError
            The program ended with an error.
        JobCancelledError
            Somebody else cancelled the job.
        JobLostError
            It vanished without an exit code.
        """
        try:
            record = await self.job.wait()
        except asyncio.CancelledError:
            await carried_out(self._cancel)
            raise
        end = await self.ended(self)
        if record.interrupted:
            logger.info("%s was interrupted: %s", record.name, record.reason)
            return replace(end, interruption=record.reason)
        if record.state is JobState.DONE and self._did_nothing(record, end):
            return await self._without_a_step(record, end)
        if record.state is JobState.DONE:
            await JobManager.current().tidy_up(record)
            return end
        if await self._has_only_obeyed(record):
            return end
        raise await _failure(record, self.job, self.last_words, f" after {end.steps_done} steps")

    def _did_nothing(self, record: JobRecord, end: PartEnd) -> bool:
        return not record.stop_requested and end.steps_done == self.first_step

    async def _without_a_step(self, record: JobRecord, end: PartEnd) -> PartEnd:
        said = await asyncio.to_thread(_said, self.job, self.last_words)
        if record.command.template is not None:
            what = (
                f"The script of {record.name} ended well, but the program in it took no step: let"
                " it run the command, wait for it, and end with its exit code ('set -e')."
            )
            raise EngineCrashedError(f"{what}\n{_quoted(said, record)}")
        what = f"The program of {record.name} ended well, but took no step."
        return replace(end, complaint=f"{what}\n{_quoted(said, record)}")

    async def _cancel(self) -> None:
        """End the job, so that nobody writes any more and the engine knows what there is."""
        if await _has_ended(self.job):
            await self.ended(self)

    async def _has_only_obeyed(self, record: JobRecord) -> bool:
        is_failure = record.state is JobState.FAILED
        return is_failure and await asyncio.to_thread(self.stopped_well, self.job)


def last_words(job: Job) -> str:
    """The last lines that a program wrote."""
    return job.tail(15, "stderr").strip() or job.tail(15, "stdout").strip()


async def run_to_the_end(
    command: Command,
    name: str,
    resources: Resources,
    launcher: str,
    words: Callable[[Job], str] = last_words,
    tags: Mapping[str, str] | None = None,
) -> Job:
    """Run a command that belongs to no part, and return its job; errors as for `Part.finish`.

    Parameters
    ----------
    command : Command
    name : str
        Of the job.
    resources : Resources
    launcher : str
    words : callable
        Picks what a failed program has to say.
    tags : Mapping, optional
        Of the job.
    """
    manager = JobManager.current()
    job = await manager.submit(
        command, name=name, resources=resources, launcher=launcher, tags=tags
    )
    record = await _wait_or_cancel(job)
    if record.state is not JobState.DONE:
        raise await _failure(record, job, words)
    return job


async def _wait_or_cancel(job: Job) -> JobRecord:
    try:
        return await job.wait()
    except asyncio.CancelledError:
        await carried_out(lambda: _has_ended(job))
        raise


async def _has_ended(job: Job) -> bool:
    """Cancel a job, and see whether it ends as soon as jobs of this machine do."""
    await job.cancel()
    patience = runtime.current().settings.cancel_grace.total_seconds() + _DYING_SECONDS
    try:
        async with asyncio.timeout(patience):
            await job.wait()
    except TimeoutError:
        return False
    return True


async def _failure(
    record: JobRecord, job: Job, words: Callable[[Job], str], when: str = ""
) -> Exception:
    if record.state is JobState.CANCELLED:
        return cancelled_error(record, f"Job {record.id} ({record.name}) was cancelled{when}.")
    if record.state is JobState.LOST:
        return JobLostError(f"Job {record.id} ({record.name}) is lost: {record.reason}")
    said = await asyncio.to_thread(_said, job, words)
    return EngineCrashedError(
        f"The program of {record.name} failed{when}. {record.reason}\n{_quoted(said, record)}"
    )


def _said(job: Job, words: Callable[[Job], str]) -> str:
    """What a program has to say; on a full disk nothing can be written, so that is told."""
    if said := words(job):
        return said
    full = [folder for folder in (job.record.command.cwd, job.record.folder) if has_no_room(folder)]
    told = [f"There is no room on {disk_of(folder)}: make some, and continue." for folder in full]
    return "\n".join([_SILENCE, *told[:1]])


def _quoted(said: str, record: JobRecord) -> str:
    return (
        f"Its last words:\n{said}\nFolder: {record.command.cwd}; all of its output: {record.folder}"
    )
