"""The seam to whatever runs jobs: this machine, a cluster's queue, a test's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from asyncmd_jupyter.jobs.model import JobRecord, Status, Submitted


class Launcher(Protocol):
    """Runs rendered scripts. The manager calls it; nobody else does.

    A launcher keeps nothing that can't be found again from the records: after a kernel
    restart a new instance is asked about jobs that an earlier one submitted.

    Attributes
    ----------
    name : str
        What users and records call it.
    is_local : bool
        Whether its jobs use the cores of this machine, so that the limit on cores and the
        setting on what a shutdown ends are about them.
    """

    name: str
    is_local: bool

    def check(self, job: JobRecord) -> None:
        """Raise ValueError for resources that can't be meant, before anything is written."""
        ...

    async def cluster(self) -> str:
        """Where the next job will be submitted; empty where there is only one place.

        It is stored with the job before the submission, so that another kernel looks there.
        """
        ...

    async def submit(self, job: JobRecord) -> str | Submitted | None:
        """Start ``job.script`` and return the native id, and what else tells which job it is.

        None means that it may have been started, and that polling will tell.

        Called once per attempt, shielded from cancellation, after the script was
        written and the record was stored. If it is cancelled nevertheless, because the
        event loop ends, it has to end what it has started.

        Raises
        ------
        SubmissionError
            It was not started and never will be.
        """
        ...

    async def poll(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """The status of all given jobs by their ids, with one query for all of them.

        Called by the manager's only poll loop. The exit-code file decides first. A job
        left out is looked up again later: silence is no verdict.
        """
        ...

    async def cancel(self, jobs: Sequence[JobRecord]) -> None:
        """End the given jobs for good, all their processes with them.

        Called after the intent was stored. Returns when the request was delivered; the
        end is seen by polling. Jobs that have ended already are no error.
        """
        ...

    async def ask_to_stop(self, jobs: Sequence[JobRecord]) -> None:
        """Let the commands end by themselves (SIGTERM): they save their work and exit.

        The script then goes on to write its exit-code file, so the job counts as done.
        """
        ...

    async def hold(self, jobs: Sequence[JobRecord]) -> None:
        """Keep jobs that were handed over and wait from starting.

        Raises
        ------
        JobError
            They can't be held, such as where jobs start at once.
        """
        ...

    async def release(self, jobs: Sequence[JobRecord]) -> None:
        """Let held jobs start; errors as for `hold`."""
        ...

    def end_now(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """End the given jobs and wait until they are gone, without an event loop.

        Called when the interpreter exits and by the command line.
        """
        ...
