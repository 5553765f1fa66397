"""A launcher without processes, for tests.

Either the commands are Python functions that run in threads::

    launcher = MemoryLauncher({"my_package.worker": my_package.worker.main})
    manager.register(launcher)
    command = Command(("python", "-m", "my_package.worker", "spec.json"), folder)
    job = await manager.submit(command, name="part 1", launcher="memory")

or the test says what becomes of each job::

    launcher = MemoryLauncher()
    ...
    launcher.start(job)
    launcher.finish(job, exit_code=1, stderr="out of memory")
    assert (await job.wait()).state is JobState.FAILED

Both leave the same files in the job's folder as a real one, so everything above the
launcher behaves the same. ``MemoryLauncher(name="local")`` takes the place of the local one.
"""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.folder import read_end, shell_code, write_marker
from asyncmd_jupyter.jobs.holding import refuse_hold
from asyncmd_jupyter.jobs.model import JobRecord, JobState, Status

Program = Callable[[Sequence[str], threading.Event], int | None]


class HasId(Protocol):
    """A `Job` or a `JobRecord`."""

    @property
    def id(self) -> str:
        """Which job it is."""
        ...


class MemoryLauncher:
    """Runs jobs as functions in threads, or as a test tells.

    Parameters
    ----------
    programs : Mapping
        From the name of a module or program to ``function(arguments, stop) -> exit code``.
        ``stop`` is a `threading.Event` in place of SIGTERM: the function looks at it now
        and then, saves its work and returns. A command ``python -m NAME …`` or ``NAME …``
        runs the function of that name; all others wait for the test.
    name : str
        Under which the job manager knows it.
    """

    is_local = True

    def __init__(self, programs: Mapping[str, Program] | None = None, name: str = "memory") -> None:
        self.name = name
        self._programs = dict(programs or {})
        self._jobs: dict[str, _MemoryJob] = {}

    def check(self, job: JobRecord) -> None:
        """Take any job."""

    async def cluster(self) -> str:
        """There is only this process."""
        return ""

    async def submit(self, job: JobRecord) -> str:
        """Take the job; a known program begins at once."""
        entry = self._jobs[job.id] = _MemoryJob(job)
        name, arguments = _called(job.command.argv)
        if name in self._programs:
            self.start(job)
            entry.run(self._programs[name], arguments)
        return f"memory:{len(self._jobs)}"

    async def poll(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Exit-code files first, then what the test said."""
        return {job.id: self._look_at(job) for job in jobs}

    async def cancel(self, jobs: Sequence[JobRecord]) -> None:
        """Stop the functions; jobs that a test drives end at once."""
        for entry in self._known(jobs):
            entry.was_killed = True
            entry.stop.set()
            if entry.thread is None:
                self.finish(entry.record, -signal.SIGTERM)

    async def ask_to_stop(self, jobs: Sequence[JobRecord]) -> None:
        """Set the stop event; a test that drives the job asks `was_asked_to_stop`."""
        for entry in self._known(jobs):
            entry.stop.set()

    async def hold(self, jobs: Sequence[JobRecord]) -> None:
        """Refuse: jobs start at once."""
        for job in jobs:
            raise refuse_hold(job)

    async def release(self, jobs: Sequence[JobRecord]) -> None:
        """Do nothing: none is held."""

    def end_now(self, jobs: Sequence[JobRecord]) -> Mapping[str, Status]:
        """Stop the functions and wait until they have returned."""
        for entry in self._known(jobs):
            entry.was_killed = True
            entry.stop.set()
            if entry.thread is None:
                self.finish(entry.record, -signal.SIGTERM)
            else:
                entry.thread.join()
        return {job.id: self._look_at(job) for job in jobs}

    def start(self, job: HasId) -> None:
        """Let a job run from now on."""
        self._entry(job).begin()

    def finish(self, job: HasId, exit_code: int = 0, *, stdout: str = "", stderr: str = "") -> None:
        """Let a job end; an exit code below 0 means by that signal."""
        entry = self._entry(job)
        entry.begin()
        for path, text in ((entry.record.stdout, stdout), (entry.record.stderr, stderr)):
            with path.open("a", encoding="utf-8") as file:
                file.write(text)
        entry.end(exit_code)

    def lose(self, job: HasId) -> None:
        """Let a job vanish without an exit code."""
        self._entry(job).is_lost = True

    def was_asked_to_stop(self, job: HasId) -> bool:
        """Whether somebody wants the job to end, by itself or for good."""
        return self._entry(job).stop.is_set()

    def _entry(self, job: HasId) -> _MemoryJob:
        if job.id not in self._jobs:
            raise JobError(f"The job {job.id!r} was not submitted to this launcher.")
        return self._jobs[job.id]

    def _known(self, jobs: Sequence[JobRecord]) -> list[_MemoryJob]:
        return [self._jobs[job.id] for job in jobs if job.id in self._jobs]

    def _look_at(self, job: JobRecord) -> Status:
        if end := read_end(job):
            return end
        entry = self._jobs.get(job.id)
        if entry is None or entry.is_lost:
            return Status(JobState.LOST, reason="It is not in this process's memory.")
        if entry.started is None:
            return Status(JobState.PENDING)
        return Status(JobState.RUNNING, nodes=("memory",), started=entry.started)


@dataclass
class _MemoryJob:
    record: JobRecord
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    started: datetime | None = None
    was_killed: bool = False
    is_lost: bool = False

    def begin(self) -> None:
        if self.started is None:
            self.started = datetime.now(UTC)
            write_marker(self.record, "started", 0)

    def end(self, exit_code: int) -> None:
        write_marker(self.record, "exit_code", shell_code(exit_code))

    def run(self, program: Program, arguments: Sequence[str]) -> None:
        self.thread = threading.Thread(
            target=self._run, args=(program, arguments), name=f"job {self.record.id}", daemon=True
        )
        self.thread.start()

    def _run(self, program: Program, arguments: Sequence[str]) -> None:
        code = self._exit_code(program, arguments)
        self.end(-signal.SIGTERM if self.was_killed else code)

    def _exit_code(self, program: Program, arguments: Sequence[str]) -> int:
        try:
            return program(arguments, self.stop) or 0
        except SystemExit as end:
            if isinstance(end.code, str):  # as `sys.exit` does with last words
                self.record.stderr.write_text(f"{end.code}\n", encoding="utf-8")
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        except Exception:
            self.record.stderr.write_text(traceback.format_exc(), encoding="utf-8")
            return 1


def _called(argv: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Name of the program or module, and its arguments."""
    if "-m" in argv[1:-1]:
        name, *arguments = argv[argv.index("-m") + 1 :]
        return name, arguments
    return argv[0], argv[1:]
