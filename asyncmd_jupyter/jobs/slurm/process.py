"""One script in Slurm, in the shape of `asyncio.subprocess.Process`."""

from __future__ import annotations

import asyncio
import secrets
import signal as signals
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from asyncmd_jupyter.errors import (
    SlurmCancellationError,
    SlurmError,
    SlurmSubmissionError,
    SubmissionError,
)
from asyncmd_jupyter.jobs.folder import jobs_folder, make_jobs_folder
from asyncmd_jupyter.jobs.job import Job
from asyncmd_jupyter.jobs.manager import JobManager
from asyncmd_jupyter.jobs.model import JobRecord, JobState
from asyncmd_jupyter.jobs.slurm.process_arguments import checked_stdin
from asyncmd_jupyter.jobs.slurm.process_arrival import Arrivals
from asyncmd_jupyter.jobs.slurm.process_files import OutputFiles
from asyncmd_jupyter.jobs.slurm.process_input import AwaitedInput, write_private
from asyncmd_jupyter.jobs.slurm.process_outcome import returncode_of, slurm_word
from asyncmd_jupyter.jobs.slurm.process_request import ProcessRequest
from asyncmd_jupyter.jobs.slurm.process_settings import MediatorAttribute, Setting
from asyncmd_jupyter.jobs.slurm.process_signals import Signals
from asyncmd_jupyter.jobs.tasks import carried_out


class _SlurmProcessClass(type):
    sbatch_executable = Setting()
    scancel_executable = Setting()
    slurm_cluster_mediator = MediatorAttribute()


class SlurmProcess(ProcessRequest, metaclass=_SlurmProcessClass):
    """A script that Slurm runs, once.

    Slurm does not put it back into the queue after a failure of a node, unless the option
    ``requeue`` is chosen: then the script begins again, as often as it takes.

    It is a job like all others: limits on jobs hold for it, it is listed with the others,
    and it goes on when nobody waits for it or the kernel ends.

    Parameters
    ----------
    jobname : str
        Also the beginning of the names of both files with its output, ``<jobname>.out.<id>``
        and ``<jobname>.err.<id>`` in `workdir`, which can be read while it runs.
    sbatch_script : str or path
        Text that begins with ``#!``, or a file, which is read now. Nothing in it is replaced.
    workdir : path, optional
        Existing folder in which it runs; the current one if not given.
    time : float, optional
        Time limit in hours, rounded up to whole minutes.
    sbatch_options : Mapping, optional
        Further options by their long names, with an empty string for those without value.
    stdfiles_removal : str or bool
        Whether both files are removed once somebody has waited for the end: ``success``
        after return code 0, ``no`` (False) never, ``yes`` (True) or ``always`` in any case.

    Attributes
    ----------
    sbatch_executable, scancel_executable : str
        Settings, of the class as well: assigning changes them for all jobs.
    slurm_cluster_mediator : SlurmClusterMediator
        View on further settings and on broken nodes.
    sleep_time : float
        Kept for scripts that read or set it. Ends of jobs are seen at once, whatever it is.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
        Something can't be meant.
    """

    sleep_time: float = 15.0
    sbatch_executable = Setting()
    scancel_executable = Setting()
    slurm_cluster_mediator = MediatorAttribute()

    def __init__(
        self,
        jobname: str,
        sbatch_script: str | PathLike[str],
        *,
        workdir: str | PathLike[str] | None = None,
        time: float | None = None,
        sbatch_options: Mapping[str, Any] | None = None,
        stdfiles_removal: str | bool = "success",
    ) -> None:
        super().__init__(jobname, sbatch_script, workdir, time, sbatch_options, stdfiles_removal)
        self._is_submitting = False
        self._job: Job | None = None
        self._files: OutputFiles | None = None
        self._signals: Signals | None = None  # of the runtime of the job
        self._awaited: AwaitedInput | None = None

    @property
    def slurm_jobid(self) -> str | None:
        """Slurm's id; None before the submission."""
        return self._job.record.native_id if self._job else None

    @property
    def nodes(self) -> list[str]:
        """Every node on which it runs or ran, as far as is known."""
        return list(self._job.record.nodes) if self._job else []

    @property
    def slurm_job_state(self) -> str | None:
        """Slurm's word, such as RUNNING or TIMEOUT; None before the submission."""
        return slurm_word(self._job.record) if self._job else None

    @property
    def returncode(self) -> int | None:
        """None until the end, 0 if it ended well, 2 if a node failed, 1 for other failures."""
        return returncode_of(self._job.record) if self._job else None

    async def submit(self, stdin: str | PathLike[str] | None = None) -> None:
        """Hand the script to Slurm; returns when it is in the queue.

        While as many jobs are in the queue as there may be, this waits. If the caller is
        cancelled meanwhile, so is the job. After a refusal it can be tried again.

        Parameters
        ----------
        stdin : path, optional
            File that the script reads, in `workdir` if the path is relative. If it does not
            exist yet, the job is held in the queue until it does: `communicate` writes it
            and lets the job go, `wait` does so once somebody else has written it.

        Raises
        ------
        SlurmSubmissionError
            Slurm refused the job, or there is no Slurm.
        SlurmCancellationError
            Somebody cancelled the job before it was in the queue.
        RuntimeError
            It was submitted before.
        FileNotFoundError, NotADirectoryError, ValueError
            The working folder, that of the input, or a line in the script is no use.
        """
        self._check_new()
        path = checked_stdin(stdin, self._workdir)
        self._is_submitting = True
        try:
            await self._submit(path)
        finally:
            self._is_submitting = False

    async def wait(self) -> int:
        """Wait for the end and return the return code; any number of tasks may wait.

        Raises
        ------
        RuntimeError
            It was not submitted.
        """
        job, files = self._submitted()
        if self._awaited is not None and self._awaited.is_there:
            await self._let_go(self._awaited)
        if self._signals is not None:
            self._signals.resume(job)
        record = await job.wait()
        code = returncode_of(record)
        assert code is not None  # noqa: S101 - for the type checker
        remove = self._shall_remove(code)
        if not files.is_left_as_is(remove=remove):
            await asyncio.to_thread(files.finish, remove=remove)
        return code

    async def communicate(self, input: bytes | None = None) -> tuple[bytes, bytes]:
        """Wait for the end and return all that was written to both outputs.

        Parameters
        ----------
        input : bytes, optional
            For the script to read. It has to be there when the script starts: give it in
            place of calling `submit`, and this submits, or after `submit` with a `stdin`
            that does not exist yet.

        Raises
        ------
        RuntimeError
            It was not submitted; or it was, and there is an input, or none although the job
            is held for one.
        """
        if input is not None and self._awaited is not None:
            await asyncio.to_thread(self._awaited.write, input)
        elif input is not None:
            await self._submit_with(input)
        elif self._awaited is not None and not self._awaited.is_there:
            raise RuntimeError(
                f"{self!r} is held until its input is there: call 'communicate(input=…)', or write "
                f"{self._awaited.path}."
            )
        await self.wait()
        _, files = self._submitted()
        return await asyncio.to_thread(files.read)

    def terminate(self) -> None:
        """End the job soon: Slurm sends SIGTERM, and SIGKILL when that does not help.

        Returns at once, and does nothing after the end. Many in one turn of the event loop
        are one command. Wait for the end with `wait`.

        Raises
        ------
        RuntimeError
            It was not submitted, or no event loop is running.
        """
        self.send_signal(signals.SIGTERM)

    def kill(self) -> None:
        """The same as `terminate`: Slurm ends jobs for good."""
        self.send_signal(signals.SIGKILL)

    def send_signal(self, signal: int) -> None:
        """Send a signal soon; after the end it does nothing.

        SIGTERM and SIGKILL end the job. SIGINT reaches the script and what it has started.
        All others reach only what the script has started with ``srun``, as with ``scancel``.

        Raises
        ------
        RuntimeError
            It was not submitted, or no event loop is running.
        ValueError
            There is no such signal.
        """
        if self._job is None or self._signals is None:
            raise RuntimeError(self._is_new())
        if not self._job.state.is_final:
            self._signals.send(self._job, signal)

    def __repr__(self) -> str:
        state = f"{self.slurm_job_state}, job {self.slurm_jobid}" if self._job else "not submitted"
        return f"<SlurmProcess {self._jobname!r}: {state}>"

    async def _submit(self, stdin: Path | None, given_input: Path | None = None) -> None:
        awaited = None if stdin is None or stdin.exists() else AwaitedInput(stdin)
        try:
            job = await JobManager.current().submit(
                self._command(stdin),
                name=self._jobname,
                resources=self._resources(held=awaited is not None),
                launcher="slurm",
            )
        except SlurmError:
            raise
        except SubmissionError as error:
            raise SlurmSubmissionError(str(error)) from error
        await self._follow(job, given_input)
        self._awaited = awaited

    async def _let_go(self, awaited: AwaitedInput) -> None:
        """Release the job, once: several tasks may wait for it."""
        async with awaited.lock:
            if self._awaited is awaited and self._job is not None:
                if not self._job.state.is_final:
                    await JobManager.current().release([self._job.record])
                self._awaited = None

    async def _follow(self, job: Job, given_input: Path | None) -> None:
        """Wait until the job is in the queue; whoever gives up leaves none there."""
        self._job, self._signals = job, Signals.current()
        try:
            record = await Arrivals.current().of(job)
            _check_arrival(record)
            self._files = OutputFiles(record, given_input)
            await asyncio.to_thread(self._files.show)
        except BaseException:
            self._job = self._files = None
            await carried_out(job.cancel)
            raise

    async def _submit_with(self, given: bytes) -> None:
        self._check_new(
            ", and its input has to be there when it starts: call 'communicate(input=…)'"
            " in place of 'submit', or 'submit(stdin=…)'"
        )
        path = jobs_folder(self._workdir) / f"input.{secrets.token_hex(8)}"
        self._is_submitting = True
        try:
            await asyncio.to_thread(make_jobs_folder, path.parent)
            await asyncio.to_thread(write_private, path, given)
            await self._submit(path, path)
        except BaseException:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise
        finally:
            self._is_submitting = False

    def _check_new(self, more: str = "") -> None:
        if self._job is not None or self._is_submitting:
            raise RuntimeError(f"{self!r} was submitted already{more}.")

    def _submitted(self) -> tuple[Job, OutputFiles]:
        if self._job is None or self._files is None:
            raise RuntimeError(self._is_new())
        return self._job, self._files

    def _is_new(self) -> str:
        if self._is_submitting:
            return f"{self!r} is just being submitted; wait for that, or cancel the task that does."
        return f"{self!r} was not submitted; call 'await process.submit()' first."


def _check_arrival(record: JobRecord) -> None:
    if record.native_id is not None:
        return
    if record.state is JobState.CANCELLED:
        raise SlurmCancellationError(
            f"The job {record.name!r} was cancelled before it was in the queue."
        )
    raise SlurmSubmissionError(record.reason)
