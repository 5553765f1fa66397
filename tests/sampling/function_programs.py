"""Programs that are functions on trajectories, as users write them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from asyncmd_jupyter.sampling.slurm_function import SlurmTrajectoryFunctionWrapper

SCRIPT = "#!/bin/bash\n{cmd_str}\n"

# It first says what it was called with. What it is to do comes by call_kwargs.
_PLACES = '''\
#!{python}
"""The x of each frame."""
import json, os, sys, time
from pathlib import Path

import numpy as np
from asyncmd_jupyter.frames.xdr import index_frames, read_trr_frame

structure, *rest = sys.argv[1:]
files = [name for name in rest if name.endswith(".trr")]
result, *words = rest[len(files):]
given = dict(zip(words[::2], words[1::2]))
if "log" in given:
    log = Path(given["log"])
    log.mkdir(exist_ok=True)
    (log / f".{{os.getpid()}}").write_text(json.dumps(sys.argv))
    (log / f".{{os.getpid()}}").rename(log / str(time.time_ns()))
while "gate" in given and not Path(given["gate"]).exists():
    time.sleep(0.02)
if "exit" in given:
    print("this is said")
    print("that went wrong", file=sys.stderr)
    sys.exit(int(given["exit"]))
x = np.array(
    [
        read_trr_frame(Path(file), offset).positions[0, 0]
        for file in files
        for offset in index_frames(Path(file)).offsets
    ]
)
x = x * float(given.get("scale", 1))
if "above" in given:
    x = x > float(given["above"])
if "text" in given:
    Path(result + ".txt").write_text(" ".join(map(str, x)))
elif "silent" not in given:
    np.save(result, x[: int(given.get("rows", len(x)))])
'''


def places_program(folder: Path, name: str = "places.py") -> Path:
    """A program that writes the x of each frame in nm."""
    return executable(folder / name, _PLACES.format(python=sys.executable))


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o700)
    return path


def function(folder: Path, script: str = SCRIPT, *, launcher: str = "local", **options):
    """The x of each frame by a program, which notes its calls in ``calls``."""
    kwargs = {"log": str(folder / "calls"), **options.pop("call_kwargs", {})}
    program = options.pop("executable", None) or places_program(folder)
    return SlurmTrajectoryFunctionWrapper(
        program, script, call_kwargs=kwargs, launcher=launcher, **options
    )


def calls(folder: Path) -> list[list[str]]:
    """With what the program was called, in the order of the calls."""
    log = folder / "calls"
    if not log.exists():
        return []
    paths = sorted(path for path in log.iterdir() if not path.name.startswith("."))
    return [json.loads(path.read_text()) for path in paths]


def left_beside(folder: Path) -> list[str]:
    """What the jobs in a folder have left behind."""
    hidden = folder / ".asyncmd_jobs"
    return sorted(path.name for path in hidden.iterdir()) if hidden.exists() else []


def same(values: np.ndarray, expected) -> bool:
    return np.array_equal(values, np.array(expected, dtype=np.float32).astype(values.dtype))
