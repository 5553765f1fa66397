"""Programs that the jobs of the tests run: as processes, or as functions in threads.

Each gets its arguments and an event in place of SIGTERM. Relative paths would depend on
the working folder, which threads share, so all paths are absolute.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path


def exit_with(args, stop):
    return int(args[0])


def show_arguments(args, stop):
    """Write all arguments after the first into the file named by the first."""
    Path(args[0]).write_text(json.dumps(args[1:]))


def until_stop(args, stop):
    """Say that it is up, work until it is asked to stop, save, end well."""
    Path(args[0]).write_text("up")
    stop.wait()
    Path(args[0]).write_text("saved")


def until_file(args, stop):
    """Say that it is up, end well once the second file exists."""
    up, gate = map(Path, args)
    up.write_text("up")
    while not gate.exists():
        if stop.wait(0.005):
            return 1


def stubborn(args, stop):
    """Never stop by itself."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(args[0]).write_text("up")
    while True:
        time.sleep(60)


def family(args, stop):
    """Grandchildren of all kinds, each of which would stay: plain, deaf, in a new session."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    children = [
        subprocess.Popen(["sleep", "600"]),
        subprocess.Popen(["bash", "-c", "sleep 600 & sleep 600; true"]),
        subprocess.Popen([sys.executable, "-c", deaf]),
        subprocess.Popen(["sleep", "600"], start_new_session=True),
        subprocess.Popen(["sleep", "600"], env={}),
    ]
    Path(args[0]).write_text(json.dumps([child.pid for child in children]))
    time.sleep(600)


def hand_over(args, stop):
    """End at once but leave a child behind."""
    child = subprocess.Popen(["sleep", "600"])
    Path(args[0]).write_text(str(child.pid))


PROGRAMS = {
    program.__name__: program
    for program in (
        exit_with,
        show_arguments,
        until_stop,
        until_file,
        stubborn,
        family,
        hand_over,
    )
}


def main(args, stop):
    return PROGRAMS[args[0]](args[1:], stop)


if __name__ == "__main__":
    asked = threading.Event()
    # The default handlers stay for programs that never look at the event.
    if sys.argv[1] in ("until_stop", "until_file"):
        signal.signal(signal.SIGTERM, lambda *_: asked.set())
    raise SystemExit(main(sys.argv[1:], asked))
