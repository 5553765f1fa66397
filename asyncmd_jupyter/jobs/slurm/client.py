"""Run one command of Slurm: bounded in time, in output and in how many run at once."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from asyncmd_jupyter.errors import JobError
from asyncmd_jupyter.jobs.slurm.commands import impersonal
from asyncmd_jupyter.jobs.tasks import settled

_CALL_SECONDS = 60.0
_MOST_OUTPUT = 2**26
_AT_ONCE = 8
_PIECE = 2**16


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


class SlurmClient:
    """Starts Slurm's commands, in any event loop.

    Parameters
    ----------
    seconds : float
        After which a command is killed: without a controller they block, some for minutes.
    """

    def __init__(self, seconds: float = _CALL_SECONDS) -> None:
        self.seconds = seconds
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
        self._gates = WeakKeyDictionary()

    async def run(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Reply:
        """Run a command to its end. If this is cancelled, the command is killed.

        Raises
        ------
        CommandMissingError
            There is no such program.
        NoAnswerError
            It took too long; what it was to do may have been done.
        """
        async with self._gate():
            process = await _start(argv, env)
            reading = asyncio.ensure_future(_read_all(process))
            try:
                out, err = await asyncio.wait_for(reading, self.seconds)
            except (TimeoutError, _TooMuchError) as error:
                raise NoAnswerError(self._no_answer(argv[0], error)) from error
            finally:
                await _end(process)
        return Reply(process.returncode or 0, _text(out), _text(err))

    def _gate(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if loop not in self._gates:
            self._gates[loop] = asyncio.Semaphore(_AT_ONCE)
        return self._gates[loop]

    def _no_answer(self, program: str, error: Exception) -> str:
        if isinstance(error, _TooMuchError):
            return f"{program} wrote more than {_MOST_OUTPUT} bytes."
        return f"{program} did not answer within {self.seconds:g} s."


class _TooMuchError(Exception):
    pass


async def _start(argv: Sequence[str], env: Mapping[str, str] | None) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=impersonal(env or os.environ)
        )
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise CommandMissingError(missing(argv[0])) from error


def missing(program: str) -> str:
    """What to say when a command of Slurm is not there."""
    return (
        f"Slurm's command {program!r} can't be run: it was not found on this machine. Work where"
        " Slurm is installed, or name its path with 'config.set_slurm_settings(…)'."
    )


async def _read_all(process: Process) -> tuple[bytes, bytes]:
    assert process.stdout is not None  # noqa: S101 - for the type checker
    assert process.stderr is not None  # noqa: S101
    reading = (_read(process.stdout), _read(process.stderr))
    out, err, _ = await asyncio.gather(*reading, process.wait())
    return out, err


async def _read(stream: asyncio.StreamReader) -> bytes:
    pieces = bytearray()
    while piece := await stream.read(_PIECE):
        pieces += piece
        if len(pieces) > _MOST_OUTPUT:
            raise _TooMuchError
    return bytes(pieces)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await settled(asyncio.ensure_future(process.wait()))


def _text(output: bytes) -> str:
    return output.decode("utf-8", errors="replace")
