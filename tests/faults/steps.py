"""The steps of a campaign at which its processes are killed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .shim import Rule

_CHANGING = {"create", "rename", "unlink", "mkdir", "link", "fsync", "start"}
# A part of the command line by which each kind of program is known.
_PROGRAMS = {
    "tests.faults.campaign": "kernel",
    "worker": "worker",
    "mdrun": "mdrun",
    "grompp": "grompp",
    "bash": "script",
}
# What is the same about names that differ from run to run.
_VARYING = re.compile(r"[0-9a-f]{8,}|\d+")


@dataclass(frozen=True)
class Step:
    """Calls of one kind, in one kind of program, on files of one kind."""

    program: str
    call: str
    path: str

    def __str__(self) -> str:
        return f"{_PROGRAMS[self.program]}: {self.call} {self.path}"

    def rules(self) -> Iterator[Rule]:
        """A kill before the first of them, one after it, and one after the second."""
        yield Rule(self.program, self.call, self.path, "kill-before")
        yield Rule(self.program, self.call, self.path, "kill-after")
        yield Rule(self.program, self.call, self.path, "kill-after", first=2)


def steps_in(log: Path, folder: Path) -> list[Step]:
    """The different steps of a campaign whose calls were written to a file, in their order."""
    found: dict[Step, None] = {}
    for line in log.read_text(errors="replace").splitlines():
        command, _, rest = line.partition("\t")
        call, _, path = rest.partition("\t")
        program = next((known for known in _PROGRAMS if known in command), None)
        if program is None or call not in _CHANGING:
            continue
        if (name := _common_part(path, folder, call)) is not None:
            found[Step(program, call, name)] = None
    return list(found)


def _common_part(path: str, folder: Path, call: str) -> str | None:
    """The longest part of a file's name that is the same in each run; None for other folders."""
    if path.startswith("/") and not path.startswith(str(folder)):
        return None
    name = path.rstrip("/").rpartition("/")[2]
    if call == "start":
        return name
    pieces = _VARYING.split(name)
    return max(pieces, key=len) or None
