"""The parent of all processes of a cluster: starts them on order and ends them with itself.

``keeper.py FOLDER`` reads JSON lines on stdin and answers each with one on stdout::

    {"argv": [...], "env": {...}, "log": "..."}   starts a program, answers {"pid": 123}
    {"end_after": 7200}                           goes on without its owner for that long

It takes the cluster down (kills all that descends from it, removes the folder) on SIGTERM,
when its owner is gone, or after the time that the owner gave. A script of its own, because
it has to outlive whoever started it.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWUTS = 0x04000000
LIBC = ctypes.CDLL(None, use_errno=True)
LOOK_INTERVAL_S = 0.2


def main(folder: Path) -> None:
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        print(json.dumps({"hostname": be_localhost()}), flush=True)
        obey()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_all()
        shutil.rmtree(folder, ignore_errors=True)


def be_localhost() -> str:
    """The name of the host for the daemons, who listen where that name leads: on loopback."""
    if LIBC.unshare(CLONE_NEWUTS) == 0:
        LIBC.sethostname(b"localhost", len(b"localhost"))
    return os.uname().nodename


def obey() -> None:
    owner, end = os.getppid(), None
    while end is None or time.monotonic() < end:
        reap()
        if end is None and os.getppid() != owner:
            return
        if not select.select([sys.stdin] if end is None else [], [], [], LOOK_INTERVAL_S)[0]:
            continue
        line = sys.stdin.readline()
        if not line:
            return
        order = json.loads(line)
        if "end_after" in order:
            end = time.monotonic() + order["end_after"]
        print(json.dumps(answer(order)), flush=True)


def answer(order: dict[str, Any]) -> dict[str, Any]:
    if "end_after" in order:
        return {}
    try:
        return {"pid": start(order)}
    except OSError as error:
        return {"error": str(error)}


def start(order: dict[str, Any]) -> int:
    with Path(order["log"]).open("ab") as log:
        return subprocess.Popen(
            order["argv"],
            env=order["env"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_keeper,  # single-threaded, so it is safe
        ).pid


def die_with_keeper() -> None:
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def end_all() -> None:
    """Kill all descendants, who have become children by the time that their parents are dead."""
    while children := psutil.Process().children(recursive=True):
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        time.sleep(0.01)
        reap()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
