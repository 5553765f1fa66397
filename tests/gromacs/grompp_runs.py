"""``gmx grompp`` on four argon atoms: what it makes of a parameter file."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

TOPOLOGY = """\
[ defaults ]
1 2 yes 0.5 0.8333
[ atomtypes ]
AR AR 18 39.948 0.0 A 0.3405 0.996
[ moleculetype ]
Argon 1
[ atoms ]
1 AR 1 AR AR 1 0.0 39.948
[ system ]
argon
[ molecules ]
Argon 4
"""
STRUCTURE = """\
argon
    4
    1AR      AR    1   0.500   0.500   0.500
    2AR      AR    2   1.500   1.500   1.500
    3AR      AR    3   2.500   2.500   2.500
    4AR      AR    4   3.500   3.500   3.500
   9.00000   9.00000   9.00000
"""
GROUPS = "[ System ]\n1 2 3 4\n[ one ]\n1 2\n[ two ]\n3 4\n[ Ions ]\n3\n[ Water ]\n4\n"
QUIET = {"GMX_MAXBACKUP": "-1", "OMP_NUM_THREADS": "1"}
LIMIT_S = 120


@dataclass(frozen=True)
class Processed:
    """What grompp said and wrote."""

    accepted: bool
    words: str
    mdout: Path
    tpr: Path

    @property
    def parameters(self) -> dict[str, str]:
        """Names and values as grompp writes them, random seeds it drew aside."""
        text = self.mdout.read_bytes().decode("utf-8", "surrogateescape")
        pairs = (line.partition("=") for line in text.split("\n") if line[:1] not in ("", ";"))
        return {key.strip(): value.strip(" ") for key, _, value in pairs}

    @property
    def input_record(self) -> list[str]:
        """All parameters in the tpr file."""
        command = ["gmx", "-quiet", "dump", "-s", self.tpr]
        text = run(command, self.tpr.parent, check=True).decode("utf-8", "replace")
        return text[text.index("inputrec:") : text.index("topology:")].splitlines()

    @property
    def complaints(self) -> list[str]:
        """Errors without the numbers of their lines, which differ between files."""
        return re.findall(r"^(?:ERROR|WARNING).*\n((?:  .+\n)+)", self.words, re.MULTILINE)


def run(command: list[str | Path], folder: Path, check: bool = False) -> bytes:
    result = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **QUIET},
        capture_output=True,
        timeout=LIMIT_S,
        check=check,
    )
    return result.stdout + result.stderr


def grompp(mdp: Path) -> Processed:
    """Process a parameter file; outputs lie beside it."""
    folder = mdp.parent
    for name, text in (("topol.top", TOPOLOGY), ("conf.gro", STRUCTURE), ("index.ndx", GROUPS)):
        (folder / name).write_text(text)
    mdout, tpr = mdp.with_name(f"{mdp.stem}_out.mdp"), mdp.with_suffix(".tpr")
    for file in (mdout, tpr):
        file.unlink(missing_ok=True)
    inputs = ["-f", mdp.name, "-c", "conf.gro", "-p", "topol.top", "-n", "index.ndx"]
    outputs = ["-po", mdout.name, "-o", tpr.name]
    words = run(["gmx", "-quiet", "grompp", *inputs, *outputs, "-maxwarn", "99"], folder)
    return Processed(tpr.exists(), words.decode("utf-8", "replace"), mdout, tpr)
