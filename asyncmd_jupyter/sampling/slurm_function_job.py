"""One evaluation of a program as a job: submitted, waited for, read and tidied up."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from asyncmd_jupyter import runtime
from asyncmd_jupyter.errors import SlurmError
from asyncmd_jupyter.frames.readable import note_on_frames
from asyncmd_jupyter.frames.threads import WorkThreads
from asyncmd_jupyter.frames.trajectory import Trajectory
from asyncmd_jupyter.jobs.job import cancelled_error
from asyncmd_jupyter.jobs.manager import Job, JobManager
from asyncmd_jupyter.jobs.model import Command, JobRecord, JobState, Resources, ScriptTemplate
from asyncmd_jupyter.jobs.tasks import carried_out
from asyncmd_jupyter.sampling.function_values import Values, check_values
from asyncmd_jupyter.sampling.slurm_function_command import command_line
from asyncmd_jupyter.sampling.slurm_function_files import (
    FUNCTION_TAG,
    RESULT_TAG,
    TRAJECTORY_TAG,
    new_result,
    remove_folders,
    remove_result,
)
from asyncmd_jupyter.sampling.slurm_function_left import LeftJobs

logger = logging.getLogger(__name__)

_DYING_SECONDS = 5.0
_TAIL_LINES = 15


@dataclass(frozen=True)
class FunctionJobs:
    """How the values of one function are computed.

    Attributes
    ----------
    name : str
        What a person calls the function.
    function_id : str
        Its id.
    job_name : str
        Of all its jobs.
    executable : Path
        The program.
    words : tuple of str
        Last arguments of the program.
    template : ScriptTemplate
        Script around it.
    options : Mapping
        Of sbatch.
    launcher : str
        Runs the jobs.
    workdir : Path or None
        Where they run; beside the trajectory if None.
    load : callable or None
        Reads what the program has written; an ``.npy`` file if None.
    max_attempts : int
        How often an evaluation is begun when nodes fail.
    """

    name: str
    function_id: str
    job_name: str
    executable: Path
    words: tuple[str, ...]
    template: ScriptTemplate
    options: Mapping[str, str]
    launcher: str
    workdir: Path | None
    load: Callable[[str], Any] | None
    max_attempts: int

    async def values(self, traj: Trajectory) -> Values:
        """Values of all frames, with as many jobs as it takes.

        Raises
        ------
        SlurmError
            The program failed, or nodes failed too often.
        JobCancelledError
            Somebody else cancelled the job.
        SubmissionError
            It was refused.
        ValueError
            What the program wrote are no values of this trajectory.
        """
        left = await LeftJobs.current().take(self.function_id, _key(traj))
        if left is not None:
            async with _looked_after(left):
                if _ended_well(await left.wait()):
                    return await self._read(left, traj)
        return await self._compute(traj)

    async def _compute(self, traj: Trajectory) -> Values:
        for attempt in range(1, self.max_attempts + 1):
            job = await self._submit(traj)
            async with _looked_after(job):
                record = await job.wait()
                if _ended_well(record):
                    return await self._read(job, traj)
                if not _is_nobodys_fault(record):
                    raise await self._failure(record, job, traj)
            logger.warning(
                "Attempt %d of %d at %s failed: %s",
                *(attempt, self.max_attempts, record.name, record.reason),
            )
        raise await self._failure(record, job, traj, f" in each of {self.max_attempts} attempts")

    async def _submit(self, traj: Trajectory) -> Job:
        manager = JobManager.current()
        folder = self.workdir or traj.paths[0].parent
        result = new_result(folder)
        argv = command_line(self.executable, traj, result, self.words)
        tags = {
            FUNCTION_TAG: self.function_id,
            TRAJECTORY_TAG: _key(traj),
            RESULT_TAG: str(result),
        }
        try:
            return await manager.submit(
                Command(argv, folder, template=self.template),
                name=self.job_name,
                resources=Resources(options=self.options),
                launcher=self.launcher,
                tags=tags,
            )
        except asyncio.CancelledError:
            given_up = [record for record in manager.records() if record.tags == tags]
            await carried_out(lambda: asyncio.to_thread(remove_folders, given_up))
            raise

    async def _read(self, job: Job, traj: Trajectory) -> Values:
        result = job.record.tags[RESULT_TAG]
        if self.load is None:
            values = await self._read_npy(f"{result}.npy", job, traj)
        else:
            values = await self._call_loader(self.load, result, job)
        try:
            checked = check_values(
                self.name, values, len(traj), note_on_frames(traj.paths, len(traj))
            )
        except ValueError as error:
            raise ValueError(f"{error} All output of its job: {job.record.folder}") from None
        await asyncio.shield(runtime.start(asyncio.to_thread(remove_folders, [job.record])))
        return checked

    async def _read_npy(self, path: str, job: Job, traj: Trajectory) -> Any:
        read = functools.partial(np.load, path, allow_pickle=False)
        try:
            return await WorkThreads.current().run(read)
        except FileNotFoundError as error:
            what = f"ended well, but has not written {path!r}"
            raise await self._complaint(what, job, traj) from error
        except (OSError, ValueError, EOFError) as error:
            what = f"ended well, but what it has written to {path!r} can't be read ({error})"
            raise await self._complaint(what, job, traj) from error

    async def _call_loader(self, load: Callable[[str], Any], result: str, job: Job) -> Any:
        try:
            return await WorkThreads.current().run(functools.partial(load, result))
        except Exception as error:
            error.add_note(f"load_results_func read {result!r}; output: {job.record.folder}")
            raise

    async def _failure(
        self, record: JobRecord, job: Job, traj: Trajectory, how: str = ""
    ) -> Exception:
        if record.state is JobState.CANCELLED:
            what = f"Job {record.id} ({record.name}) was cancelled."
            return cancelled_error(record, what)
        advice = ""
        if record.cause == "TIMEOUT":
            advice = " Allow more of it with the sbatch option 'time'."
        return await self._complaint(f"failed{how}: {record.reason}{advice}", job, traj)

    async def _complaint(self, what: str, job: Job, traj: Trajectory) -> SlurmError:
        stdout, stderr = await asyncio.to_thread(_last_words, job)
        files = ", ".join(traj.trajectory_files)
        return SlurmError(
            f"{self.name} on {files} {what}\nstdout:\n{stdout}\nstderr:\n{stderr}\n"
            f"All of its output: {job.record.folder}"
        )


def _key(traj: Trajectory) -> str:
    return f"{traj.trajectory_hash:016x}"


def _ended_well(record: JobRecord) -> bool:
    # A script may go on after its command was interrupted, and end with 0.
    return record.state is JobState.DONE and not record.interrupted


def _is_nobodys_fault(record: JobRecord) -> bool:
    """Whether the same job may do better; one that took too long will do so again."""
    return record.interrupted and record.cause != "TIMEOUT"


@asynccontextmanager
async def _looked_after(job: Job) -> AsyncIterator[None]:
    """Cancel the job if nobody waits any more; leave no result behind in any case."""
    try:
        yield
    except asyncio.CancelledError:
        await carried_out(lambda: _give_up(job))
        raise
    finally:
        # A job that goes on after the job manager was shut down still needs its place.
        if job.state.is_final:
            await asyncio.shield(runtime.start(asyncio.to_thread(remove_result, job.record)))


async def _give_up(job: Job) -> None:
    await job.cancel()
    patience = runtime.current().settings.cancel_grace.total_seconds() + _DYING_SECONDS
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await job.wait()
    await asyncio.to_thread(remove_folders, [job.record])
    await asyncio.to_thread(remove_result, job.record)


def _last_words(job: Job) -> tuple[str, str]:
    return tuple(  # type: ignore[return-value]
        job.tail(_TAIL_LINES, stream).strip() or "(nothing)" for stream in ("stdout", "stderr")
    )
