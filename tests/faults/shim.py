"""Rules for calls that fail or kill, and the environment that puts them in force."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")


@dataclass(frozen=True)
class Rule:
    """The calls that something is done to; see `shim.c`."""

    program: str
    call: str
    path: str
    what: str
    first: int = 1
    count: int = 1

    def text(self) -> str:
        """As the shim reads it."""
        fields = (self.program, self.call, self.path, self.first, self.count, self.what)
        return "|".join(str(field) for field in fields)


@dataclass(frozen=True)
class Shim:
    """The compiled library."""

    library: Path

    @classmethod
    def compiled(cls, folder: Path) -> Shim:
        """Compile it into a folder."""
        library = folder / "faults.so"
        command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", library, SOURCE, "-ldl"]
        subprocess.run(command, check=True)
        return cls(library)

    def environment(self, folder: Path, rule: Rule | None) -> dict[str, str]:
        """Variables for a program; without a rule its calls are written to ``calls.txt``."""
        base = {**os.environ, "LD_PRELOAD": str(self.library)}
        if rule is None:
            return {**base, "FAULTS_LOG": str(folder / "calls.txt")}
        counter = folder / "counter"
        counter.write_bytes(bytes(8))
        return {**base, "FAULTS_RULE": rule.text(), "FAULTS_COUNTER": str(counter)}


def hits(folder: Path) -> int:
    """How many calls a rule has matched."""
    return int.from_bytes((folder / "counter").read_bytes(), "little")
