"""The handle on one job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from asyncmd_jupyter.errors import JobCancelledError, SlurmCancellationError
from asyncmd_jupyter.jobs.folder import read_tail
from asyncmd_jupyter.jobs.model import JobRecord, JobState

if TYPE_CHECKING:
    from asyncmd_jupyter.jobs.manager import JobManager


class Job:
    """A job of the job manager. Safe to drop: the job goes on and can be had again."""

    def __init__(self, manager: JobManager, record: JobRecord) -> None:
        self._manager = manager
        self._last_known = record

    @property
    def id(self) -> str:
        """Unique among all jobs of all kernels."""
        return self._last_known.id

    @property
    def record(self) -> JobRecord:
        """All that is known of the job now."""
        return self._manager.newest(self._last_known)

    @property
    def state(self) -> JobState:
        """Where the job is between waiting and its end."""
        return self.record.state

    async def wait(self) -> JobRecord:
        """Wait for the end, however it comes; any number of tasks may wait.

        Raises
        ------
        JobError
            The job is another kernel's, or the job manager was shut down meanwhile.
        """
        return await self._manager.wait(self.record)

    async def cancel(self) -> None:
        """End the job and all its processes for good; returns when the wish was delivered."""
        await self._manager.cancel([self.record])

    async def ask_to_stop(self) -> None:
        """Let the command save its work and end by itself. A job that waits is cancelled."""
        await self._manager.ask_to_stop([self.record])

    @property
    def is_held(self) -> bool:
        """Whether it waits until it is released."""
        record = self.record
        return record.held and record.state in (JobState.WAITING, JobState.PENDING)

    async def hold(self) -> None:
        """Keep a job that waits from starting until it is released; again is no error.

        Raises
        ------
        JobError
            It runs, has ended, or is another kernel's; or its launcher can't hold it.
        """
        if not self.is_held:
            await self._manager.hold([self.record])

    async def release(self) -> None:
        """Let a held job start; one that is not held is left alone."""
        if self.is_held:
            await self._manager.release([self.record])

    def tail(self, n_lines: int = 20, stream: Literal["stdout", "stderr"] = "stderr") -> str:
        """The last lines of what the command wrote."""
        if stream not in ("stdout", "stderr"):
            raise ValueError(f"stream={stream!r} is neither 'stdout' nor 'stderr'.")
        return read_tail(getattr(self.record, stream), n_lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and (self.id, self._manager) == (other.id, other._manager)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        record = self.record
        reason = f", {record.reason}" if record.reason else ""
        return (
            f"<Job {record.id} {record.name!r}: {record.state.value} ({record.launcher}{reason})>"
        )


def cancelled_error(record: JobRecord, message: str) -> JobCancelledError:
    """What those get who waited for a job that was cancelled."""
    kind = SlurmCancellationError if record.launcher == "slurm" else JobCancelledError
    return kind(f"{message} {record.reason}".rstrip())
