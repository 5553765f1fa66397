"""Ways to make real programs fail: each scene is a function of an empty folder.

A scene says which command to run, after it has written what that needs. Its name is the kind
of the pattern that has to recognise what the command says.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

LIMIT_S = 60


@dataclass(frozen=True)
class Scene:
    """A command that fails."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    log: str = ""  # a file that the program writes, which is looked at instead of its output

    def play(self, folder: Path) -> str:
        """Run it; what it says, or writes into its log."""
        env = {**os.environ, "OMP_NUM_THREADS": "1", "GMX_MAXBACKUP": "-1", **self.env}
        # Ours are read by the shells of jobs only.
        env.pop("PYTHONFAULTHANDLER", None)
        done = subprocess.run(
            self.argv,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT_S,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace")
        return (folder / self.log).read_text(errors="replace") if self.log else said


Stage = Callable[[Path], Scene]
