"""Faults that a cluster on loopback never has, made by a script before each command."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

COMMANDS = ("sbatch", "squeue", "scancel", "sacct", "sinfo", "scontrol")
_END = "end of call"
TIMED_OUT = "Batch job submission failed: Socket timed out on send/recv operation"

# A fault is a file, which only one of several commands at a time can move away.
_SCRIPT = """\
#!/bin/bash
here={here}
real={real}
name={name}
printf '%s\\0' "$EPOCHREALTIME" "$name" "$@" {end} >>"$here/calls"
for fault in "$here/$name".*; do
    [ -e "$fault" ] && mv -- "$fault" "$here/taken.$$" 2>/dev/null || continue
    {{ read -r kind; IFS= read -r -d '' text; }} <"$here/taken.$$"
    case $kind in
    delay) sleep "$text"; break ;;
    lose) "$real" "$@" >/dev/null 2>&1 ;;
    esac
    printf '%s: error: %s' "$name" "$text" >&2
    exit 1
done
exec "$real" "$@"
"""


@dataclass(frozen=True)
class Call:
    """One call of a command: when it was, in seconds since 1970, and its arguments."""

    time: float
    argv: tuple[str, ...]


class Doorman:
    """Stands before Slurm's commands, counts the calls and spoils some of them.

    Attributes
    ----------
    path
        PATH with the doorman's commands first.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._numbers = itertools.count()
        (folder / "calls").touch()
        self.path = os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])
        for command in COMMANDS:
            self._stand_before(command)

    def refuse(self, command: str, *, times: int = 1, message: str = TIMED_OUT) -> None:
        """Let the next calls fail without reaching Slurm."""
        self._spoil(command, times, "refuse", f"{message}\n")

    def lose_reply(self, command: str, *, times: int = 1, message: str = TIMED_OUT) -> None:
        """Let the next calls do their work and fail nevertheless."""
        self._spoil(command, times, "lose", f"{message}\n")

    def delay(self, command: str, seconds: float, *, times: int = 1) -> None:
        """Let the next calls take longer."""
        self._spoil(command, times, "delay", str(seconds))

    def calls(self, command: str | None = None) -> list[Call]:
        """All calls so far, or those of one command."""
        calls = []
        for line in (self._folder / "calls").read_text().split(f"{_END}\0")[:-1]:
            time, *argv = line.split("\0")[:-1]
            calls.append(Call(float(time), tuple(argv)))
        return [call for call in calls if command in (None, call.argv[0])]

    def _stand_before(self, command: str) -> None:
        real = shutil.which(command)
        if real is None:
            raise FileNotFoundError(f"{command} is not installed.")
        script = self._folder / command
        values = {"here": str(self._folder), "real": real, "name": command, "end": _END}
        quoted = {name: shlex.quote(value) for name, value in values.items()}
        script.write_text(_SCRIPT.format(**quoted))
        script.chmod(0o700)

    def _spoil(self, command: str, times: int, kind: str, text: str) -> None:
        if command not in COMMANDS:
            raise ValueError(f"{command!r} is none of {COMMANDS}.")
        for _ in range(times):
            fault = self._folder / f"{command}.{next(self._numbers):06}"
            unseen = fault.with_name(f".{fault.name}")
            unseen.write_text(f"{kind}\n{text}")
            unseen.rename(fault)
