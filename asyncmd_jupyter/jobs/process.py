"""Processes of this machine: which one is it, does it live, end it with all it started.

Process ids are used again, so a process is named by its id and its start. Whatever a job
started carries the job's id in its environment; that finds also what left its session.
"""

from __future__ import annotations

import functools
import os
import signal
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from asyncmd_jupyter.jobs.script import JOB_ID_VARIABLE

_PROC = Path("/proc")
_LOOK_SECONDS = 0.02
_KILL_SECONDS = 10.0


@dataclass(frozen=True)
class ProcessId:
    """One process of one machine, never confused with a later one of the same number."""

    pid: int
    start: str

    def __str__(self) -> str:
        return f"{self.pid}:{self.start}"

    @classmethod
    def parse(cls, text: str) -> ProcessId:
        """Read back what `str` gave."""
        pid, start = text.split(":")
        return cls(int(pid), start)

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The process that has this number now, also a zombie."""
        row = _look_up(pid)
        return None if row is None else cls(pid, row.start)

    def is_alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        row = _look_up(self.pid)
        return row is not None and row.start == self.start and row.lives

    def send(self, number: int) -> bool:
        """Send a signal to it and to nobody else; False if it has ended."""
        if not self.is_alive():
            return False
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False


@dataclass(frozen=True)
class Owner:
    """The process that looks after a job.

    Attributes
    ----------
    host : str
    process : ProcessId
    boot : str
        Which start of that machine it belongs to; empty if an earlier version has stored it.
    namespace : str
        In which its number means it, as in a container.
    """

    host: str
    process: ProcessId
    boot: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        more = f":{self.boot}:{self.namespace}" if self.boot or self.namespace else ""
        return f"{self.host}:{self.process}{more}"

    @classmethod
    def this(cls) -> Owner:
        """The process that asks."""
        process = ProcessId.of(os.getpid())
        if process is None:  # pragma: no cover - nobody could ask
            raise RuntimeError("This process can't be found among the running ones.")
        return cls(hostname(), process, boot_id(), namespace())

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Read back what `str` gave."""
        host, pid, start, *more = text.split(":")
        return cls(host, ProcessId(int(pid), start), *more[:2])

    @property
    def is_here(self) -> bool:
        """Whether this process can see it, if it lives."""
        is_same_boot = self.boot in ("", boot_id())
        is_same_namespace = self.namespace in ("", namespace())
        return self.host == hostname() and is_same_boot and is_same_namespace

    @property
    def seen(self) -> bool | None:
        """Whether it lives; None where that can't be seen from here, see `heartbeat.may_live`."""
        return self.process.is_alive() if self.is_here else None


def hostname() -> str:
    """Name of this machine."""
    return socket.gethostname().replace(":", "_")


@functools.cache
def boot_id() -> str:
    """Tells one start of this machine from the next; empty where there is no such thing."""
    with suppress(OSError):
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def namespace() -> str:
    """In which numbers of processes mean what they mean to this one, as in a container."""
    with suppress(OSError):
        return str((_PROC / "self/ns/pid").stat().st_ino)
    return ""


def this_machine() -> str:
    """Where the processes of a job can be seen that this process starts."""
    return f"{hostname()} {namespace()}".strip()


def find_members(jobs: Mapping[str, ProcessId | None]) -> dict[str, set[ProcessId]]:
    """All living processes of each job, found in one look at all processes.

    Parameters
    ----------
    jobs : Mapping
        From the job's id, which its processes carry in their environment, to its bash.
        The session and the descendants of bash count while it is there; once it has gone
        its number says nothing any more.
    """
    rows = _all_processes()
    rows.pop(os.getpid(), None)
    carried = {pid: _carried_job(pid) for pid in rows}
    members = {}
    for job_id, leader in jobs.items():
        found = {pid for pid, carried_id in carried.items() if carried_id == job_id}
        if leader is not None and leader.pid in rows and rows[leader.pid].start == leader.start:
            found |= {pid for pid, row in rows.items() if row.session == leader.pid}
            found |= _descendants(leader.pid, rows)
        members[job_id] = {ProcessId(pid, rows[pid].start) for pid in found if rows[pid].lives}
    return members


def send_all(processes: Iterable[ProcessId], number: int) -> None:
    """Send a signal to each of the processes that still lives and is ours."""
    for process in processes:
        with suppress(PermissionError):
            process.send(number)


def wait_gone(processes: Iterable[ProcessId], timeout: float) -> bool:
    """Wait until none of the processes lives; False when it took too long.

    Looks and never reaps, because the exit status of a child is not ours to take.
    """
    rest = set(processes)
    deadline = time.monotonic() + timeout
    while rest := {process for process in rest if process.is_alive()}:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def ask_to_end(jobs: Mapping[str, ProcessId | None]) -> set[ProcessId]:
    """Send SIGTERM to all processes of the jobs, once to each, and return them."""
    members = find_members(jobs)
    for job_id, processes in members.items():
        # bash hands the signal on to its command, which would get it twice.
        others = {process for process in processes if process != jobs[job_id]}
        send_all(others or processes, signal.SIGTERM)
    return set().union(*members.values())


def kill_rest(jobs: Mapping[str, ProcessId | None]) -> bool:
    """Kill what is left of the jobs, also what was started meanwhile; False if some stayed."""
    deadline = time.monotonic() + _KILL_SECONDS
    while rest := set().union(*find_members(jobs).values()):
        if time.monotonic() > deadline:
            return False
        send_all(rest, signal.SIGKILL)
        wait_gone(rest, timeout=1)
    return True


@dataclass(frozen=True)
class _Row:
    parent: int
    session: int
    start: str
    status: str

    @property
    def lives(self) -> bool:
        return self.status not in "ZXx"


def _all_processes() -> dict[int, _Row]:
    rows = ((pid, _look_up(pid)) for pid in psutil.pids())
    return {pid: row for pid, row in rows if row is not None}


def _look_up(pid: int) -> _Row | None:
    try:
        return _from_proc(pid) if psutil.LINUX else _from_psutil(pid)
    except (OSError, psutil.Error):
        return None


def _from_proc(pid: int) -> _Row:
    # Ticks since boot: the start in seconds moves when the clock of the machine is set.
    fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return _Row(int(fields[1]), int(fields[3]), start=fields[19], status=fields[0])


def _from_psutil(pid: int) -> _Row:
    process = psutil.Process(pid)
    gone = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    start = f"{process.create_time():.2f}"
    return _Row(process.ppid(), os.getsid(pid), start, status="Z" if gone else "R")


def _carried_job(pid: int) -> str | None:
    try:
        return psutil.Process(pid).environ().get(JOB_ID_VARIABLE)
    except (psutil.Error, OSError):
        return None


def _descendants(pid: int, rows: Mapping[int, _Row]) -> set[int]:
    found: set[int] = set()
    generation = {pid}
    while generation:
        generation = {child for child, row in rows.items() if row.parent in generation} - found
        found |= generation
    return found
