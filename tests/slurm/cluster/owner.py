"""The owner's end of the keeper: start programs, find and end them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import psutil

from .waiting import ClusterError, end_of, wait_until

KEEPER = Path(__file__).with_name("keeper.py")
PID_FILE = "keeper.pid"


class Keeper:
    """Runs the daemons of one cluster; they end when this process does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        with (folder / "keeper.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", KEEPER, folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=folder,  # mariadb-install-db knows no blanks in paths, so its are relative
                start_new_session=True,
            )
        (folder / PID_FILE).write_text(str(self._process.pid))
        self.hostname: str = self._answer()["hostname"]

    def start(self, argv: Sequence[str | Path], env: Mapping[str, str], log: Path) -> Daemon:
        """Start a program whose output is appended to `log`."""
        order = {"argv": [str(part) for part in argv], "env": dict(env), "log": str(log)}
        return Daemon(psutil.Process(self._order(order)["pid"]), log)

    def end_after(self, seconds: float) -> None:
        """Let the cluster go on without this process."""
        self._order({"end_after": seconds})

    def processes(self) -> list[psutil.Process]:
        """All living processes of the cluster: daemons, jobs, the keeper."""
        return family(self._process.pid)

    def end(self) -> None:
        """End all processes and remove the folder."""
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._answer()
        if "error" in answer:
            raise ClusterError(f"{order['argv'][0]} can't be started: {answer['error']}")
        return answer

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ClusterError(
                f"The keeper of {self.folder} has ended.{end_of(self.folder / 'keeper.log')}"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer


class Daemon:
    """One running daemon."""

    def __init__(self, process: psutil.Process, log: Path) -> None:
        self.process = process
        self.log = log

    def is_alive(self) -> bool:
        return is_alive(self.process)

    def stop(self) -> None:
        """Ask the daemon to end and wait for it."""
        self.process.terminate()
        wait_until(lambda: not self.is_alive(), f"{self.log.stem} ends after SIGTERM", self.log)

    def kill(self, *, with_children: bool = False) -> None:
        """End the daemon as a crash would."""
        for victim in family(self.process.pid) if with_children else [self.process]:
            kill(victim)
        wait_until(lambda: not self.is_alive(), f"{self.log.stem} ends after SIGKILL", self.log)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(pid: int) -> list[psutil.Process]:
    """The living among a process and its descendants."""
    try:
        top = psutil.Process(pid)
        return [each for each in (top, *top.children(recursive=True)) if is_alive(each)]
    except psutil.NoSuchProcess:
        return []


def kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()


def writes_to(process: psutil.Process, file: Path) -> bool:
    try:
        return any(opened.path == str(file) for opened in process.open_files())
    except psutil.Error:
        return False
