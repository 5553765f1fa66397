"""Run jobs on this machine: the reference of what a launcher does.

Everything that is needed to find a job again is on disk or in its record, so a job that
outlived its kernel is handled like one that was just started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from asyncmd_jupyter.errors import SubmissionError
from asyncmd_jupyter.jobs.folder import (
    disbelief,
    ended_status,
    opened_script,
    read_end,
    read_start,
    rewrite_script,
    signal_name,
)
from asyncmd_jupyter.jobs.heritage import without_secrets
from asyncmd_jupyter.jobs.holding import refuse_hold
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Status
from asyncmd_jupyter.jobs.process import (
    Owner,
    ProcessId,
    ask_to_end,
    find_members,
    hostname,
    kill_rest,
    send_all,
    this_machine,
    wait_gone,
)
from asyncmd_jupyter.jobs.script import ATTEMPT_VARIABLE, JOB_ID_VARIABLE

_START_SECONDS = 10.0
_REAP_SECONDS = 2.0
_WITHOUT_SHELL = "The job's shell was killed, its command goes on without it."


class LocalLauncher:
    """Starts each script in a session of its own, so that it outlives the kernel.

    Parameters
    ----------
    grace : callable
        Gives the time between SIGTERM and SIGKILL when a job is ended.
    """

    name = "local"
    is_local = True

    def __init__(self, grace: Callable[[], timedelta]) -> None:
        self._grace = grace
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="asyncmd-start")
        self._children: dict[str, _Detached] = {}
        self._overdue: set[str] = set()

    def check(self, job: JobRecord) -> None:
        """Take any job."""

    async def cluster(self) -> str:
        """Name this machine, where alone the processes can be seen."""
        return this_machine()

    async def submit(self, job: JobRecord) -> str:
        """Start the script; the native id is the process id of its bash with its start."""
        starting = self._starter.submit(self._start, job)
        try:
            return await asyncio.wrap_future(starting)
        except asyncio.CancelledError:
            if not starting.cancelled():
                starting.add_done_callback(lambda done: self._undo(job, done))
            raise

    async def poll(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Look at the exit-code files, then at the processes."""
        return await asyncio.to_thread(self.look, jobs)

    async def cancel(self, jobs: Sequence[JobRecord]) -> None:
        """SIGTERM to all processes of the jobs now, SIGKILL to what is left after the grace."""
        await asyncio.to_thread(self._begin_end, jobs)

    async def ask_to_stop(self, jobs: Sequence[JobRecord]) -> None:
        """SIGTERM to the commands; their bash hands it on and writes the exit code."""
        await asyncio.to_thread(self._ask_to_stop, jobs)

    async def hold(self, jobs: Sequence[JobRecord]) -> None:
        """Refuse: jobs start at once."""
        for job in jobs:
            raise refuse_hold(job)

    async def release(self, jobs: Sequence[JobRecord]) -> None:
        """Do nothing: none is held."""

    def end_now(self, jobs: Sequence[JobRecord]) -> dict[str, Status]:
        """End the jobs, wait until all their processes are gone, and say how they ended."""
        leaders = self._leaders(jobs)
        self._complete_end(leaders, ask_to_end(leaders))
        return self.look(jobs)

    def look(self, jobs: Sequence[JobRecord]) -> dict[str, Status]:
        """The status of those jobs of which this machine can tell."""
        statuses = ((job.id, self._look_at(job)) for job in jobs)
        return {job_id: status for job_id, status in statuses if status is not None}

    def _start(self, job: JobRecord) -> str:
        marks = {JOB_ID_VARIABLE: job.id, ATTEMPT_VARIABLE: str(job.attempt)}
        try:
            if job.resources.share:  # its cores are known now
                rewrite_script(job)
            with opened_script(job) as script:
                child = _Detached(
                    # The last words only tell people who look at processes.
                    ["bash", f"/dev/fd/{script}", "", str(job.script)],
                    pass_fds=(script,),
                    cwd=job.folder,
                    env={**without_secrets(os.environ), **marks},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
        except OSError as error:
            raise SubmissionError(f"The job {job.name!r} could not be started: {error}") from error
        self._children[job.id] = child
        return str(ProcessId.of(child.pid))

    def _undo(self, job: JobRecord, starting: Future[str]) -> None:
        if starting.exception() is None:
            self._begin_end([job])

    def _look_at(self, job: JobRecord) -> Status | None:
        child = self._children.get(job.id)
        if child is not None:
            child.poll()
        end = read_end(job)
        if end is None and is_elsewhere(job):
            return None
        if end is None and self._lives(job):
            return self._running(job)
        end = self._explained(job, end or self._without_bash(job, child))
        if end.state.is_final:
            self._reap(job)
            self._overdue.discard(job.id)
        return end

    def _lives(self, job: JobRecord) -> bool:
        leader = self._leader(job)
        return leader is not None and leader.is_alive()

    def _running(self, job: JobRecord) -> Status | None:
        start = read_start(job)
        if start is None:
            return Status(JobState.PENDING)
        self._end_when_overdue(job, start.time)
        return Status(JobState.RUNNING, nodes=(hostname(),), started=start.time)

    def _end_when_overdue(self, job: JobRecord, started: datetime) -> None:
        limit = job.resources.time_limit
        overdue = limit is not None and datetime.now(UTC) - started > limit
        if overdue and job.id not in self._overdue:
            self._overdue.add(job.id)
            self._begin_end([job])

    def _explained(self, job: JobRecord, end: Status) -> Status:
        is_well = end.state in (JobState.DONE, JobState.RUNNING)
        if is_well or job.id not in self._overdue:
            return end
        reason = f"It reached its time limit of {job.resources.time_limit}."
        return replace(end, state=JobState.FAILED, reason=reason)

    def _reap(self, job: JobRecord) -> None:
        # bash has written the exit code with its last breath; a zombie would remain.
        child = self._children.pop(job.id, None)
        if child is None:
            return
        try:
            child.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _without_bash(self, job: JobRecord, child: _Detached | None) -> Status:
        if end := read_end(job):
            return end
        if find_members({job.id: None})[job.id]:
            return Status(JobState.RUNNING, nodes=(hostname(),), reason=_WITHOUT_SHELL)
        # Only now that nobody is left who could write it, a missing exit code says something.
        if end := read_end(job):
            return end
        code = 0 if child is None else child.poll()  # it may have ended since the last look
        if why := disbelief(job):
            return Status(JobState.LOST, reason=f"How it ended is not known. {why}")
        if not code:
            reason = "It ended without leaving an exit code: killed as a whole, or a restart."
            return Status(JobState.LOST, reason=reason)
        if code > 0:
            reason = f"The job's shell ended with exit code {code}, without running the command."
        else:
            reason = f"The job's shell was ended by the signal {signal_name(-code)}."
        return replace(ended_status(code), reason=reason)

    def _leader(self, job: JobRecord) -> ProcessId | None:
        """The job's bash, also when the kernel died before it could store the native id."""
        if job.native_id is not None:
            return ProcessId.parse(job.native_id)
        start = read_start(job)
        members = find_members({job.id: None})[job.id]
        return next((member for member in members if start and member.pid == start.value), None)

    def _leaders(self, jobs: Sequence[JobRecord]) -> dict[str, ProcessId | None]:
        return {job.id: self._leader(job) for job in jobs if not is_elsewhere(job)}

    def _begin_end(self, jobs: Sequence[JobRecord]) -> None:
        leaders = self._leaders(jobs)
        members = ask_to_end(leaders)
        # Not a daemon: the kernel may be closed within the grace period.
        threading.Thread(
            target=self._complete_end, args=(leaders, members), name="asyncmd-end"
        ).start()

    def _complete_end(
        self, leaders: Mapping[str, ProcessId | None], members: set[ProcessId]
    ) -> None:
        wait_gone(members, self._grace().total_seconds())
        kill_rest(leaders)

    def _ask_to_stop(self, jobs: Sequence[JobRecord]) -> None:
        for job in jobs:
            leader = self._leader(job)
            if leader is not None and self._can_forward(job, leader):
                leader.send(signal.SIGTERM)
            else:
                send_all(find_members({job.id: None})[job.id], signal.SIGTERM)

    def _can_forward(self, job: JobRecord, leader: ProcessId) -> bool:
        """Wait the moment until bash has set its trap; False if it has gone."""
        deadline = time.monotonic() + _START_SECONDS
        while leader.is_alive():
            if read_start(job) is not None or time.monotonic() > deadline:
                return True
            time.sleep(0.005)
        return False


class _Detached(subprocess.Popen[bytes]):
    """A child that may outlive us on purpose, which is nothing to warn about."""

    def __del__(self) -> None:
        pass


def goes_on_alone(job: JobRecord) -> bool:
    """Whether a job whose kernel is gone can be seen to run here. Changes nothing."""
    end = read_end(job)
    if is_elsewhere(job) or (end is not None and end.state.is_final):
        return False
    if job.native_id is not None and ProcessId.parse(job.native_id).is_alive():
        return True
    return bool(find_members({job.id: None})[job.id])


def is_elsewhere(job: JobRecord) -> bool:
    """Whether the processes of a job can't be seen from here."""
    if job.launcher != LocalLauncher.name:
        return bool(job.owner) and host_of(job) != hostname()
    if job.cluster:
        return job.cluster != this_machine()
    return bool(job.owner) and not Owner.parse(job.owner).is_here


def host_of(job: JobRecord) -> str:
    """The machine from which a job was started."""
    is_known = job.launcher == LocalLauncher.name and job.cluster
    return job.cluster.split()[0] if is_known else Owner.parse(job.owner).host
