"""Real words of failing programs: ``cd tests && python -m triage.record [KIND …]``.

Plays the scenes and writes what the programs say to ``recorded/KIND.txt``, with folders,
hosts and users replaced.
"""

from __future__ import annotations

import re
import socket
import sys
import tempfile
from pathlib import Path

from triage.scenes import Stage
from triage.scenes.gromacs_scenes import HEALTHY
from triage.scenes.gromacs_scenes import SCENES as GROMACS
from triage.scenes.python_scenes import SCENES as PYTHON
from triage.scenes.shell_scenes import SCENES as SHELL

HERE = Path(__file__).parent / "recorded"
HEALTH = HERE.with_name("healthy")
_MOST_LINES = 60
SCENES: dict[str, Stage] = {**GROMACS, **PYTHON, **SHELL}


def main() -> None:
    for kind in sys.argv[1:] or [*SCENES, *HEALTHY]:
        stage, where = (HEALTHY[kind], HEALTH) if kind in HEALTHY else (SCENES[kind], HERE)
        with tempfile.TemporaryDirectory() as folder:
            said = stage(Path(folder)).play(Path(folder))
            (where / f"{kind}.txt").write_text(anonymous(said, folder))
        print(f"{kind}: {len(said)} letters")


def anonymous(text: str, folder: str) -> str:
    """Leave out what is about this machine, and the middle of long texts."""
    for found, instead in _secrets(folder):
        text = text.replace(found, instead)
    text = re.sub(r"(?<![\w<])/(?:usr|opt|home|root|work|tmp|build)\b[^\s'\",:;)]*/", "/…/", text)
    lines = [line.rstrip() for line in text.replace("\r", "\n").splitlines()]
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines = [*lines[:half], "[…]", *lines[-half:]]
    return "\n".join(lines).strip() + "\n"


def _secrets(folder: str) -> list[tuple[str, str]]:
    return [(folder, "/folder"), (socket.gethostname(), "node"), (sys.prefix, "/python")]


if __name__ == "__main__":
    main()
