"""Another Python process that makes calls for this one."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from asyncmd_jupyter.errors import FunctionCrashedError
from asyncmd_jupyter.jobs.heritage import without_secrets
from asyncmd_jupyter.jobs.python_worker_main import read_message, write_message

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from asyncmd_jupyter.jobs.python_worker_main import main; main(*map(int, sys.argv[2:]))"
)


class WorkerGoneError(Exception):
    """A worker ended before it began the call, which can be given to another one."""


class PythonWorker:
    """A fresh interpreter, started without running the user's script again.

    It ends when it is told, when nothing came for a while, and when this process ends in
    whatever way: it notices that the other end of its pipe is closed.
    """

    def __init__(self) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        arguments = [json.dumps([str(path) for path in sys.path]), str(theirs_in), str(theirs_out)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, *arguments],
                pass_fds=(theirs_in, theirs_out),
                env=without_secrets(os.environ),
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is meant for the notebook
            )
        except BaseException:
            os.close(ours_in)
            os.close(ours_out)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._requests: BinaryIO = os.fdopen(ours_out, "wb")
        self._answers: BinaryIO = os.fdopen(ours_in, "rb")
        self.calls = 0
        self._parent = os.getpid()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def call(self, pickled: bytes) -> Any:
        """Give the result of a pickled callable without arguments, or raise what it raised.

        Raises
        ------
        WorkerGoneError
            If the worker ended before.
        FunctionCrashedError
            If it ended meanwhile.
        """
        try:
            write_message(self._requests, pickled)
        except OSError as error:
            raise WorkerGoneError(self._last_words()) from error
        if read_message(self._answers) is None:
            raise WorkerGoneError(self._last_words())
        self.calls += 1
        answer = read_message(self._answers)
        if answer is None:
            raise FunctionCrashedError(self._last_words())
        succeeded, value = pickle.loads(answer)  # noqa: S301 - from our own process
        if not succeeded:
            raise value
        return value

    def kill(self) -> None:
        """Have it end at once, whatever it does; returns at once too."""
        if self._parent == os.getpid():  # else it is that of the process we were forked from
            self._process.kill()

    def close(self) -> None:
        """End it and wait for that."""
        if self._parent == os.getpid():
            self._process.kill()
            self._process.wait()
        for pipe in (self._requests, self._answers):
            with suppress(OSError):  # what was not sent any more
                pipe.close()

    def _last_words(self) -> str:
        code = self._process.wait()
        if code < 0:
            with suppress(ValueError):
                return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process ended with exit code {code}"
