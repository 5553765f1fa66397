"""Run one command of Slurm: bounded in time, in output and in how many run at once.

Commands run in threads. So one that changes something is neither lost nor torn when the event
loop ends that wanted it: the thread goes on, the interpreter waits for it, and what nobody
wants any more is undone.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.groups import end_group, kill_group
from asyncmd_jupyter.jobs.slurm.commands import TIME_FORMAT, impersonal

_CALL_SECONDS = 60.0
_MOST_OUTPUT = 2**26
_AT_ONCE = 8


class CommandMissingError(JobError):
    """A command of Slurm is not installed here."""


class NoAnswerError(JobError):
    """A command did not end in time or said too much."""


@dataclass(frozen=True)
class Reply:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The last words of a command that failed, in one line."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return "; ".join(lines[-3:]) or f"exit code {self.code} without a message"


Undo = Callable[[Reply | None], object]


class SlurmClient:
    """Starts Slurm's commands, in any event loop.

    Parameters
    ----------
    seconds : float
        After which a command is killed: without a controller they block, some for minutes.
    """

    def __init__(self, seconds: float = _CALL_SECONDS) -> None:
        self.seconds = seconds
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="asyncmd-slurm")

    async def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        script: bytes = b"",
        if_abandoned: Undo | None = None,
    ) -> Reply:
        """Run a command to its end.

        Parameters
        ----------
        argv : sequence of str
        env : Mapping, optional
            In place of the environment of this process.
        script : bytes
            What it reads from its standard input.
        if_abandoned : callable, optional
            If this is cancelled, the command goes on, and this is called with the reply, in
            a thread; with None if there is none. Without it the command is killed.

        Raises
        ------
        CommandMissingError
            There is no such program.
        NoAnswerError
            It took too long; what it was to do may have been done.
        """
        call = _Call(argv, env, self.seconds, if_abandoned, script)
        running = self._threads.submit(call.run)
        try:
            return await asyncio.wrap_future(running)
        except asyncio.CancelledError:
            if not running.cancelled():
                self._abandon(call, running)
            raise

    def run_now(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Reply:
        """Run a command without an event loop; errors as for `run`."""
        return _Call(argv, env, self.seconds, None).run()

    def run_later(self, argv: Sequence[str]) -> None:
        """Run a command in a thread, whatever comes of it and of the event loop."""
        try:
            self._threads.submit(self._run_quietly, argv)
        except RuntimeError:  # the interpreter exits
            self._run_quietly(argv)

    def _run_quietly(self, argv: Sequence[str]) -> None:
        with suppress(JobError, OSError):
            self.run_now(argv)

    def _abandon(self, call: _Call, running: Future[Reply]) -> None:
        if not call.abandon():  # it has ended before it could hear that
            reply = None if running.exception() else running.result()
            self._threads.submit(call.undo, reply)


class _Call:
    """One process from its start to its end, which somebody may lose interest in."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str] | None,
        seconds: float,
        if_abandoned: Undo | None,
        script: bytes = b"",
    ) -> None:
        self._argv = argv
        self._script = script
        self._env = env
        self._seconds = seconds
        self._if_abandoned = if_abandoned
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_abandoned = False
        self._is_over = False

    def run(self) -> Reply:
        reply = None
        try:
            reply = self._run()
            return reply
        finally:
            with self._lock:
                self._is_over = True
            if self._is_abandoned:
                self.undo(reply)

    def abandon(self) -> bool:
        """Nobody waits any more; False if it is over already."""
        with self._lock:
            if self._is_over:
                return False
            self._is_abandoned = True
            if self._if_abandoned is None and self._process is not None:
                kill_group(self._process)
            return True

    def undo(self, reply: Reply | None) -> None:
        if self._if_abandoned is not None:
            self._if_abandoned(reply)

    def _run(self) -> Reply:
        process = self._start()
        try:
            out, err = process.communicate(timeout=self._seconds)
        except subprocess.TimeoutExpired as error:
            raise NoAnswerError(
                f"{self._argv[0]} did not answer within {self._seconds:g} s."
            ) from error
        finally:
            if process.poll() is None:
                end_group(process)
        if len(out) + len(err) > _MOST_OUTPUT:
            raise NoAnswerError(f"{self._argv[0]} wrote more than {_MOST_OUTPUT} bytes.")
        return Reply(process.returncode, _text(out), _text(err))

    def _environment(self) -> dict[str, str]:
        # Only sbatch has variables of its own, which its job gets to see.
        if self._env is None:
            return impersonal(os.environ) | TIME_FORMAT
        return impersonal(self._env)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_abandoned and self._if_abandoned is None:
                raise NoAnswerError(f"{self._argv[0]} was not run: nobody wants it any more.")
            try:
                with _as_file(self._script) as script:
                    self._process = subprocess.Popen(
                        self._argv,
                        stdin=script,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE,
                        env=self._environment(),
                        start_new_session=True,  # a site may have put a script around the command
                    )
            except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
                raise CommandMissingError(missing(self._argv[0])) from error
            return self._process


def _as_file(script: bytes) -> IO[bytes]:
    """A script for a command that may outlive us: all of it is there, in a file without a name."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(script)
    file.seek(0)
    return file


def missing(program: str) -> str:
    """What to say when a command of Slurm is not there."""
    return (
        f"Slurm's command {program!r} can't be run: it was not found on this machine. Work where"
        " Slurm is installed, or name its path with 'config.set_slurm_settings(…)'."
    )


def _text(output: bytes) -> str:
    return output.decode("utf-8", errors="replace")
